import JSON
import Solana

extension AccountFilter {
    /// How many filters one request may have.
    private static let maximumCount = 4

    /// How many bytes one comparison may have.
    private static let maximumByteCount = 128

    /// Reads the filters of a call.
    static func list(_ value: JSONValue?) throws(RPCFailure) -> [AccountFilter] {
        guard let value else { return [] }
        guard let elements = value.elements else { throw .invalidType(value, expected: "a sequence") }
        guard elements.count <= maximumCount else {
            throw .invalidParams("Too many filters provided; max \(maximumCount)")
        }
        var filters: [AccountFilter] = []
        for element in elements { filters.append(try AccountFilter(element)) }
        return filters
    }

    private init(_ value: JSONValue) throws(RPCFailure) {
        if let size = value["dataSize"] {
            guard case .unsigned(let size) = size else { throw .invalidType(size, expected: "u64") }
            self = .dataSize(size)
        } else if let comparison = value["memcmp"] {
            guard case .unsigned(let offset) = comparison["offset"], let operand = comparison["bytes"] else {
                throw .invalidParams("Invalid params: `memcmp` needs `offset` and `bytes`.")
            }
            self = .bytes(try Self.bytes(operand, encoding: comparison["encoding"]?.text), at: offset)
        } else {
            throw .invalidParams("Invalid params: unknown filter, expected `dataSize` or `memcmp`.")
        }
    }

    private static func bytes(_ operand: JSONValue, encoding: String?) throws(RPCFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        switch operand {
        case .array(let numbers):
            for number in numbers {
                guard case .unsigned(let byte) = number, byte <= 255 else {
                    throw .invalidType(number, expected: "u8")
                }
                bytes.append(UInt8(byte))
            }
        case .string(let text) where encoding == "base64":
            guard text.utf8.count <= 4 * maximumByteCount, let decoded = Base64.decode(text) else {
                throw .invalidParams("Invalid param: invalid base64 in memcmp filter")
            }
            bytes = decoded
        case .string(let text):
            guard let decoded = try? Base58.decode(text, maximumCount: maximumByteCount) else {
                throw .invalidParams("Invalid param: invalid base58 in memcmp filter, or more than 128 bytes")
            }
            bytes = decoded
        default:
            throw .invalidType(operand, expected: "a string or bytes")
        }
        guard bytes.count <= maximumByteCount else {
            throw .invalidParams("Invalid param: memcmp filter has more than \(maximumByteCount) bytes")
        }
        return bytes
    }
}
