// Source of the layout: System V ABI, "Object Files"; Elf64_Ehdr, Elf64_Shdr, Elf64_Sym, Elf64_Rel.

extension ELFObject {
    /// Parses an object file.
    public init(parsing bytes: [UInt8]) throws(ObjectError) {
        guard bytes.count <= Self.sizeLimit else {
            throw .tooLarge(count: bytes.count, limit: Self.sizeLimit)
        }
        let reader = ByteReader(bytes: bytes)
        let header = try Header(reader)
        let sections = try Self.sections(reader, header)
        try Self.refuseOverlaps(sections)

        var symbolTable: Int?
        for (index, section) in sections.enumerated() where section.type == SectionType.symbolTable {
            guard symbolTable == nil else { throw .severalSymbolTables }
            symbolTable = index
        }
        guard let symbolTable else { throw .noSymbolTable }
        let symbols = try Self.symbols(reader, in: sections[symbolTable], of: sections)

        var relocations: [Int: [Relocation]] = [:]
        var withAddends: Set<Int> = []
        for (index, section) in sections.enumerated() {
            switch section.type {
            case SectionType.relocations:
                guard Int(section.link) == symbolTable, sections.indices.contains(Int(section.info)), section.info != 0
                else { throw .badRelocationTable(section: index) }
                let entries = try Self.relocations(reader, in: section, index: index, symbolCount: symbols.count)
                relocations[Int(section.info), default: []] += entries
            case SectionType.relocationsWithAddends:
                guard sections.indices.contains(Int(section.info)) else { throw .badRelocationTable(section: index) }
                if section.size > 0 { withAddends.insert(Int(section.info)) }
            default: break
            }
        }
        self.bytes = bytes
        self.sections = sections
        self.symbols = symbols
        self.relocations = relocations
        self.sectionsWithAddends = withAddends
    }

    private struct Header {
        let sectionTable: UInt64
        let sectionCount: UInt16
        let nameTable: UInt16

        init(_ reader: ByteReader) throws(ObjectError) {
            guard reader.bytes.count >= 4 else { throw .truncated(what: "the file header") }
            guard reader.bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { throw .notELF }
            guard
                let type: UInt16 = reader.integer(at: 16),
                let machine: UInt16 = reader.integer(at: 18),
                let version: UInt32 = reader.integer(at: 20),
                let table: UInt64 = reader.integer(at: 40),
                let entrySize: UInt16 = reader.integer(at: 58),
                let count: UInt16 = reader.integer(at: 60),
                let names: UInt16 = reader.integer(at: 62)
            else { throw .truncated(what: "the file header") }
            guard reader.bytes[4] == 2, reader.bytes[5] == 1, reader.bytes[6] == 1, version == 1 else {
                throw .unsupportedClass
            }
            guard machine == 247 else { throw .wrongMachine(machine) }
            guard type == 1 else { throw .wrongType(type) }
            guard entrySize == 64 else {
                throw .wrongEntrySize(table: "the section header table", size: UInt64(entrySize))
            }
            guard table != 0, count > 0, names > 0, names < count else { throw .badSectionTable }
            guard reader.range(at: table, count: UInt64(count) * 64) != nil else {
                throw .truncated(what: "the section header table")
            }
            sectionTable = table
            sectionCount = count
            nameTable = names
        }
    }

    private static func sections(_ reader: ByteReader, _ header: Header) throws(ObjectError) -> [Section] {
        let bytes = reader.bytes
        func base(_ index: Int) -> Int { Int(header.sectionTable) + index * 64 }
        // The header's constructor has checked that the whole table is inside the file.
        let nameHeader = base(Int(header.nameTable))
        guard
            bytes.littleEndian(at: nameHeader + 4, as: UInt32.self) == SectionType.stringTable,
            let names = reader.range(
                at: bytes.littleEndian(at: nameHeader + 24),
                count: bytes.littleEndian(at: nameHeader + 32)
            )
        else { throw .badSectionTable }

        var sections: [Section] = []
        sections.reserveCapacity(Int(header.sectionCount))
        for index in 0..<Int(header.sectionCount) {
            let position = base(index)
            let type: UInt32 = bytes.littleEndian(at: position + 4)
            let flags: UInt64 = bytes.littleEndian(at: position + 8)
            let size: UInt64 = bytes.littleEndian(at: position + 32)
            let isStored = type != SectionType.null && type != SectionType.zeroFilled
            let contents: Range<Int>
            if isStored {
                guard let range = reader.range(at: bytes.littleEndian(at: position + 24), count: size) else {
                    throw .sectionOutOfBounds(index: index)
                }
                contents = range
            } else {
                contents = 0..<0
            }
            // SHF_TLS 0x400, SHF_COMPRESSED 0x800
            guard flags & 0xc00 == 0 else { throw .unsupportedSection(index: index, flags: flags) }
            let nameOffset: UInt32 = bytes.littleEndian(at: position)
            guard let name = string(in: bytes, table: names, at: nameOffset) else {
                throw .badName(what: "section", index: index)
            }
            sections.append(
                Section(
                    type: type,
                    flags: flags,
                    size: type == SectionType.null ? 0 : size,
                    alignment: bytes.littleEndian(at: position + 48),
                    link: bytes.littleEndian(at: position + 40),
                    info: bytes.littleEndian(at: position + 44),
                    entrySize: bytes.littleEndian(at: position + 56),
                    contents: contents,
                    name: name
                )
            )
        }
        return sections
    }

