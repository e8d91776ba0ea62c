import CSodium
import MarketProgram

/// A runtime of the least possible size: what the program needs, done as the chain does it, and nothing else.
///
/// It is for tests. `LocalCluster` has its own, with everything around it.
final class NativeRuntime: Runtime {
    let scratch: UnsafeMutableRawPointer
    private let clock: [UInt8]
    private let rent: [UInt8]
    private(set) var log: [NativeMarket.LogEntry] = []

    /// - Parameters:
    ///   - clock: The 40 bytes of the Clock sysvar.
    ///   - rent: The 17 bytes of the Rent sysvar.
    init(clock: [UInt8], rent: [UInt8]) {
        precondition(clock.count == 40 && rent.count == 17, "sysvars have their size")
        self.clock = clock
        self.rent = rent
        scratch = .allocate(byteCount: MarketProgram.scratchSize, alignment: 8)
        // Nothing may depend on what the memory held before.
        scratch.initializeMemory(as: UInt8.self, repeating: 0xa5, count: MarketProgram.scratchSize)
    }

    deinit {
        scratch.deallocate()
    }

    func readClock(into destination: UnsafeMutableRawPointer) -> UInt64 {
        destination.copyMemory(from: clock, byteCount: clock.count)
        return 0
    }

    func readRent(into destination: UnsafeMutableRawPointer) -> UInt64 {
        destination.copyMemory(from: rent, byteCount: rent.count)
        return 0
    }

    func sha256(_ parts: UnsafePointer<Seed>, count: Int, into digest: UnsafeMutableRawPointer) -> UInt64 {
        let hash = SHA256Digest.of((0..<count).flatMap { [UInt8](parts[$0].bytes) })
        digest.copyMemory(from: hash, byteCount: hash.count)
        return 0
    }

    func findProgramAddress(
        seeds: UnsafePointer<Seed>,
        seedCount: Int,
        program: UnsafeRawPointer,
        into result: UnsafeMutableRawPointer
    ) -> UInt64 {
        let parts = (0..<seedCount).map { [UInt8](seeds[$0].bytes) }
        for bump in stride(from: UInt8.max, through: 1, by: -1) {
            guard let address = ProgramAddress.create(parts + [[bump]], program: key(program)) else { continue }
            result.copyMemory(from: address, byteCount: 32)
            result.storeBytes(of: bump, toByteOffset: 32, as: UInt8.self)
            return 0
        }
        return BuiltinError.invalidSeeds
    }

    func createAccount(_ accounts: FundedPair, _ creation: AccountCreation) -> UInt64 {
        let account = accounts.receiver
        let parts = (0..<creation.seedCount).map { [UInt8](creation.seeds[$0].bytes) }
        let program = key(creation.program)
        guard let address = ProgramAddress.create(parts, program: program), address == key(account + AccountHeader.key)
        else { return BuiltinError.privilegeEscalation }
        guard isWritable(account), isWritable(accounts.payer), isSigner(accounts.payer) else {
            return BuiltinError.privilegeEscalation
        }
        let isSystems = key(account + AccountHeader.owner).allSatisfy { $0 == 0 }
        precondition(isSystems && length(account) == 0, "the program creates an account that exists")
        let status = transfer(creation.lamports, accounts)
        guard status == 0 else { return status }
        precondition(creation.space <= UInt64(AccountHeader.growthRoom), "more than the growth room")
        (account + AccountHeader.data).initializeMemory(as: UInt8.self, repeating: 0, count: Int(creation.space))
        account.storeBytes(of: creation.space, toByteOffset: AccountHeader.dataLength, as: UInt64.self)
        (account + AccountHeader.owner).copyMemory(from: program, byteCount: 32)
        return 0
    }

    func transfer(_ lamports: UInt64, _ accounts: FundedPair) -> UInt64 {
        guard isWritable(accounts.receiver), isWritable(accounts.payer), isSigner(accounts.payer) else {
            return BuiltinError.privilegeEscalation
        }
        let held = balance(accounts.payer)
        // `SystemError::ResultWithNegativeLamports`.
        guard held >= lamports else {
            log.append(.systemCall(status: 1))
            return 1
        }
        log.append(.systemCall(status: 0))
        setBalance(accounts.payer, held - lamports)
        setBalance(accounts.receiver, balance(accounts.receiver) + lamports)
        return 0
    }

    func logData(_ bytes: UnsafeRawPointer, count: Int) {
        log.append(.data([UInt8](UnsafeRawBufferPointer(start: bytes, count: count))))
    }

    // MARK: Headers

    private func key(_ pointer: UnsafeRawPointer) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: pointer, count: 32))
    }

    private func length(_ header: UnsafeMutableRawPointer) -> UInt64 {
        header.load(fromByteOffset: AccountHeader.dataLength, as: UInt64.self)
    }

    private func isWritable(_ header: UnsafeMutableRawPointer) -> Bool {
        header.load(fromByteOffset: AccountHeader.isWritable, as: UInt8.self) != 0
    }

    private func isSigner(_ header: UnsafeMutableRawPointer) -> Bool {
        header.load(fromByteOffset: AccountHeader.isSigner, as: UInt8.self) != 0
    }

    private func balance(_ header: UnsafeMutableRawPointer) -> UInt64 {
        header.load(fromByteOffset: AccountHeader.lamports, as: UInt64.self)
    }

    private func setBalance(_ header: UnsafeMutableRawPointer, _ lamports: UInt64) {
        header.storeBytes(of: lamports, toByteOffset: AccountHeader.lamports, as: UInt64.self)
    }
}
