import JSON
import Solana

/// How account data is written into JSON.
enum AccountEncoding: Sendable, Hashable {
    /// Base58 as a bare string: what old clients get that name no encoding.
    case binary
    case base58
    case base64
    case jsonParsed
    case base64Zstd

    init(named name: String) throws(RPCFailure) {
        switch name {
        case "binary": self = .binary
        case "base58": self = .base58
        case "base64": self = .base64
        case "jsonParsed": self = .jsonParsed
        case "base64+zstd":
            self = .base64Zstd
        default:
            throw .invalidParams(
                """
                Invalid params: unknown variant `\(name.prefix(64))`, expected one of `binary`, `base64`, `base58`, \
                `jsonParsed`, `base64+zstd`.
                """
            )
        }
    }
}

/// A part of an account's data.
struct DataSlice: Sendable, Hashable {
    var offset: UInt64
    var length: UInt64

    func apply(to data: [UInt8]) -> [UInt8] {
        guard offset < UInt64(data.count) else { return [] }
        let start = Int(offset)
        return Array(data[start..<start + min(data.count - start, Int(clamping: length))])
    }
}

extension LedgerAccount {
    /// The most bytes that are written in base58, which takes quadratic time.
    private static let maximumBase58Count = 128

    /// The account as JSON-RPC shows it.
    ///
    /// - Throws: The refusal to write more than 128 bytes in base58.
    func json(
        at address: Address,
        encoding: AccountEncoding,
        slice: DataSlice? = nil
    ) throws(RPCFailure) -> JSONValue {
        let part = slice?.apply(to: data) ?? data
        let encoded: JSONValue
        switch encoding {
        case .binary where part.count <= Self.maximumBase58Count:
            encoded = .string(Base58.encode(part))
        case .base58 where part.count <= Self.maximumBase58Count:
            encoded = [.string(Base58.encode(part)), "base58"]
        case .binary, .base58:
            throw RPCFailure(
                -32_600,
                "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding."
            )
        case .jsonParsed:
            encoded = ParsedAccount.json(self, at: address) ?? [.string(Base64.encode(part)), "base64"]
        case .base64Zstd:
            encoded = [.string(Base64.encode(ZstandardFrame.storing(part))), "base64+zstd"]
        case .base64:
            encoded = [.string(Base64.encode(part)), "base64"]
        }
        return [
            "lamports": .unsigned(lamports.rawValue),
            "owner": .string(owner.base58),
            "data": encoded,
            "executable": .bool(executable),
            "rentEpoch": .unsigned(rentEpoch),
            "space": .unsigned(UInt64(data.count)),
        ]
    }
}
