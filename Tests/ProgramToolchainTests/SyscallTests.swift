import Testing

@testable import ProgramToolchain

@Suite("System calls")
struct SyscallTests {
    // The first two are in SIMD-0178 and the reference SDKs; the others come from PyPI mmh3 5.3.1.
    @Test(
        "MurmurHash3 agrees with known values",
        arguments: [
            ("sol_log_", 544_561_597), ("abort", 0xb6fc_1a11), ("", 0), ("a", 0x3c25_69b2), ("ab", 0x9bbf_d75f),
            ("abc", 0xb3dd_93fa), ("abcd", 0x43ed_676a), ("sol_invoke_signed_c", 0xa22b_9c85),
            ("sol_get_clock_sysvar", 0xd56b_5fe9),
        ] as [(String, UInt32)]
    )
    func murmur(name: String, hash: UInt32) {
        #expect(Murmur3.hash(name.utf8) == hash)
        #expect(SyscallTable.hash(name) == hash)
    }

    @Test("No two calls have the same number, and the table finds each by it")
    func noCollisions() {
        for name in SyscallTable.mainnet.statuses.keys {
            #expect(SyscallTable.mainnet.name(forHash: SyscallTable.hash(name)) == name)
        }
    }

    @Test("Calls behind features are known but not allowed")
    func inactiveCalls() {
        #expect(SyscallTable.mainnet.status(of: "sol_remaining_compute_units") == .inactive)
        #expect(SyscallTable.mainnet.status(of: "sol_alloc_free_") == .forbidden)
        #expect(SyscallTable.mainnet.status(of: "sol_foo") == nil)
        #expect(SyscallTable.mainnet.withAllFeatures.status(of: "sol_remaining_compute_units") == .active)
        #expect(SyscallTable.mainnet.withAllFeatures.status(of: "sol_alloc_free_") == .forbidden)
    }
}
