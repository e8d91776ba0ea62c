import Testing

@testable import ProgramToolchain

@Suite("Program files")
struct ImageTests {
    private let program: LinkedProgram

    init() throws {
        program = try Linker().link(ELFObject(parsing: ObjectBuilder.good.bytes))
    }

    @Test("Version 3 has exactly the layout of SIMD-0189")
    func version3() {
        let file = ProgramImage(program, version: .v3).bytes
        #expect(Array(file[0..<16]) == [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + Array(repeating: 0, count: 9))
        #expect(file.littleEndian(at: 16, as: UInt16.self) == 3)
        #expect(file.littleEndian(at: 18, as: UInt16.self) == 247)
        #expect(file.littleEndian(at: 20, as: UInt32.self) == 1)
        #expect(file.littleEndian(at: 24, as: UInt64.self) == 1 << 32)
        #expect(file.littleEndian(at: 32, as: UInt64.self) == 64)
        #expect(file.littleEndian(at: 40, as: UInt64.self) == 0)
        #expect(file.littleEndian(at: 48, as: UInt32.self) == 3)
        #expect(file.littleEndian(at: 52, as: UInt16.self) == 64)
        #expect(file.littleEndian(at: 54, as: UInt16.self) == 56)
        #expect(file.littleEndian(at: 56, as: UInt16.self) == 2)
        #expect(file.littleEndian(at: 58, as: UInt16.self) == 64)
        #expect(file.littleEndian(at: 60, as: UInt16.self) == 0)
        #expect(file.littleEndian(at: 62, as: UInt16.self) == 0)

        // “hello” and the two pointers, each aligned to 8, then 80 bytes of code.
        let data = 64 + 2 * 56
        let text = data + 24
        expectProgramHeader(file, at: 64, flags: 4, offset: data, address: 0, size: 24)
        expectProgramHeader(file, at: 64 + 56, flags: 1, offset: text, address: 1 << 32, size: 80)
        #expect(file.count == text + 80)

        #expect(Array(file[data..<(data + 5)]) == Array("hello".utf8))
        #expect(file.littleEndian(at: data + 8, as: UInt64.self) == 0, "the greeting's address")
        #expect(file.littleEndian(at: data + 16, as: UInt64.self) == (1 << 32) + 48, "the helper's address")

        let log = BPFInstruction(file, at: text + 24)
        #expect(log.source == 0)
        #expect(UInt32(bitPattern: log.immediate) == 544_561_597)
        let helper = BPFInstruction(file, at: text + 32)
        #expect(helper.source == 1)
        #expect(helper.immediate == 1)
        #expect(file.littleEndian(at: text + 48 + 4, as: UInt32.self) == 48, "lower half of the helper's address")
        #expect(file.littleEndian(at: text + 48 + 12, as: UInt32.self) == 1, "upper half of the helper's address")
        #expect(UInt32(bitPattern: BPFInstruction(file, at: text + 64).immediate) == 0xb6fc_1a11)
    }

    @Test("Without read-only data, version 3 has one program header")
    func version3WithoutData() throws {
        let object = ObjectBuilder.code([ObjectBuilder.exit])
        let program = try Linker().link(ELFObject(parsing: object.bytes))
        let file = ProgramImage(program, version: .v3).bytes
        #expect(file.littleEndian(at: 56, as: UInt16.self) == 1)
        expectProgramHeader(file, at: 64, flags: 1, offset: 120, address: 1 << 32, size: 8)
        #expect(file.count == 128)
    }

    @Test("The entry point need not come first")
    func entryPoint() throws {
        var builder = ObjectBuilder.good
        builder.symbols[0].name = "other"
        builder.symbols[1].name = "entrypoint"
        let program = try Linker().link(ELFObject(parsing: builder.bytes))
        #expect(program.entry == 48)
        let file = ProgramImage(program, version: .v3).bytes
        #expect(file.littleEndian(at: 24, as: UInt64.self) == (1 << 32) + 48)
    }

