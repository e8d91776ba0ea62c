import Testing

@testable import ProgramToolchain

/// Objects that are well formed and would make a program that fails on the chain, or does something else than it says.
@Suite("Unsafe objects")
struct UnsafeObjectTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: LinkError
        let change: @Sendable (inout ObjectBuilder) -> Void

        init(_ name: String, _ expected: LinkError, _ change: @escaping @Sendable (inout ObjectBuilder) -> Void) {
            testDescription = name
            self.expected = expected
            self.change = change
        }
    }

    static let cases: [Case] = [
        Case("no entry point", .missingEntrypoint("entrypoint")) { $0.symbols[0].name = "start" },
        Case("two entry points", .duplicateEntrypoint("entrypoint")) { $0.symbols[1].name = "entrypoint" },
        Case("no code", .missingEntrypoint("entrypoint")) {
            $0 = ObjectBuilder(sections: [.init(name: ".rodata", flags: 2, contents: [1])])
        },
        Case("a writable variable", .writableData(section: ".data", symbols: ["greeting"])) {
            $0.sections[1].name = ".data"
            $0.sections[1].flags = 3
        },
        Case("a zero-filled variable", .writableData(section: ".bss", symbols: ["counter"])) {
            $0.sections.append(.init(name: ".bss", type: 8, flags: 3, contents: [], size: 8))
            $0.symbols.append(.init(name: "counter", kind: 1, section: 5, size: 8))
        },
        Case("a zero-filled variable of 2^60 bytes", .writableData(section: ".bss", symbols: [])) {
            $0.sections.append(.init(name: ".bss", type: 8, flags: 3, contents: [], size: 1 << 60))
        },
        Case("zero-filled constants", .writableData(section: ".zero", symbols: [])) {
            $0.sections.append(.init(name: ".zero", type: 8, flags: 2, contents: [], size: 8))
        },
        Case("writable code", .writableData(section: ".text", symbols: [])) { $0.sections[0].flags = 7 },
        Case("writable code in disguise", .writableData(section: ".data.rel.ro", symbols: [])) {
            $0.sections[2].flags = 7
        },
        Case("code of half an instruction", .badSection(".text")) { $0.sections[0].contents.removeLast(4) },
        Case("a constant with an alignment of 4,096", .badSection(".rodata")) { $0.sections[1].alignment = 4096 },
        Case("a constant with an alignment of 3", .badSection(".rodata")) { $0.sections[1].alignment = 3 },
        Case("a note among the constants", .badSection(".rodata")) { $0.sections[1].type = 7 },
        Case("more than an account holds", .tooLarge(count: Linker.sizeLimit + 9, limit: Linker.sizeLimit)) {
            let size = Linker.sizeLimit + 9 - $0.sections[0].contents.count
            $0.sections[1].contents = Array(repeating: 0, count: size)
        },
        Case("a system call with a misspelt name", .unknownSyscall(name: "sol_lag_", caller: "entrypoint")) {
            $0.symbols[3].name = "sol_lag_"
        },
        Case(
            "a system call that mainnet has not activated",
            .inactiveSyscall(name: "sol_remaining_compute_units", caller: "entrypoint")
        ) { $0.symbols[3].name = "sol_remaining_compute_units" },
        Case(
            "a system call for old programs only",
            .forbiddenSyscall(name: "sol_alloc_free_", caller: "entrypoint")
        ) { $0.symbols[3].name = "sol_alloc_free_" },
        Case("a call of the runtime", .undefinedFunction(name: "swift_retain", caller: "entrypoint")) {
            $0.symbols[3].name = "swift_retain"
        },
        Case("a call of memcpy", .undefinedFunction(name: "memcpy", caller: "entrypoint")) {
            $0.symbols[3].name = "memcpy"
        },
        Case("a call of an absolute number", .undefinedFunction(name: "sol_log_", caller: "entrypoint")) {
            $0.symbols[3].section = 0xfff1
        },
        Case("a variable that is nowhere", .undefinedData(name: "greeting", user: "entrypoint")) {
            $0.symbols[2].section = 0
        },
        Case("a common block", .undefinedData(name: "greeting", user: "entrypoint")) {
            $0.symbols[2].section = 0xfff2
        },
        Case(
            "the address of debug information",
            .discardedSection(symbol: "greeting", section: ".debug_line")
        ) {
            $0.symbols[2].section = 4
            $0.symbols[2].size = 0
        },
        Case("an address beyond its section", .addressOutOfBounds(symbol: "greeting")) { $0.symbols[2].value = 6 },
        Case("an address that overflows", .addressOutOfBounds(symbol: "greeting")) {
            $0.symbols[2].value = UInt64(Int64.max)
            $0.sections[0].contents.store(UInt32.max, at: 4)
        },
        Case("an address before its section", .addressOutOfBounds(symbol: "greeting")) {
            $0.sections[0].contents.store(UInt32.max, at: 4)
            $0.sections[0].contents.store(UInt32.max, at: 12)
        },
        Case("the address of the middle of a function", .badCallTarget(caller: "helper", offset: 48)) {
            $0.sections[0].contents.store(UInt32(8), at: 52)
        },
        Case("a pointer to the middle of a function", .badCallTarget(caller: ".data.rel.ro", offset: 16)) {
            $0.sections[2].contents.store(UInt64(8), at: 8)
        },
        Case("a function in the middle of an instruction", .misplacedFunction("helper")) {
            $0.symbols[1].value = 56
            $0.symbols[1].size = 8
        },
        Case("a function at half an instruction", .misplacedFunction("helper")) { $0.symbols[1].value = 44 },
        Case("a function beyond the code", .misplacedFunction("helper")) { $0.symbols[1].value = 80 },
        Case("a function longer than the code", .misplacedFunction("helper")) { $0.symbols[1].size = 40 },
        Case("a function among the constants", .misplacedFunction("helper")) { $0.symbols[1].section = 2 },
        Case("a call of data", .badCallTarget(caller: "entrypoint", offset: 32)) { $0.relocations[2].symbol = 3 },
        Case("a call of the middle of a function", .badCallTarget(caller: "entrypoint", offset: 32)) {
            $0.relocations[2].symbol = 6
            $0.sections[0].contents.store(Int32(1), at: 36)
        },
        Case("a call before the code", .badCallTarget(caller: "entrypoint", offset: 32)) {
            $0.relocations[2].symbol = 6
            $0.sections[0].contents.store(Int32(-2), at: 36)
        },
        Case("a resolved call of no function", .badCallTarget(caller: "entrypoint", offset: 32)) {
            $0.relocations.remove(at: 2)
        },
        Case("a call by number without relocation", .badCallTarget(caller: "entrypoint", offset: 24)) {
            $0.relocations.remove(at: 1)
            $0.sections[0].contents[25] = 0
            $0.sections[0].contents.store(SyscallTable.hash("sol_log_"), at: 28)
        },
        Case(
            "a relocation of an unknown kind in code",
            .unsupportedRelocation(kind: 3, section: ".text", offset: 0)
        ) { $0.relocations[0].kind = 3 },
        Case(
            "a relocation of an unknown kind in data",
            .unsupportedRelocation(kind: 10, section: ".data.rel.ro", offset: 8)
        ) { $0.relocations[6].kind = 10 },
        Case("a relocation beyond the code", .misplacedRelocation(section: ".text", offset: 4096)) {
            $0.relocations[0].offset = 4096
        },
        Case("a relocation between instructions", .misplacedRelocation(section: ".text", offset: 4)) {
            $0.relocations[0].offset = 4
        },
        Case("a relocation in the middle of an instruction", .misplacedRelocation(section: ".text", offset: 8)) {
            $0.relocations[0].offset = 8
        },
        Case("two relocations of one instruction", .misplacedRelocation(section: ".text", offset: 0)) {
            $0.relocations[3].offset = 0
        },
        Case("a relocation beyond the data", .misplacedRelocation(section: ".data.rel.ro", offset: 12)) {
            $0.relocations[6].offset = 12
        },
        Case(
            "a relocation at the end of the address space",
            .misplacedRelocation(section: ".data.rel.ro", offset: .max)
        ) { $0.relocations[6].offset = .max },
        Case("two relocations of the same data", .misplacedRelocation(section: "read-only data", offset: 12)) {
            $0.relocations[6].offset = 4
        },
        Case(
            "an address for an addition",
            .unexpectedInstruction(opcode: 0xb7, section: ".text", offset: 16)
        ) { $0.relocations[0].offset = 16 },
        Case("a call for an exit", .unexpectedInstruction(opcode: 0x95, section: ".text", offset: 40)) {
            $0.relocations[2].offset = 40
        },
    ]

    @Test("are refused", arguments: cases)
    func refused(_ unsafe: Case) throws {
        var builder = ObjectBuilder.good
        unsafe.change(&builder)
        let object = try ELFObject(parsing: builder.bytes)
        #expect(throws: unsafe.expected) { try Linker().link(object) }
        #expect(unsafe.expected.description.count > 10)
    }

    @Test("There are at least forty kinds of object that are refused")
    func size() {
        #expect(Self.cases.count + MalformedObjectTests.cases.count >= 80)
    }

    @Test("Relocations with explicit addends are refused")
    func explicitAddends() throws {
        var bytes = ObjectBuilder.good.bytes
        bytes.store(UInt32(4), at: bytes.sectionHeader(7) + 4)
        let object = try ELFObject(parsing: bytes)
        #expect(throws: LinkError.badSection(".text")) { try Linker().link(object) }
    }

    @Test("Calls behind features can be allowed")
    func allFeatures() throws {
        var builder = ObjectBuilder.good
        builder.symbols[3].name = "sol_remaining_compute_units"
        let program = try Linker(syscalls: .mainnet.withAllFeatures).link(ELFObject(parsing: builder.bytes))
        #expect(program.syscalls == ["abort", "sol_remaining_compute_units"])
    }
}
