import JSON
import Solana

/// A transaction's error inside of another JSON value, never null.
struct TransactionErrorCoding: Codable, Hashable, Sendable {
    let error: TransactionError

    init(from decoder: any Decoder) throws {
        let json = try JSONValue(from: decoder)
        guard let error = TransactionError(json: json) else {
            throw DecodingError.valueNotFound(
                TransactionError.self,
                .init(codingPath: decoder.codingPath, debugDescription: "null is no error")
            )
        }
        self.error = error
    }

    func encode(to encoder: any Encoder) throws {
        try error.json.encode(to: encoder)
    }
}