    @Test("Version 0 has the sections and relocations that the loader reads")
    func version0() throws {
        let file = ProgramImage(program, version: .v0).bytes
        let text = 64 + 3 * 56
        #expect(file.littleEndian(at: 24, as: UInt64.self) == UInt64(text))
        #expect(file.littleEndian(at: 48, as: UInt32.self) == 0)
        let table = Int(file.littleEndian(at: 40, as: UInt64.self))
        let count = Int(file.littleEndian(at: 60, as: UInt16.self))
        #expect(table.isMultiple(of: 8))
        #expect(table + count * 64 == file.count)

        let sections = (0..<count).map { SectionHeader(file, at: table + $0 * 64) }
        let names = sections[Int(file.littleEndian(at: 62, as: UInt16.self))]
        let titles = sections.map { section in
            String(decoding: file[(names.offset + section.name)...].prefix { $0 != 0 }, as: UTF8.self)
        }
        #expect(
            titles == ["", ".text", ".rodata", ".dynamic", ".dynsym", ".dynstr", ".rel.dyn", ".shstrtab"]
        )
        #expect(sections.map(\.type) == [0, 1, 1, 6, 11, 3, 9, 3])
        for (section, next) in zip(sections.dropFirst(), sections.dropFirst(2)) {
            #expect(section.offset + section.size <= next.offset, "sections in ascending order without overlap")
        }
        for section in sections where section.flags & 2 != 0 { #expect(section.address == section.offset) }
        #expect(sections[1].offset == text)
        #expect(sections[1].size == 80)
        #expect(sections[2].offset == text + 80)

        // DT_REL, DT_RELSZ, DT_RELENT, DT_SYMTAB, DT_SYMENT, DT_STRTAB, DT_STRSZ, DT_NULL
        let dynamic = stride(from: sections[3].offset, to: sections[3].offset + sections[3].size, by: 16)
        let tags: [UInt64] = dynamic.map { file.littleEndian(at: $0) }
        #expect(tags == [17, 18, 19, 6, 11, 5, 10, 0])
        let values: [Int] = dynamic.map { Int(file.littleEndian(at: $0 + 8, as: UInt64.self)) }
        let expected: [Int] = [
            sections[6].offset, sections[6].size, 16, sections[4].offset, 24, sections[5].offset, sections[5].size, 0,
        ]
        #expect(values == expected)

        let relocations = stride(from: sections[6].offset, to: sections[6].offset + sections[6].size, by: 16)
        let places: [Int] = relocations.map { Int(file.littleEndian(at: $0, as: UInt64.self)) - text }
        #expect(places == [0, 24, 48, 64, 88, 96])
        let kinds: [UInt32] = relocations.map { file.littleEndian(at: $0 + 8) }
        #expect(kinds == [8, 10, 8, 10, 8, 8])
        let symbols: [UInt32] = relocations.map { file.littleEndian(at: $0 + 12) }
        #expect(symbols == [0, 2, 0, 3, 0, 0])
        #expect(BPFInstruction(file, at: text + 24).immediate == -1)
        #expect(BPFInstruction(file, at: text + 32).immediate == 1)
        #expect(file.littleEndian(at: text + 4, as: UInt32.self) == UInt32(text + 80))
        #expect(file.littleEndian(at: text + 12, as: UInt32.self) == 0)
        // Addresses in data stand in the upper half, which is all that the loader reads.
        #expect(file.littleEndian(at: text + 88, as: UInt64.self) == UInt64(text + 80) << 32)
    }

    @Test("Version 0 without anything to relocate has no relocation table")
    func version0WithoutRelocations() throws {
        let object = ObjectBuilder.code([ObjectBuilder.exit])
        let file = ProgramImage(try Linker().link(ELFObject(parsing: object.bytes)), version: .v0).bytes
        let count = Int(file.littleEndian(at: 60, as: UInt16.self))
        #expect(count == 6)
        let table = Int(file.littleEndian(at: 40, as: UInt64.self))
        #expect(!(0..<count).map { SectionHeader(file, at: table + $0 * 64).type }.contains(9))
    }

    @Test("A call through a register has its register where the version wants it")
    func callRegister() throws {
        let code = ObjectBuilder.code([ObjectBuilder.instruction(0x8d, destination: 3), ObjectBuilder.exit])
        let program = try Linker().link(ELFObject(parsing: code.bytes))
        let v3 = ProgramImage(program, version: .v3).bytes
        let v0 = ProgramImage(program, version: .v0).bytes
        #expect(BPFInstruction(v3, at: 120).destination == 3)
        #expect(BPFInstruction(v3, at: 120).immediate == 0)
        #expect(BPFInstruction(v0, at: 232).destination == 0)
        #expect(BPFInstruction(v0, at: 232).immediate == 3)
    }

    private func expectProgramHeader(
        _ file: [UInt8],
        at position: Int,
        flags: UInt32,
        offset: Int,
        address: UInt64,
        size: Int
    ) {
        #expect(file.littleEndian(at: position, as: UInt32.self) == 1)
        #expect(file.littleEndian(at: position + 4, as: UInt32.self) == flags)
        #expect(file.littleEndian(at: position + 8, as: UInt64.self) == UInt64(offset))
        #expect(file.littleEndian(at: position + 16, as: UInt64.self) == address)
        #expect(file.littleEndian(at: position + 24, as: UInt64.self) == address)
        #expect(file.littleEndian(at: position + 32, as: UInt64.self) == UInt64(size))
        #expect(file.littleEndian(at: position + 40, as: UInt64.self) == UInt64(size))
    }

    private struct SectionHeader {
        let name: Int
        let type: UInt32
        let flags: UInt64
        let address: Int
        let offset: Int
        let size: Int

        init(_ file: [UInt8], at position: Int) {
            name = Int(file.littleEndian(at: position, as: UInt32.self))
            type = file.littleEndian(at: position + 4)
            flags = file.littleEndian(at: position + 8)
            address = Int(file.littleEndian(at: position + 16, as: UInt64.self))
            offset = Int(file.littleEndian(at: position + 24, as: UInt64.self))
            size = Int(file.littleEndian(at: position + 32, as: UInt64.self))
        }
    }
}
