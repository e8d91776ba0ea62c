/// Version 0: sections, dynamic symbols and relocations that the loader resolves.
///
/// Addresses equal offsets in the file.
///
/// Source: anza-xyz/sbpf `src/elf.rs` (the lenient parser and `relocate`), with the stricter rules that hold at deployment.
struct ImageV0 {
    let bytes: [UInt8]

    private enum DynamicRelocation {
        /// An address within the file; the loader adds where it loads it.
        static let relative: UInt32 = 8
        /// A system call, by dynamic symbol.
        static let call: UInt32 = 10
    }

    init(_ program: LinkedProgram) {
        var text = program.text
        var data = program.readOnlyData
        let textOffset = ELFWriter.headerSize + 3 * ELFWriter.programHeaderSize
        let dataOffset = textOffset + text.count
        func address(of place: LinkedProgram.Place) -> UInt64 {
            switch place {
            case .text(let offset): UInt64(textOffset + offset)
            case .readOnlyData(let offset): UInt64(dataOffset + offset)
            }
        }

        // The callee's register is in the operand, not in the destination as in version 3.
        var position = 0
        while position < text.count {
            if text[position] == Opcode.callRegister {
                text.store(UInt32(text[position + 1] & 0x0f), at: position + 4)
                text[position + 1] = 0
            }
            position += text[position] == Opcode.loadDoubleWord ? 16 : 8
        }

        var names = DynamicNames()
        var relocations: [UInt8] = []
        func relocate(_ offset: Int, _ kind: UInt32, symbol: Int) {
            relocations.append(littleEndian: UInt64(offset))
            relocations.append(littleEndian: UInt64(symbol) << 32 | UInt64(kind))
        }
        names.define("entrypoint", at: UInt64(textOffset + program.entry))
        for fixup in program.textFixups {
            switch fixup.value {
            case .address(let place):
                text.storeLoadOperand(address(of: place), at: fixup.offset)
                relocate(textOffset + fixup.offset, DynamicRelocation.relative, symbol: 0)
            case .syscall(let name):
                text[fixup.offset + 1] = 0
                text.store(Int32(-1), at: fixup.offset + 4)
                relocate(textOffset + fixup.offset, DynamicRelocation.call, symbol: names.reference(to: name))
            }
        }
        for fixup in program.dataFixups {
            if case .address(let place) = fixup.value {
                // The loader reads the upper half only, and writes all 8 bytes.
                data.store(address(of: place) << 32, at: fixup.offset)
                relocate(dataOffset + fixup.offset, DynamicRelocation.relative, symbol: 0)
            }
        }
        bytes = Self.file(
            text: text,
            data: data,
            entry: program.entry,
            names: names,
            relocations: relocations
        )
    }

    private static func file(
        text: [UInt8],
        data: [UInt8],
        entry: Int,
        names: DynamicNames,
        relocations: [UInt8]
    ) -> [UInt8] {
        let textOffset = ELFWriter.headerSize + 3 * ELFWriter.programHeaderSize
        let dynamicOffset = textOffset + text.count + data.count
        let dynamicSize = (relocations.isEmpty ? 5 : 8) * 16
        let symbolsOffset = dynamicOffset + dynamicSize
        let stringsOffset = symbolsOffset + names.symbols.count
        var strings = names.strings
        strings.pad(to: 8)
        let relocationsOffset = stringsOffset + strings.count

        var sections = SectionTable()
        sections.add(".text", type: SectionType.contents, flags: 6, offset: textOffset, size: text.count)
        if !data.isEmpty {
            sections.add(
                ".rodata",
                type: SectionType.contents,
                flags: 2,
                offset: textOffset + text.count,
                size: data.count
            )
        }
        let stringsIndex = UInt32(sections.count + 2)
        sections.add(
            ".dynamic",
            type: SectionType.dynamic,
            flags: 3,
            offset: dynamicOffset,
            size: dynamicSize,
            link: stringsIndex,
            entrySize: 16
        )
        sections.add(
            ".dynsym",
            type: SectionType.dynamicSymbols,
            flags: 2,
            offset: symbolsOffset,
            size: names.symbols.count,
            link: stringsIndex,
            info: 1,
            entrySize: 24
        )
        sections.add(
            ".dynstr",
            type: SectionType.stringTable,
            flags: 2,
            offset: stringsOffset,
            size: strings.count,
            alignment: 1
        )
        if !relocations.isEmpty {
            sections.add(
                ".rel.dyn",
                type: SectionType.relocations,
                flags: 2,
                offset: relocationsOffset,
                size: relocations.count,
                link: stringsIndex - 1,
                entrySize: 16
            )
        }
        let sectionNamesOffset = relocationsOffset + relocations.count
        let sectionTableOffset = sections.finish(at: sectionNamesOffset)

        var file = ELFWriter.Header(
            entry: UInt64(textOffset + entry),
            sectionTable: UInt64(sectionTableOffset),
            flags: SBPFVersion.v0.rawValue,
            programHeaderCount: 3,
            sectionCount: UInt16(sections.count),
            nameTable: UInt16(sections.count - 1)
        ).bytes
        func segment(_ type: UInt32, _ flags: UInt32, _ offset: Int, _ size: Int, _ alignment: UInt64) {
            file +=
                ELFWriter.ProgramHeader(
                    type: type,
                    flags: flags,
                    offset: offset,
                    address: UInt64(offset),
                    size: size,
                    alignment: alignment
                ).bytes
        }
        segment(ELFWriter.ProgramHeader.load, 5, textOffset, text.count + data.count, 4096)
        segment(ELFWriter.ProgramHeader.load, 4, symbolsOffset, sectionNamesOffset - symbolsOffset, 4096)
        segment(ELFWriter.ProgramHeader.dynamic, 6, dynamicOffset, dynamicSize, 8)
        file += text
        file += data
        file += dynamicTable(
            relocations: relocations.isEmpty ? nil : (relocationsOffset, relocations.count),
            symbols: symbolsOffset,
            strings: (stringsOffset, strings.count)
        )
        file += names.symbols
        file += strings
        file += relocations
        file += sections.names
        file.pad(to: 8)
        file += sections.headers
        return file
    }

