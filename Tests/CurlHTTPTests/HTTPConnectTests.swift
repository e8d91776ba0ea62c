import CurlHTTP
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Connections for other protocols")
struct HTTPConnectTests {
    /// Reads what comes, at most `count` bytes, and sends one byte first.
    private static func exchange(_ socket: ConnectedSocket, expecting count: Int) throws -> [UInt8] {
        let connection = LocalServer.Connection(descriptor: try #require(socket.takeDescriptor()))
        defer { _ = close(connection.descriptor) }
        // libcurl leaves its sockets non-blocking.
        let flags = fcntl(connection.descriptor, F_GETFL, 0)
        _ = fcntl(connection.descriptor, F_SETFL, flags & ~O_NONBLOCK)
        connection.write([7])
        var bytes: [UInt8] = []
        while bytes.count < count, let more = connection.read(upTo: count - bytes.count) { bytes += more }
        return bytes
    }

    @Test(
        "Bytes that follow a proxy's answer at once are the target's, and none is lost",
        arguments: HTTPProxy.Kind.all
    )
    func nothingIsLost(kind: HTTPProxy.Kind) async throws {
        // Longer than any buffer that libcurl would read an answer into.
        let greeting = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        try await withServer { connection in
            switch kind {
            case .httpConnect:
                guard let connect = connection.readHeaders(), connect.hasPrefix("CONNECT relay.invalid:3820 ") else {
                    return
                }
                connection.write(Array("HTTP/1.1 200 Connected\r\n\r\n".utf8) + greeting)
            case .socks5:
                guard let hello = connection.read(upTo: 2), connection.read(upTo: Int(hello[1])) != nil else { return }
                connection.write([5, 0])
                guard connection.read(upTo: 5) != nil, connection.read(upTo: 15) != nil else { return }
                connection.write([5, 0, 0, 1, 0, 0, 0, 0, 0, 0] + greeting)
            }
            _ = connection.read(upTo: 1)
        } _: { proxy in
            let client = HTTPClient(configuration: .init(proxy: .init(kind, host: "127.0.0.1", port: proxy.port)))
            let socket = try await client.connect(toHost: "relay.invalid", port: 3_820)
            #expect(try Self.exchange(socket, expecting: greeting.count) == greeting)
        }
    }

    @Test("Without a proxy it is a plain connection, which lives on when the client has gone")
    func direct() async throws {
        try await withServer { connection in
            guard connection.read(upTo: 1) == [7] else { return }
            connection.write([1, 2, 3])
        } _: { server in
            let client = HTTPClient()
            let socket = try await client.connect(toHost: "127.0.0.1", port: server.port)
            await client.shutDown()
            #expect(try Self.exchange(socket, expecting: 3) == [1, 2, 3])
        }
    }

    @Test("A proxy that says nothing runs into the deadline")
    func silence() async throws {
        try await withServer { connection in
            _ = connection.read(upTo: 10_000)
            _ = connection.read(upTo: 10_000)
        } _: { proxy in
            let client = HTTPClient(
                configuration: .init(proxy: .init(.httpConnect, host: "127.0.0.1", port: proxy.port))
            )
            let limit = Duration.milliseconds(200)
            await #expect(throws: HTTPError.timedOut(.connecting, limit: limit)) {
                try await client.connect(toHost: "relay.invalid", port: 3_820, timeout: limit)
            }
        }
    }

    @Test("A cancelled caller gets no socket, and none is left behind")
    func cancellation() async throws {
        let door = Door()
        try await withServer { connection in
            _ = connection.readHeaders()
            door.pass()
        } _: { proxy in
            let client = HTTPClient(
                configuration: .init(proxy: .init(.httpConnect, host: "127.0.0.1", port: proxy.port))
            )
            let task = Task { try await client.connect(toHost: "relay.invalid", port: 3_820) }
            task.cancel()
            let result = await task.result
            #expect(throws: HTTPError.cancelled) { try result.get() }
            door.open()
        }
    }

    @Test(
        "A host that would be read as something else is refused",
        arguments: ["", "a/b", "user@host", "host:1", "a b", "host#x", "[::1]"]
    )
    func hosts(host: String) async {
        await #expect(throws: HTTPError.self) { try await HTTPClient().connect(toHost: host, port: 1) }
        await #expect(throws: HTTPError.self) { try await HTTPClient().connect(toHost: "example.org", port: 0) }
    }
}
