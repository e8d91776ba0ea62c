import Foundation

/// What OpenSSL and Python say about the primitives, from `Vectors/primitives.json`.
struct PrimitiveVectors: Decodable {
    struct KeyAgreement: Decodable {
        var `private`: Hex
        var `public`: Hex
        var peer: Hex
        var shared: Hex
    }

    struct Sealed: Decodable {
        var key: Hex
        var nonce: Hex
        var associated: Hex
        var plaintext: Hex
        var ciphertext: Hex
    }

    struct Tag: Decodable {
        var key: Hex
        var message: Hex
        var tag: Hex
    }

    var x25519: [KeyAgreement]
    var chachaPoly: [Sealed]
    var hmacSHA256: [Tag]

    static func load() throws -> PrimitiveVectors {
        let url = Bundle.module.bundleURL.appendingPathComponent("Vectors/primitives.json")
        return try JSONDecoder().decode(PrimitiveVectors.self, from: Data(contentsOf: url))
    }
}

/// Bytes written as hexadecimal digits.
struct Hex: Decodable, ExpressibleByStringLiteral {
    var bytes: [UInt8]

    init(stringLiteral text: String) {
        let digits = text.utf8.map { UInt8(String(UnicodeScalar($0)), radix: 16) ?? 0 }
        bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    init(from decoder: any Decoder) throws {
        self.init(stringLiteral: try decoder.singleValueContainer().decode(String.self))
    }
}
