import CurlHTTP
import Testing

@Suite("Whole requests and responses")
struct HTTPClientTests {
    @Test("A POST carries method, headers and body, and brings status, headers and body back")
    func exchange() async throws {
        try await withServer { connection in
            guard let (headers, body) = connection.readRequest() else { return }
            let echo = headers + String(decoding: body, as: UTF8.self)
            connection.write(
                "HTTP/1.1 201 Created\r\nX-Twice: 1\r\nx-twice: 2\r\nContent-Length: \(echo.utf8.count)\r\n\r\n\(echo)"
            )
        } _: { server in
            let request = HTTPRequest.post(
                json: Array("{\"a\":1}".utf8),
                to: server.url("/path?q=1"),
                headers: ["X-A": "b"]
            )
            let response = try await HTTPClient().send(request)
            #expect(response.status == 201)
            #expect(response.headers.values(for: "X-TWICE") == ["1", "2"])
            let echo = String(decoding: response.body, as: UTF8.self)
            #expect(echo.hasPrefix("POST /path?q=1 HTTP/1.1\r\n"))
            #expect(echo.contains("\r\nX-A: b\r\n"))
            #expect(echo.contains("\r\nContent-Type: application/json\r\n"))
            #expect(echo.hasSuffix("\r\n\r\n{\"a\":1}"))
        }
    }
}
