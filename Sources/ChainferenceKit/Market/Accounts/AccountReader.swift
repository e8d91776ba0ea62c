import SodiumCrypto
import Solana

/// What is wrong with the data of an account that should be the market program's.
public enum AccountDecodingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The data has not the length that its contents need.
    case wrongLength(type: String, count: Int)
    /// The first eight bytes are another type's.
    case wrongType(expected: String)
    /// The layout is newer than this version of the kit.
    case unsupportedVersion(type: String, version: UInt8)
    /// A field holds what the program never writes.
    case invalidField(type: String, field: String)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .wrongLength(let type, let count):
            "An account of \(count) bytes is no \(type): its contents need another length."
        case .wrongType(let expected):
            "The account is no \(expected): its first eight bytes are another type's. Check the address."
        case .unsupportedVersion(let type, let version):
            "The \(type) account has layout version \(version), which this version of the kit does not know. Update it."
        case .invalidField(let type, let field):
            "The \(type) account's \(field) is nothing that the market program writes. Don't use this account."
        }
    }
}

/// Reads fields at fixed offsets; checks the length once and never traps on any content.
struct AccountReader {
    let type: String
    let data: [UInt8]

    /// Checks length, discriminator and version; all fixed offsets that will be read lie below `minimum`.
    init(
        _ data: [UInt8],
        type: String,
        discriminator: UInt64,
        version: Int,
        minimum: Int
    ) throws(AccountDecodingError) {
        guard data.count >= minimum else { throw .wrongLength(type: type, count: data.count) }
        self.type = type
        self.data = data
        guard data.littleEndianUInt64(at: 0) == discriminator else { throw .wrongType(expected: type) }
        guard data[version] == 1 else { throw .unsupportedVersion(type: type, version: data[version]) }
    }

    func uint64(_ offset: Int) -> UInt64 { data.littleEndianUInt64(at: offset) }

    func uint16(_ offset: Int) -> UInt16 { UInt16(data[offset]) | UInt16(data[offset + 1]) << 8 }

    func lamports(_ offset: Int) -> Lamports { Lamports(uint64(offset)) }

    func price(_ offset: Int) -> PricePerMillionTokens { PricePerMillionTokens(rawValue: uint64(offset)) }

    func time(_ offset: Int) -> UnixTime { UnixTime(rawValue: Int64(bitPattern: uint64(offset))) }

    func address(_ offset: Int) -> Address {
        data.withUnsafeBytes { buffer in
            var address = Address.zero
            withUnsafeMutableBytes(of: &address) { $0.copyBytes(from: buffer[offset..<offset + 32]) }
            return address
        }
    }

    func key(_ offset: Int) -> X25519.PublicKey {
        data.withUnsafeBytes { X25519.PublicKey(copying: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + 32])) }
    }

    func basisPoints(_ offset: Int, _ field: String) throws(AccountDecodingError) -> BasisPoints {
        let points = BasisPoints(rawValue: uint16(offset))
        guard points <= .whole else { throw .invalidField(type: type, field: field) }
        return points
    }

    func hash(_ offset: Int) throws(AccountDecodingError) -> ModelHash {
        guard let hash = ModelHash(bytes: data[offset..<offset + 32]) else {
            throw .wrongLength(type: type, count: data.count)
        }
        return hash
    }

    /// Reads a Borsh length, and moves behind it.
    func length(_ offset: inout Int, _ field: String, atMost maximum: Int) throws(AccountDecodingError) -> Int {
        guard offset <= data.count - 4 else { throw .wrongLength(type: type, count: data.count) }
        let value = (0..<4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(data[offset + $1]) }
        guard value <= UInt32(maximum) else { throw .invalidField(type: type, field: field) }
        offset += 4
        return Int(value)
    }

    /// Reads a Borsh string of printable ASCII, and moves behind it.
    func string(_ offset: inout Int, _ field: String, atMost maximum: Int) throws(AccountDecodingError) -> String {
        let count = try length(&offset, field, atMost: maximum)
        guard count <= data.count - offset else { throw .wrongLength(type: type, count: data.count) }
        let bytes = data[offset..<offset + count]
        guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .invalidField(type: type, field: field) }
        offset += count
        return String(decoding: bytes, as: UTF8.self)
    }
}
