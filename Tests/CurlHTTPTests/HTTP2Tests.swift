import CurlHTTP
import Foundation
import Testing

/// HTTP/2 against Hypercorn, because no server in the standard library of Python speaks it.
///
/// `Scripts/test` sets the variable; by hand: `CHAINFERENCE_INTEROP_PYTHON=$(Scripts/venv Interop) swift test`.
private let interpreter = ProcessInfo.processInfo.environment["CHAINFERENCE_INTEROP_PYTHON"]

@Suite("HTTP/2", .enabled(if: interpreter != nil, "CHAINFERENCE_INTEROP_PYTHON names no interpreter"), .serialized)
struct HTTP2Tests {
    private let server: TLSServer
    private let client: HTTPClient

    init() throws {
        server = try TLSServer(http2With: interpreter ?? "")
        let window = 1 << 16
        client = HTTPClient(configuration: .init(certificateAuthorities: server.authority, streamWindow: window))
    }

    private func request(_ path: String, timeouts: HTTPTimeouts = .init()) -> HTTPRequest {
        HTTPRequest(url: "https://localhost:\(server.port)\(path)", timeouts: timeouts)
    }

    @Test("It is spoken where the server offers it, and two hundred requests at a time are not mixed")
    func multiplexing() async throws {
        let first = try await client.send(request("/first"))
        #expect(first.head.version == .http2)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask { [client, request = request("/\(number)")] in
                    try await client.send(request).body == Array("/\(number)".utf8)
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test("A stream whose reader waits does not hold up the others, and loses nothing")
    func backpressure() async throws {
        let response = try await client.stream(request("/large", timeouts: .init(idle: nil)))
        var chunks = response.body.makeAsyncIterator()
        var received = try #require(try await chunks.next())
        for number in 0..<20 {
            let other = try await client.send(request("/\(number)"))
            #expect(other.body == Array("/\(number)".utf8))
        }
        while let chunk = try await chunks.next() {
            #expect(chunk.count <= 1 << 17)
            received += chunk
        }
        #expect(received.count == 256 << 16)
        #expect((0..<256).allSatisfy { received[$0 << 16] == UInt8($0) && received[($0 << 16) + 65_535] == UInt8($0) })
    }

    @Test("Giving streams up, and losing patience, leaves the connection usable")
    func resets() async throws {
        for _ in 0..<20 {
            for try await chunk in try await client.stream(request("/hang")).body {
                #expect(chunk == Array("x".utf8))
                break
            }
        }
        let idle = Duration.milliseconds(200)
        await #expect(throws: HTTPError.timedOut(.body, limit: idle)) {
            _ = try await client.send(request("/hang", timeouts: .init(idle: idle)))
        }
        let after = try await client.send(request("/after"))
        #expect(after.body == Array("/after".utf8))
    }
}
