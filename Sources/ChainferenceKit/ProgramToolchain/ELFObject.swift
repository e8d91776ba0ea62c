/// A relocatable object file for the BPF machine, as `clang -target bpfel -c` writes it.
///
/// The bytes may come from anywhere: every field is checked against the file's bounds before it is used, names stay
/// offsets in the file until somebody asks for them, and sections must not overlap, so that what the parser holds never
/// exceeds a small multiple of the file.
public struct ELFObject: Sendable {
    /// A section's header.
    public struct Section: Sendable, Hashable {
        /// `SHT_…`: 1 has contents, 2 is a symbol table, 8 is zero-filled, 9 holds relocations.
        public let type: UInt32
        /// `SHF_…`: 1 writable, 2 part of the program, 4 executable.
        public let flags: UInt64
        /// How many bytes the section has when loaded.
        public let size: UInt64
        /// The required alignment, 0 or 1 for none.
        public let alignment: UInt64
        let link: UInt32
        let info: UInt32
        let entrySize: UInt64
        /// Where in the file the contents are; empty for a zero-filled section.
        let contents: Range<Int>
        let name: Int

        var isWritable: Bool { flags & 1 != 0 }
        var isAllocated: Bool { flags & 2 != 0 }
        var isExecutable: Bool { flags & 4 != 0 }
        var isZeroFilled: Bool { type == SectionType.zeroFilled }
    }

    /// Where a symbol is defined.
    public enum Definition: Sendable, Hashable {
        /// Nowhere in this object.
        case undefined
        /// In the section with this index.
        case section(Int)
        /// Nowhere: its value is a number.
        case absolute
        /// A common block, to be allocated by the linker.
        case common
    }

    /// An entry of the symbol table.
    public struct Symbol: Sendable, Hashable {
        /// Where the symbol is defined.
        public let definition: Definition
        /// `STT_…`: 1 object, 2 function, 3 section, 4 file.
        public let kind: UInt8
        /// `STB_…`: 0 local, 1 global, 2 weak.
        public let binding: UInt8
        /// The offset in its section.
        public let value: UInt64
        /// How many bytes it names.
        public let size: UInt64
        let name: Int
    }

    /// An entry of a relocation table: the bytes at `offset` of the section depend on the address of a symbol.
    public struct Relocation: Sendable, Hashable {
        /// The offset in the section that is to be changed.
        public let offset: UInt64
        /// `R_BPF_…`.
        public let kind: UInt32
        /// The index in ``ELFObject/symbols``.
        public let symbol: Int
    }

    /// The largest object that is read, in bytes.
    public static let sizeLimit = 64 << 20

    /// All sections; index 0 is the null section.
    public let sections: [Section]
    /// All symbols; index 0 is the null symbol.
    public let symbols: [Symbol]
    /// The relocations of each section that has any, by the section's index.
    public let relocations: [Int: [Relocation]]
    /// The sections whose relocations carry explicit addends, which the BPF backend never writes.
    let sectionsWithAddends: Set<Int>
    let bytes: [UInt8]

    /// The bytes of a section; empty for a zero-filled one.
    public func contents(of section: Section) -> ArraySlice<UInt8> { bytes[section.contents] }

    /// The name of a section.
    public func name(of section: Section) -> String { string(at: section.name) }

    /// The name of a symbol.
    public func name(of symbol: Symbol) -> String { string(at: symbol.name) }

    /// The parser has checked that a NUL follows.
    private func string(at start: Int) -> String { String(decoding: bytes[start...].prefix { $0 != 0 }, as: UTF8.self) }
}

enum SectionType {
    static let null: UInt32 = 0
    static let contents: UInt32 = 1
    static let symbolTable: UInt32 = 2
    static let stringTable: UInt32 = 3
    static let relocationsWithAddends: UInt32 = 4
    static let zeroFilled: UInt32 = 8
    static let relocations: UInt32 = 9
    static let dynamic: UInt32 = 6
    static let dynamicSymbols: UInt32 = 11
}

enum SymbolKind {
    static let object: UInt8 = 1
    static let function: UInt8 = 2
    static let section: UInt8 = 3
}
