/// Version 3: the file header, one or two program headers, the read-only data, the code; nothing is left to relocate.
///
/// Source: SIMD-0189 (strict headers), SIMD-0178 (system calls by number), SIMD-0377; anza-xyz/sbpf `load_with_strict_parser`.
struct ImageV3 {
    static let textAddress: UInt64 = 1 << 32
    static let readOnlyDataAddress: UInt64 = 0

    let bytes: [UInt8]

    init(_ program: LinkedProgram) {
        var text = program.text
        var data = program.readOnlyData
        for fixup in program.textFixups {
            switch fixup.value {
            case .address(let place): text.storeLoadOperand(Self.address(of: place), at: fixup.offset)
            case .syscall(let name):
                text[fixup.offset + 1] = 0
                text.store(SyscallTable.hash(name), at: fixup.offset + 4)
            }
        }
        for fixup in program.dataFixups {
            if case .address(let place) = fixup.value { data.store(Self.address(of: place), at: fixup.offset) }
        }

        let headerCount = data.isEmpty ? 1 : 2
        let dataOffset = ELFWriter.headerSize + headerCount * ELFWriter.programHeaderSize
        let textOffset = dataOffset + data.count
        var file = ELFWriter.Header(
            entry: Self.textAddress + UInt64(program.entry),
            sectionTable: 0,
            flags: SBPFVersion.v3.rawValue,
            programHeaderCount: UInt16(headerCount),
            sectionCount: 0,
            nameTable: 0
        ).bytes
        if !data.isEmpty {
            file +=
                ELFWriter.ProgramHeader(
                    flags: 4,
                    offset: dataOffset,
                    address: Self.readOnlyDataAddress,
                    size: data.count
                ).bytes
        }
        file +=
            ELFWriter.ProgramHeader(
                flags: 1,
                offset: textOffset,
                address: Self.textAddress,
                size: text.count
            ).bytes
        bytes = file + data + text
    }

    private static func address(of place: LinkedProgram.Place) -> UInt64 {
        switch place {
        case .text(let offset): textAddress + UInt64(offset)
        case .readOnlyData(let offset): readOnlyDataAddress + UInt64(offset)
        }
    }
}
