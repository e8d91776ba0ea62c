/// Why bytes are not a relocatable BPF object that can be linked.
public enum ObjectError: Error, Sendable, Hashable {
    /// More bytes than any program's object has.
    case tooLarge(count: Int, limit: Int)
    /// The file ends inside a structure.
    case truncated(what: String)
    /// The first four bytes are not those of an ELF file.
    case notELF
    /// Not a 64-bit little-endian ELF of version 1.
    case unsupportedClass
    /// For another machine than BPF.
    case wrongMachine(UInt16)
    /// Not a relocatable object, for instance one that is already linked.
    case wrongType(UInt16)
    /// A table's entries have another size than the format says.
    case wrongEntrySize(table: String, size: UInt64)
    /// The section header table is missing or its index of names is out of range.
    case badSectionTable
    /// A section lies outside the file.
    case sectionOutOfBounds(index: Int)
    /// Two sections claim the same bytes of the file.
    case overlappingSections(first: Int, second: Int)
    /// A name does not start inside its table or has no end.
    case badName(what: String, index: Int)
    /// More than one symbol table.
    case severalSymbolTables
    /// No symbol table.
    case noSymbolTable
    /// A symbol refers to a section that does not exist.
    case badSymbolSection(symbol: Int, section: UInt16)
    /// A relocation table refers to a section or symbol table that does not exist.
    case badRelocationTable(section: Int)
    /// A relocation refers to a symbol that does not exist.
    case badRelocationSymbol(section: Int, symbol: UInt64)
    /// A section is compressed or belongs to thread-local storage.
    case unsupportedSection(index: Int, flags: UInt64)
}

extension ObjectError: CustomStringConvertible {
    /// What is wrong with the object.
    public var description: String {
        switch self {
        case .tooLarge(let count, let limit): "the object has \(count) bytes; the limit is \(limit)"
        case .truncated(let what): "the object ends inside \(what)"
        case .notELF: "not an ELF file"
        case .unsupportedClass: "not a 64-bit little-endian ELF file of version 1"
        case .wrongMachine(let machine): "an object for machine \(machine), not for BPF (247)"
        case .wrongType(let type): "an ELF file of type \(type), not a relocatable object (1)"
        case .wrongEntrySize(let table, let size): "entries of \(size) bytes in \(table)"
        case .badSectionTable: "the section header table is missing or inconsistent"
        case .sectionOutOfBounds(let index): "section \(index) lies outside the file"
        case .overlappingSections(let first, let second): "sections \(first) and \(second) overlap"
        case .badName(let what, let index): "the name of \(what) \(index) is outside its string table"
        case .severalSymbolTables: "more than one symbol table"
        case .noSymbolTable: "no symbol table"
        case .badSymbolSection(let symbol, let section):
            "symbol \(symbol) is in section \(section), which does not exist"
        case .badRelocationTable(let section): "the relocation table in section \(section) refers to nothing"
        case .badRelocationSymbol(let section, let symbol):
            "a relocation in section \(section) refers to symbol \(symbol), which does not exist"
        case .unsupportedSection(let index, let flags):
            "section \(index) has flags 0x\(String(flags, radix: 16)): compressed or thread-local sections can't be linked"
        }
    }
}
