import CurlHTTP
import Testing

@Suite("TLS")
struct HTTPSecurityTests {
    @Test("A certificate is accepted for its name and authority, and for nothing else")
    func verification() async throws {
        let server = try TLSServer()
        let trusting = HTTPClient(configuration: .init(certificateAuthorities: server.authority))
        let response = try await trusting.send(HTTPRequest(url: "https://localhost:\(server.port)/"))
        #expect(response.body == Array("secure".utf8))

        let wrongName = HTTPRequest(url: "https://127.0.0.1:\(server.port)/")
        await expectRefusal { _ = try await trusting.send(wrongName) }
        let wrongAuthority = HTTPRequest(url: "https://localhost:\(server.port)/")
        await expectRefusal { _ = try await HTTPClient().send(wrongAuthority) }
        let noAuthority = HTTPClient(configuration: .init(certificateAuthorities: "/nowhere.pem"))
        await expectRefusal { _ = try await noAuthority.send(wrongAuthority) }
    }

    @Test("A server that speaks plain text is no TLS server")
    func plaintextAnswer() async throws {
        try await withServer { connection in
            _ = connection.read(upTo: 100)
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        } _: { server in
            await expectRefusal {
                _ = try await HTTPClient().send(HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
            }
        }
    }

    private func expectRefusal(_ body: () async throws -> Void) async {
        let error = await #expect(throws: HTTPError.self) { try await body() }
        guard case .tlsFailed(_, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!reason.isEmpty)
        #expect(error?.mayHaveReachedServer == false)
    }
}
