@testable import ProgramToolchain

/// Writes relocatable BPF objects, well formed unless told otherwise, so that tests can change one thing at a time.
struct ObjectBuilder {
    struct Section {
        var name: String
        var type: UInt32 = 1
        var flags: UInt64
        var contents: [UInt8]
        /// For zero-filled sections, whose contents are not in the file.
        var size: UInt64?
        var link: UInt32 = 0
        var info: UInt32 = 0
        var alignment: UInt64 = 8
        var entrySize: UInt64 = 0
    }

    struct Symbol {
        var name: String
        var kind: UInt8
        var binding: UInt8 = 1
        /// The index in `sections`, from 1; 0 for undefined.
        var section: UInt16
        var value: UInt64 = 0
        var size: UInt64 = 0
    }

    struct Relocation {
        var section: UInt16
        var offset: UInt64
        var kind: UInt32
        /// The index in `symbols`, from 1.
        var symbol: UInt32
    }

    var sections: [Section] = []
    var symbols: [Symbol] = []
    var relocations: [Relocation] = []

    static let text: UInt16 = 1
    static let data: UInt16 = 2

    /// A program with everything that occurs: a call of a function, system calls, an address, a table of pointers.
    ///
    ///     0   entrypoint: r1 = address of .rodata
    ///     16              r2 = 5
    ///     24              call sol_log_
    ///     32              call helper
    ///     40              exit
    ///     48  helper:     r1 = address of helper
    ///     64              call __bpf_trap
    ///     72              exit
    static var good: ObjectBuilder {
        var text: [UInt8] = []
        text += instruction(0x18, destination: 1) + instruction(0)
        text += instruction(0xb7, destination: 2, immediate: 5)
        text += instruction(0x85, source: 1, immediate: -1)
        text += instruction(0x85, source: 1, immediate: -1)
        text += instruction(0x95)
        text += instruction(0x18, destination: 1) + instruction(0)
        text += instruction(0x85, source: 1, immediate: -1)
        text += instruction(0x95)
        return ObjectBuilder(
            sections: [
                Section(name: ".text", flags: 6, contents: text),
                Section(name: ".rodata", flags: 2, contents: Array("hello".utf8), alignment: 1),
                Section(name: ".data.rel.ro", flags: 3, contents: Array(repeating: 0, count: 16)),
                Section(name: ".debug_line", flags: 0, contents: [1, 2, 3]),
            ],
            symbols: [
                Symbol(name: "entrypoint", kind: 2, section: 1, value: 0, size: 48),
                Symbol(name: "helper", kind: 2, binding: 0, section: 1, value: 48, size: 32),
                Symbol(name: "greeting", kind: 1, binding: 0, section: 2, value: 0, size: 5),
                Symbol(name: "sol_log_", kind: 0, section: 0),
                Symbol(name: "__bpf_trap", kind: 0, section: 0),
                Symbol(name: "", kind: 3, binding: 0, section: 1),
            ],
            relocations: [
                Relocation(section: 1, offset: 0, kind: 1, symbol: 3),
                Relocation(section: 1, offset: 24, kind: 10, symbol: 4),
                Relocation(section: 1, offset: 32, kind: 10, symbol: 2),
                Relocation(section: 1, offset: 48, kind: 1, symbol: 2),
                Relocation(section: 1, offset: 64, kind: 10, symbol: 5),
                Relocation(section: 3, offset: 0, kind: 2, symbol: 3),
                Relocation(section: 3, offset: 8, kind: 2, symbol: 2),
            ]
        )
    }

    /// A program that is one function with these instructions and no relocations.
    static func code(_ instructions: [[UInt8]]) -> ObjectBuilder {
        let text = instructions.flatMap { $0 }
        return ObjectBuilder(
            sections: [Section(name: ".text", flags: 6, contents: text)],
            symbols: [Symbol(name: "entrypoint", kind: 2, section: 1, value: 0, size: UInt64(text.count))]
        )
    }

    static func instruction(
        _ opcode: UInt8,
        destination: UInt8 = 0,
        source: UInt8 = 0,
        offset: Int16 = 0,
        immediate: Int32 = 0
    ) -> [UInt8] {
        var bytes: [UInt8] = [opcode, source << 4 | destination]
        bytes.append(littleEndian: offset)
        bytes.append(littleEndian: immediate)
        return bytes
    }