    private static func dynamicTable(
        relocations: (offset: Int, size: Int)?,
        symbols: Int,
        strings: (offset: Int, size: Int)
    ) -> [UInt8] {
        var table: [UInt8] = []
        func entry(_ tag: UInt64, _ value: Int) {
            table.append(littleEndian: tag)
            table.append(littleEndian: UInt64(value))
        }
        if let relocations {
            entry(17, relocations.offset)  // DT_REL
            entry(18, relocations.size)  // DT_RELSZ
            entry(19, 16)  // DT_RELENT
        }
        entry(6, symbols)  // DT_SYMTAB
        entry(11, 24)  // DT_SYMENT
        entry(5, strings.offset)  // DT_STRTAB
        entry(10, strings.size)  // DT_STRSZ
        entry(0, 0)
        return table
    }
}

/// The dynamic symbols of a version 0 file and their names.
private struct DynamicNames {
    private(set) var symbols = [UInt8](repeating: 0, count: 24)
    private(set) var strings: [UInt8] = [0]
    private var indices: [String: Int] = [:]

    /// The entry point, a function in `.text`, which is section 1.
    mutating func define(_ name: String, at value: UInt64) {
        add(name, info: 0x12, section: 1, value: value)
    }

    /// The index of an undefined symbol, added at the first mention.
    mutating func reference(to name: String) -> Int {
        if let index = indices[name] { return index }
        let index = symbols.count / 24
        indices[name] = index
        add(name, info: 0x10, section: 0, value: 0)
        return index
    }

    private mutating func add(_ name: String, info: UInt8, section: UInt16, value: UInt64) {
        symbols.append(littleEndian: UInt32(strings.count))
        symbols.append(info)
        symbols.append(0)
        symbols.append(littleEndian: section)
        symbols.append(littleEndian: value)
        symbols.append(littleEndian: UInt64(0))
        strings += Array(name.utf8) + [0]
    }
}

/// The section headers of a version 0 file and their names.
private struct SectionTable {
    private(set) var headers = [UInt8](repeating: 0, count: ELFWriter.sectionHeaderSize)
    private(set) var names: [UInt8] = [0]

    var count: Int { headers.count / ELFWriter.sectionHeaderSize }

    mutating func add(
        _ name: String,
        type: UInt32,
        flags: UInt64,
        offset: Int,
        size: Int,
        link: UInt32 = 0,
        info: UInt32 = 0,
        alignment: UInt64 = 8,
        entrySize: UInt64 = 0
    ) {
        headers.append(littleEndian: UInt32(names.count))
        headers.append(littleEndian: type)
        headers.append(littleEndian: flags)
        headers.append(littleEndian: flags & 2 != 0 ? UInt64(offset) : 0)
        headers.append(littleEndian: UInt64(offset))
        headers.append(littleEndian: UInt64(size))
        headers.append(littleEndian: link)
        headers.append(littleEndian: info)
        headers.append(littleEndian: alignment)
        headers.append(littleEndian: entrySize)
        names += Array(name.utf8) + [0]
    }

    /// Adds the table of names itself, which starts at `offset`, and returns where the headers belong.
    mutating func finish(at offset: Int) -> Int {
        let name = ".shstrtab"
        let size = names.count + name.utf8.count + 1
        add(name, type: SectionType.stringTable, flags: 0, offset: offset, size: size, alignment: 1)
        return (offset + size + 7) / 8 * 8
    }
}
