import CurlHTTP
import Foundation
import JSON
import Testing

@testable import LocalCluster

/// Raw JSON-RPC calls over HTTP, so that tests see exactly what a client would.
struct JSONRPC {
    let url: String
    private let client = HTTPClient()

    init(_ cluster: LocalCluster) {
        url = cluster.rpcURL
    }

    init(url: String) {
        self.url = url
    }

    func post(_ body: [UInt8], contentType: String = "application/json") async throws -> HTTPResponse {
        try await client.send(
            HTTPRequest(method: .post, url: url, headers: ["Content-Type": contentType], body: body)
        )
    }

    func post(_ text: String) async throws -> JSONValue {
        let response = try await post(Array(text.utf8))
        #expect(response.status == 200)
        return try JSONValue(parsing: response.body)
    }

    /// The whole answer to one call.
    func answer(_ method: String, _ parameters: JSONValue...) async throws -> JSONValue {
        try await answer(method, .array(parameters))
    }

    func answer(_ method: String, _ parameters: JSONValue) async throws -> JSONValue {
        let call: JSONValue = ["jsonrpc": "2.0", "id": 7, "method": .string(method), "params": parameters]
        let response = try await post(call.serialized())
        #expect(response.status == 200)
        let answer = try JSONValue(parsing: response.body)
        #expect(answer["jsonrpc"] == "2.0")
        #expect(answer["id"] == 7)
        return answer
    }

    /// The result of a call that has to succeed.
    func call(_ method: String, _ parameters: JSONValue...) async throws -> JSONValue {
        let answer = try await answer(method, .array(parameters))
        #expect(answer["error"] == nil, "\(method): \(String(describing: answer["error"]))")
        return answer["result"] ?? .null
    }

    /// The error of a call that has to fail.
    func refusal(_ method: String, _ parameters: JSONValue...) async throws -> JSONValue {
        let answer = try await answer(method, .array(parameters))
        #expect(answer["result"] == nil)
        return try #require(answer["error"])
    }
}

extension JSONValue {
    /// The number of an unsigned integer.
    var count: UInt64? { if case .unsigned(let number) = self { number } else { nil } }
}
