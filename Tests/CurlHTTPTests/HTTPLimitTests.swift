import CurlHTTP
import Foundation
import Testing

@Suite("Limits and deadlines")
struct HTTPLimitTests {
    @Test(
        "A hundred megabytes are refused, announced or not, streamed or not",
        arguments: [true, false],
        [true, false]
    )
    func largeBody(isAnnounced: Bool, isStreamed: Bool) async throws {
        let limit = 1 << 20
        let sent = Signal<Int>()
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            let size = 100 << 20
            connection.write("HTTP/1.1 200 OK\r\n" + (isAnnounced ? "Content-Length: \(size)\r\n\r\n" : "\r\n"))
            let block = [UInt8](repeating: 1, count: 1 << 16)
            var count = 0
            while count < size, connection.write(block) { count += block.count }
            sent.send(count)
        } _: { server in
            let client = HTTPClient()
            let request = HTTPRequest(url: server.url(), maximumBodySize: limit)
            if isStreamed {
                var received = 0
                await #expect(throws: HTTPError.bodyTooLarge(limit: limit)) {
                    for try await chunk in try await client.stream(request).body { received += chunk.count }
                }
                #expect(received <= limit)
            } else {
                await #expect(throws: HTTPError.bodyTooLarge(limit: limit)) { _ = try await client.send(request) }
            }
            // The connection was cut; what got out is what socket buffers hold.
            let count = try #require(await sent.next())
            #expect(count < 24 << 20)
        }
    }

    @Test("A body of exactly the limit is fine")
    func exactLimit() async throws {
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345")
        } _: { server in
            let response = try await HTTPClient().send(HTTPRequest(url: server.url(), maximumBodySize: 5))
            #expect(response.body == Array("12345".utf8))
        }
    }

    @Test("Sixteen megabytes of zeros in 153 bytes of nested gzip are refused by what they unpack to")
    func decompressionBomb() async throws {
        let bomb = try #require(Data(base64Encoded: Self.bomb))
        try await withServer { connection in
            guard let headers = connection.readHeaders(), headers.lowercased().contains("accept-encoding:") else {
                return
            }
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
            connection.write(bomb)
        } _: { server in
            await #expect(throws: HTTPError.bodyTooLarge(limit: 1 << 20)) {
                _ = try await HTTPClient().send(HTTPRequest(url: server.url(), maximumBodySize: 1 << 20))
            }
            let response = try await HTTPClient().send(HTTPRequest(url: server.url(), maximumBodySize: 16 << 20))
            #expect(response.body.count == 16 << 20)
        }
    }

    @Test("Headers without end are refused", arguments: [true, false])
    func headerFlood(isOneLine: Bool) async throws {
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nX-Flood: ")
            let filler = String(repeating: "a", count: 1_000)
            while connection.write(isOneLine ? filler : "\(filler)\r\nX-Flood: ") {}
        } _: { server in
            await #expect(throws: HTTPError.headersTooLarge(limit: 131_072)) {
                _ = try await HTTPClient().send(HTTPRequest(url: server.url()))
            }
        }
    }

    @Test("Silence ends a request, and the error says in which phase")
    func silence() async throws {
        let idle = Duration.milliseconds(150)
        let answers: [(String, HTTPError.Phase)] = [
            ("", .waitingForResponse),
            ("HTTP/1.1 200 OK\r\nX-Slow: ", .waitingForResponse),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", .body),
        ]
        for (answer, phase) in answers {
            try await withServer { connection in
                guard connection.readHeaders() != nil else { return }
                connection.write(answer)
                connection.waitForClose()
            } _: { server in
                let request = HTTPRequest(url: server.url(), timeouts: .init(idle: idle))
                await #expect(throws: HTTPError.timedOut(phase, limit: idle)) {
                    _ = try await HTTPClient().send(request)
                }
            }
        }
    }

    @Test("A slow loris passes the idle deadline and fails the total one")
    func slowLoris() async throws {
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while connection.write("a"), connection.staysOpen(forMilliseconds: 20) {}
        } _: { server in
            let total = Duration.milliseconds(600)
            let request = HTTPRequest(url: server.url(), timeouts: .init(idle: .milliseconds(400), total: total))
            await #expect(throws: HTTPError.timedOut(.wholeRequest, limit: total)) {
                _ = try await HTTPClient().send(request)
            }
        }
    }

    @Test("Bytes that go out are no silence")
    func slowUpload() async throws {
        let size = 32 << 20
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            var received = 0
            var rounds = 0
            while received < size, let bytes = connection.read(upTo: 65_536) {
                received += bytes.count
                rounds += 1
                // Twice the idle deadline in all; then fast, since what sits in socket buffers has gone out already.
                if rounds < 40, !connection.staysOpen(forMilliseconds: 50) { return }
            }
            connection.write("HTTP/1.1 204 No Content\r\n\r\n")
        } _: { server in
            let request = HTTPRequest(
                method: .put,
                url: server.url(),
                body: [UInt8](repeating: 0, count: size),
                timeouts: .init(idle: .seconds(1))
            )
            let response = try await HTTPClient().send(request)
            #expect(response.status == 204)
        }
    }

    @Test("The longest silence can be changed while a stream runs")
    func changedIdleTimeout() async throws {
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1")
            connection.waitForClose()
        } _: { server in
            let request = HTTPRequest(url: server.url(), timeouts: .init(idle: nil))
            let response = try await HTTPClient().stream(request)
            response.body.setIdleTimeout(.milliseconds(50))
            await #expect(throws: HTTPError.timedOut(.body, limit: .milliseconds(50))) {
                for try await _ in response.body {}
            }
        }
    }

    @Test("A host that takes the connection and never speaks TLS fails while connecting")
    func connectDeadline() async throws {
        try await withServer { connection in
            connection.waitForClose()
        } _: { server in
            let limit = Duration.milliseconds(200)
            let request = HTTPRequest(url: "https://127.0.0.1:\(server.port)/", timeouts: .init(connect: limit))
            await #expect(throws: HTTPError.timedOut(.connecting, limit: limit)) {
                _ = try await HTTPClient().send(request)
            }
        }
    }

    /// `gzip(gzip(16 MiB of zeros))`.
    private static let bomb = """
        H4sIAAAAAAACA+3arQ3CYBSG0f4gGgTgEXQMDIKQIFCYasIQOEQTJIYVSKhmBZiCsANBoAmlH0MgmnPUq698ckf7LAqS9HGN42aU\
        h8/5mXUjAAAAoOXK+y4NMSDK69t8WQAAAABtt+73Or8o8F4Np84BAAAArVdNxnloAYNXvZklHiUAAADgDy7F4rg9NSP+Ag5zyLbI\
        PwAA
        """
}