    /// Without this check a small file could name the same bytes many times and make the parser hold them as often.
    private static func refuseOverlaps(_ sections: [Section]) throws(ObjectError) {
        let stored = sections.indices
            .filter { !sections[$0].contents.isEmpty }
            .sorted { sections[$0].contents.lowerBound < sections[$1].contents.lowerBound }
        for (first, second) in zip(stored, stored.dropFirst())
        where sections[first].contents.upperBound > sections[second].contents.lowerBound {
            throw .overlappingSections(first: first, second: second)
        }
    }

    private static func symbols(
        _ reader: ByteReader,
        in table: Section,
        of sections: [Section]
    ) throws(ObjectError) -> [Symbol] {
        guard table.entrySize == 24, table.size.isMultiple(of: 24) else {
            throw .wrongEntrySize(table: "the symbol table", size: table.entrySize)
        }
        guard sections.indices.contains(Int(table.link)), sections[Int(table.link)].type == SectionType.stringTable
        else { throw .badName(what: "symbol", index: 0) }
        let names = sections[Int(table.link)].contents
        let bytes = reader.bytes
        var symbols: [Symbol] = []
        symbols.reserveCapacity(table.contents.count / 24)
        for (index, position) in stride(from: table.contents.lowerBound, to: table.contents.upperBound, by: 24)
            .enumerated()
        {
            let nameOffset: UInt32 = bytes.littleEndian(at: position)
            guard let name = string(in: bytes, table: names, at: nameOffset) else {
                throw .badName(what: "symbol", index: index)
            }
            let section: UInt16 = bytes.littleEndian(at: position + 6)
            let definition: Definition
            switch section {
            case 0: definition = .undefined
            case 0xfff1: definition = .absolute
            case 0xfff2: definition = .common
            case _ where sections.indices.contains(Int(section)): definition = .section(Int(section))
            default: throw .badSymbolSection(symbol: index, section: section)
            }
            symbols.append(
                Symbol(
                    definition: definition,
                    kind: bytes[position + 4] & 0x0f,
                    binding: bytes[position + 4] >> 4,
                    value: bytes.littleEndian(at: position + 8),
                    size: bytes.littleEndian(at: position + 16),
                    name: name
                )
            )
        }
        return symbols
    }

    private static func relocations(
        _ reader: ByteReader,
        in table: Section,
        index: Int,
        symbolCount: Int
    ) throws(ObjectError) -> [Relocation] {
        guard table.entrySize == 16, table.size.isMultiple(of: 16) else {
            throw .wrongEntrySize(table: "the relocation table in section \(index)", size: table.entrySize)
        }
        var relocations: [Relocation] = []
        relocations.reserveCapacity(table.contents.count / 16)
        for position in stride(from: table.contents.lowerBound, to: table.contents.upperBound, by: 16) {
            let info: UInt64 = reader.bytes.littleEndian(at: position + 8)
            let symbol = info >> 32
            guard symbol < UInt64(symbolCount) else { throw .badRelocationSymbol(section: index, symbol: symbol) }
            relocations.append(
                Relocation(
                    offset: reader.bytes.littleEndian(at: position),
                    kind: UInt32(truncatingIfNeeded: info),
                    symbol: Int(symbol)
                )
            )
        }
        return relocations
    }

    /// Where a name starts, if the table holds it whole: a table must end with a NUL, so every start in it has an end.
    private static func string(in bytes: [UInt8], table: Range<Int>, at offset: UInt32) -> Int? {
        guard let last = table.last, bytes[last] == 0, Int(offset) < table.count else { return nil }
        return table.lowerBound + Int(offset)
    }
}