    static let exit = instruction(0x95)

    /// The file.
    ///
    /// Sections come first, then symbols, names, relocations, and the section headers at the end.
    var bytes: [UInt8] {
        var strings = StringTable()
        var symbolBytes = [UInt8](repeating: 0, count: 24)
        for symbol in symbols {
            symbolBytes.append(littleEndian: strings.add(symbol.name))
            symbolBytes.append(symbol.binding << 4 | symbol.kind)
            symbolBytes.append(0)
            symbolBytes.append(littleEndian: symbol.section)
            symbolBytes.append(littleEndian: symbol.value)
            symbolBytes.append(littleEndian: symbol.size)
        }
        let symbolTable = UInt32(sections.count + 1)
        var all = [Section(name: "", type: 0, flags: 0, contents: [], alignment: 0)] + sections
        all.append(
            Section(name: ".symtab", type: 2, flags: 0, contents: symbolBytes, link: symbolTable + 1, entrySize: 24)
        )
        all.append(Section(name: ".strtab", type: 3, flags: 0, contents: strings.bytes, alignment: 1))
        for target in Set(relocations.map(\.section)).sorted() {
            var table: [UInt8] = []
            for relocation in relocations where relocation.section == target {
                table.append(littleEndian: relocation.offset)
                table.append(littleEndian: UInt64(relocation.symbol) << 32 | UInt64(relocation.kind))
            }
            all.append(
                Section(
                    name: ".rel",
                    type: 9,
                    flags: 0,
                    contents: table,
                    link: symbolTable,
                    info: UInt32(target),
                    entrySize: 16
                )
            )
        }
        var names = StringTable()
        var nameOffsets = all.map { names.add($0.name) }
        nameOffsets.append(names.add(".shstrtab"))
        all.append(Section(name: ".shstrtab", type: 3, flags: 0, contents: names.bytes, alignment: 1))
        return Self.file(all, nameOffsets)
    }

    private static func file(_ sections: [Section], _ nameOffsets: [UInt32]) -> [UInt8] {
        var body: [UInt8] = []
        var headers: [UInt8] = []
        for (section, name) in zip(sections, nameOffsets) {
            body.pad(to: 8)
            headers.append(littleEndian: name)
            headers.append(littleEndian: section.type)
            headers.append(littleEndian: section.flags)
            headers.append(littleEndian: UInt64(0))
            headers.append(littleEndian: UInt64(section.type == 0 ? 0 : 64 + body.count))
            headers.append(littleEndian: section.size ?? UInt64(section.contents.count))
            headers.append(littleEndian: section.link)
            headers.append(littleEndian: section.info)
            headers.append(littleEndian: section.alignment)
            headers.append(littleEndian: section.entrySize)
            body += section.contents
        }
        body.pad(to: 8)
        var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        file.append(littleEndian: UInt16(1))
        file.append(littleEndian: UInt16(247))
        file.append(littleEndian: UInt32(1))
        file.append(littleEndian: UInt64(0))
        file.append(littleEndian: UInt64(0))
        file.append(littleEndian: UInt64(64 + body.count))
        file.append(littleEndian: UInt32(0))
        file.append(littleEndian: UInt16(64))
        file.append(littleEndian: UInt16(0))
        file.append(littleEndian: UInt16(0))
        file.append(littleEndian: UInt16(64))
        file.append(littleEndian: UInt16(sections.count))
        file.append(littleEndian: UInt16(sections.count - 1))
        return file + body + headers
    }

    private struct StringTable {
        var bytes: [UInt8] = [0]

        mutating func add(_ name: String) -> UInt32 {
            if name.isEmpty { return 0 }
            let offset = UInt32(bytes.count)
            bytes += Array(name.utf8) + [0]
            return offset
        }
    }
}

extension [UInt8] {
    /// Where the header of a section starts in a file written by `ObjectBuilder`.
    func sectionHeader(_ index: Int) -> Int {
        Int(littleEndian(at: 40, as: UInt64.self)) + index * 64
    }
}
