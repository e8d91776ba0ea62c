import Testing

@testable import ProgramToolchain

/// Objects that are not what they claim to be.
///
/// Each is a good one with one thing changed, and each must be refused with
/// the error that says what.
@Suite("Malformed objects")
struct MalformedObjectTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: ObjectError
        let change: @Sendable (inout [UInt8]) -> Void

        init(_ name: String, _ expected: ObjectError, _ change: @escaping @Sendable (inout [UInt8]) -> Void) {
            testDescription = name
            self.expected = expected
            self.change = change
        }
    }

    // Sections of the good object: 1 .text, 2 .rodata, 3 .data.rel.ro, 4 .debug_line, 5 .symtab, 6 .strtab,
    // 7 and 8 relocations of 1 and 3, 9 .shstrtab.
    static let cases: [Case] = [
        Case("an empty file", .truncated(what: "the file header")) { $0 = [] },
        Case("three bytes", .truncated(what: "the file header")) { $0 = Array($0.prefix(3)) },
        Case("a file header cut short", .truncated(what: "the file header")) { $0 = Array($0.prefix(63)) },
        Case("another magic number", .notELF) { $0[0] = 0x7e },
        Case("a 32-bit file", .unsupportedClass) { $0[4] = 1 },
        Case("a big-endian file", .unsupportedClass) { $0[5] = 2 },
        Case("another ELF version in the identification", .unsupportedClass) { $0[6] = 0 },
        Case("another ELF version", .unsupportedClass) { $0.store(UInt32(2), at: 20) },
        Case("an object for x86-64", .wrongMachine(62)) { $0.store(UInt16(62), at: 18) },
        Case("an object of the former Solana machine", .wrongMachine(263)) { $0.store(UInt16(263), at: 18) },
        Case("a linked program", .wrongType(3)) { $0.store(UInt16(3), at: 16) },
        Case("section headers of another size", .wrongEntrySize(table: "the section header table", size: 40)) {
            $0.store(UInt16(40), at: 58)
        },
        Case("no section headers", .badSectionTable) { $0.store(UInt64(0), at: 40) },
        Case("no sections", .badSectionTable) { $0.store(UInt16(0), at: 60) },
        Case("names in section 0", .badSectionTable) { $0.store(UInt16(0), at: 62) },
        Case("names in a section that does not exist", .badSectionTable) { $0.store(UInt16(10), at: 62) },
        Case("names in a section that is no string table", .badSectionTable) { $0.store(UInt16(1), at: 62) },
        Case("section headers beyond the file", .truncated(what: "the section header table")) {
            $0.store(UInt64($0.count), at: 40)
        },
        Case("section headers at the end of the address space", .truncated(what: "the section header table")) {
            $0.store(UInt64.max - 8, at: 40)
        },
        Case("more sections than headers", .truncated(what: "the section header table")) {
            $0.store(UInt16.max, at: 60)
        },
        Case("the last header cut short", .truncated(what: "the section header table")) { $0.removeLast() },
        Case("a section beyond the file", .sectionOutOfBounds(index: 1)) {
            $0.store(UInt64(1) << 40, at: $0.sectionHeader(1) + 24)
        },
        Case("a section longer than the file", .sectionOutOfBounds(index: 2)) {
            $0.store(UInt64($0.count), at: $0.sectionHeader(2) + 32)
        },
        Case("a section whose end overflows", .sectionOutOfBounds(index: 1)) {
            $0.store(UInt64.max - 63, at: $0.sectionHeader(1) + 32)
        },
        Case("two sections over the same bytes", .overlappingSections(first: 1, second: 2)) {
            let start: UInt64 = $0.littleEndian(at: $0.sectionHeader(1) + 24)
            $0.store(start + 8, at: $0.sectionHeader(2) + 24)
        },
        Case("a section name outside its table", .badName(what: "section", index: 3)) {
            $0.store(UInt32(100_000), at: $0.sectionHeader(3))
        },
        Case("section names without an end", .badName(what: "section", index: 0)) {
            let start: UInt64 = $0.littleEndian(at: $0.sectionHeader(9) + 24)
            let size: UInt64 = $0.littleEndian(at: $0.sectionHeader(9) + 32)
            $0[Int(start + size) - 1] = 0x41
        },
        Case("a thread-local section", .unsupportedSection(index: 2, flags: 0x402)) {
            $0.store(UInt64(0x402), at: $0.sectionHeader(2) + 8)
        },
        Case("a compressed section", .unsupportedSection(index: 4, flags: 0x800)) {
            $0.store(UInt64(0x800), at: $0.sectionHeader(4) + 8)
        },
        Case("two symbol tables", .severalSymbolTables) { $0.store(UInt32(2), at: $0.sectionHeader(4) + 4) },
        Case("no symbol table", .noSymbolTable) { $0.store(UInt32(1), at: $0.sectionHeader(5) + 4) },
        Case("symbols of another size", .wrongEntrySize(table: "the symbol table", size: 16)) {
            $0.store(UInt64(16), at: $0.sectionHeader(5) + 56)
        },
        Case("a symbol table with a partial symbol", .wrongEntrySize(table: "the symbol table", size: 24)) {
            let size: UInt64 = $0.littleEndian(at: $0.sectionHeader(5) + 32)
            $0.store(size - 1, at: $0.sectionHeader(5) + 32)
        },
        Case("symbol names in a section that is no string table", .badName(what: "symbol", index: 0)) {
            $0.store(UInt32(1), at: $0.sectionHeader(5) + 40)
        },
        Case("a symbol name outside its table", .badName(what: "symbol", index: 1)) {
            let table: UInt64 = $0.littleEndian(at: $0.sectionHeader(5) + 24)
            $0.store(UInt32(50_000), at: Int(table) + 24)
        },
        Case("a symbol in a section that does not exist", .badSymbolSection(symbol: 1, section: 77)) {
            let table: UInt64 = $0.littleEndian(at: $0.sectionHeader(5) + 24)
            $0.store(UInt16(77), at: Int(table) + 24 + 6)
        },
        Case("relocations of a section that does not exist", .badRelocationTable(section: 7)) {
            $0.store(UInt32(99), at: $0.sectionHeader(7) + 44)
        },
        Case("relocations by a symbol table that is none", .badRelocationTable(section: 7)) {
            $0.store(UInt32(1), at: $0.sectionHeader(7) + 40)
        },
        Case("relocations of another size", .wrongEntrySize(table: "the relocation table in section 7", size: 24)) {
            $0.store(UInt64(24), at: $0.sectionHeader(7) + 56)
        },
        Case("a relocation by a symbol that does not exist", .badRelocationSymbol(section: 7, symbol: 7)) {
            let table: UInt64 = $0.littleEndian(at: $0.sectionHeader(7) + 24)
            $0.store(UInt64(7) << 32 | 1, at: Int(table) + 8)
        },
    ]

    @Test("are refused", arguments: cases)
    func refused(_ malformed: Case) {
        var bytes = ObjectBuilder.good.bytes
        malformed.change(&bytes)
        #expect(throws: malformed.expected) { try ELFObject(parsing: bytes) }
        #expect(!malformed.expected.description.isEmpty)
    }

    @Test("A file larger than any program is not even looked at")
    func tooLarge() {
        let bytes = [UInt8](repeating: 0, count: ELFObject.sizeLimit + 1)
        #expect(throws: ObjectError.tooLarge(count: bytes.count, limit: ELFObject.sizeLimit)) {
            try ELFObject(parsing: bytes)
        }
    }

    @Test("The good one parses")
    func good() throws {
        let object = try ELFObject(parsing: ObjectBuilder.good.bytes)
        #expect(
            object.sections.map { object.name(of: $0) } == [
                "", ".text", ".rodata", ".data.rel.ro", ".debug_line", ".symtab", ".strtab", ".rel", ".rel",
                ".shstrtab",
            ]
        )
        #expect(
            object.symbols.map { object.name(of: $0) }
                == ["", "entrypoint", "helper", "greeting", "sol_log_", "__bpf_trap", ""]
        )
        #expect(object.relocations[1]?.count == 5)
        #expect(object.relocations[3]?.map(\.symbol) == [3, 2])
    }
}
