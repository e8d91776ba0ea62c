import JSON

/// The envelope of an answer.
enum RPCResponse {
    static func json(id: JSONValue, _ result: Result<JSONValue, RPCFailure>) -> JSONValue {
        switch result {
        case .success(let value): ["jsonrpc": "2.0", "result": value, "id": id]
        case .failure(let failure): ["jsonrpc": "2.0", "error": failure.json, "id": id]
        }
    }
}
