/// A program as it is deployed: the bytes of an ELF file that the loader accepts.
public struct ProgramImage: Sendable, Hashable {
    /// The format.
    public let version: SBPFVersion
    /// The file.
    public let bytes: [UInt8]

    /// Writes `program` in one of the formats.
    ///
    /// The program should have passed ``Verifier/verify(_:)``; the writer itself refuses nothing.
    public init(_ program: LinkedProgram, version: SBPFVersion) {
        self.version = version
        switch version {
        case .v0: bytes = ImageV0(program).bytes
        case .v3: bytes = ImageV3(program).bytes
        }
    }
}

/// The fields of ELF files that both formats write.
enum ELFWriter {
    static let headerSize = 64
    static let programHeaderSize = 56
    static let sectionHeaderSize = 64

    struct Header {
        var entry: UInt64
        var sectionTable: UInt64
        var flags: UInt32
        var programHeaderCount: UInt16
        var sectionCount: UInt16
        var nameTable: UInt16

        var bytes: [UInt8] {
            // 64-bit, little-endian, version 1, no particular system
            var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            bytes.append(littleEndian: UInt16(3))  // a shared object
            bytes.append(littleEndian: UInt16(247))  // the BPF machine
            bytes.append(littleEndian: UInt32(1))
            bytes.append(littleEndian: entry)
            bytes.append(littleEndian: UInt64(headerSize))  // the program headers follow at once
            bytes.append(littleEndian: sectionTable)
            bytes.append(littleEndian: flags)
            bytes.append(littleEndian: UInt16(headerSize))
            bytes.append(littleEndian: UInt16(programHeaderSize))
            bytes.append(littleEndian: programHeaderCount)
            bytes.append(littleEndian: UInt16(sectionHeaderSize))
            bytes.append(littleEndian: sectionCount)
            bytes.append(littleEndian: nameTable)
            return bytes
        }
    }

    struct ProgramHeader {
        static let load: UInt32 = 1
        static let dynamic: UInt32 = 2

        var type: UInt32 = load
        /// 1 executable, 2 writable, 4 readable.
        var flags: UInt32
        var offset: Int
        var address: UInt64
        var size: Int
        var alignment: UInt64 = 0

        var bytes: [UInt8] {
            var bytes: [UInt8] = []
            bytes.append(littleEndian: type)
            bytes.append(littleEndian: flags)
            bytes.append(littleEndian: UInt64(offset))
            bytes.append(littleEndian: address)
            bytes.append(littleEndian: address)
            bytes.append(littleEndian: UInt64(size))
            bytes.append(littleEndian: UInt64(size))
            bytes.append(littleEndian: alignment)
            return bytes
        }
    }
}

extension [UInt8] {
    /// Puts the operand of an `lddw` into its two halves.
    mutating func storeLoadOperand(_ value: UInt64, at offset: Int) {
        store(UInt32(truncatingIfNeeded: value), at: offset + 4)
        store(UInt32(truncatingIfNeeded: value >> 32), at: offset + 12)
    }
}
