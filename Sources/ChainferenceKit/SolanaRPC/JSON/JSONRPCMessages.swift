import JSON

/// A JSON-RPC 2.0 request as it goes over the wire.
struct JSONRPCRequest {
    let id: UInt64
    let method: String
    let params: [JSONValue]

    /// The JSON text.
    var text: [UInt8] {
        let members: JSONObject = [
            "jsonrpc": "2.0", "id": .unsigned(id), "method": .string(method), "params": .array(params),
        ]
        return JSONValue.object(members).serialized()
    }
}

/// A JSON-RPC 2.0 answer: either a result or an error.
///
/// Written by hand, because a result may rightly be `null` (`getTransaction`), which synthesised code cannot tell from
/// an absent one, and because servers exist that send both members.
struct JSONRPCAnswer<Result: Decodable>: Decodable {
    enum Outcome {
        case result(Result)
        case error(JSONRPCErrorObject)
    }

    /// The number of the request that this answers; nil if the server could not tell.
    let id: UInt64?
    let outcome: Outcome

    private enum CodingKeys: String, CodingKey {
        case id
        case result
        case error
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try? container.decodeIfPresent(UInt64.self, forKey: .id)
        if let error = try container.decodeIfPresent(JSONRPCErrorObject.self, forKey: .error) {
            outcome = .error(error)
        } else {
            guard container.contains(.result) else {
                throw DecodingError.keyNotFound(
                    CodingKeys.result,
                    .init(codingPath: decoder.codingPath, debugDescription: "neither result nor error")
                )
            }
            outcome = .result(try container.decode(Result.self, forKey: .result))
        }
    }
}

/// The error member of a JSON-RPC answer, as the server wrote it.
struct JSONRPCErrorObject: Decodable, Hashable, Sendable {
    let code: Int
    let message: String
    let data: JSONValue?

    private enum CodingKeys: String, CodingKey {
        case code
        case message
        case data
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        code = try container.decode(Int.self, forKey: .code)
        message = (try? container.decode(String.self, forKey: .message)) ?? ""
        data = try? container.decodeIfPresent(JSONValue.self, forKey: .data)
    }
}
