import CurlHTTP
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Proxies")
struct HTTPProxyTests {
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied"

    @Test("HTTP: a tunnel is asked for by name, with the proxy's credentials, which the server does not see")
    func connect() async throws {
        let seen = Signal<[String]>()
        try await withServer { connection in
            guard let connect = connection.readHeaders() else { return }
            connection.write("HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n")
            guard let request = connection.readHeaders() else { return }
            connection.write(Self.answer)
            seen.send([connect, request])
        } _: { proxy in
            let client = HTTPClient(
                configuration: .init(
                    proxy: .init(
                        .httpConnect,
                        host: "127.0.0.1",
                        port: proxy.port,
                        credentials: .init(user: "me", password: "p:w")
                    ),
                    allowsPlaintext: true
                )
            )
            // A name that no resolver here knows: the proxy's business.
            let response = try await client.send(HTTPRequest(url: "http://chainference.invalid/path"))
            #expect(response.body == Array("proxied".utf8))
            #expect(response.headers["X-Proxy"] == nil)
            let messages = try #require(await seen.next())
            #expect(messages[0].hasPrefix("CONNECT chainference.invalid:80 HTTP/1."))
            #expect(messages[0].contains("Proxy-Authorization: Basic bWU6cDp3\r\n"))
            #expect(messages[1].hasPrefix("GET /path HTTP/1.1\r\n"))
            #expect(!messages[1].contains("Proxy-"))
        }
    }

    @Test("SOCKS 5: the name goes to the proxy unresolved")
    func socks() async throws {
        let seen = Signal<[UInt8]>()
        try await withServer { connection in
            guard let greeting = connection.read(upTo: 2), let methods = connection.read(upTo: Int(greeting[1])) else {
                return
            }
            guard methods.contains(0) else { return }
            connection.write([5, 0])
            guard let head = connection.read(upTo: 5), head.count == 5 else { return }
            guard let rest = connection.read(upTo: Int(head[4]) + 2) else { return }
            connection.write([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            guard connection.readHeaders() != nil else { return }
            connection.write(Self.answer)
            seen.send(head + rest)
        } _: { proxy in
            let client = HTTPClient(
                configuration: .init(proxy: .init(.socks5, host: "127.0.0.1", port: proxy.port), allowsPlaintext: true)
            )
            let response = try await client.send(HTTPRequest(url: "http://chainference.invalid:81/"))
            #expect(response.body == Array("proxied".utf8))
            // Version 5, connect, reserved, a domain name.
            #expect(await seen.next() == [5, 1, 0, 3, 20] + Array("chainference.invalid".utf8) + [0, 81])
        }
    }

    @Test("A proxy that refuses, fails or is not there is never gone around", arguments: HTTPProxy.Kind.all)
    func failure(_ kind: HTTPProxy.Kind) async throws {
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write(Self.answer)
        } _: { target in
            try await withServer { connection in
                switch kind {
                case .httpConnect:
                    guard connection.readHeaders() != nil else { return }
                    connection.write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                case .socks5:
                    _ = connection.read(upTo: 3)
                    connection.write([5, 0xff])
                }
            } _: { proxy in
                let nobody = try ClosedPort()
                for port in [proxy.port, nobody.port] {
                    let client = HTTPClient(
                        configuration: .init(proxy: .init(kind, host: "127.0.0.1", port: port), allowsPlaintext: true)
                    )
                    let error = await #expect(throws: HTTPError.self) {
                        _ = try await client.send(HTTPRequest(url: target.url()))
                    }
                    guard case .proxyFailed(_, let reason) = error else {
                        Issue.record("\(String(describing: error))")
                        continue
                    }
                    switch reason {
                    case .credentials(let text):
                        #expect(port == proxy.port)
                        if kind == .httpConnect { #expect(text.contains("407")) }
                    case .unreachable: #expect(port == nobody.port)
                    default: Issue.record("\(reason)")
                    }
                }
                #expect(target.connectionCount == 0)
            }
        }
    }

    @Test("The environment's proxies are not looked at")
    func environment() async {
        // In a process of its own: changing the environment of one with many threads is not safe.
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
                setenv(name, "http://127.0.0.1:1", 1)
            }
            try await withServer { connection in
                guard connection.readHeaders() != nil else { return }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ndirect")
            } _: { server in
                let response = try await HTTPClient().send(HTTPRequest(url: server.url()))
                precondition(response.body == Array("direct".utf8))
            }
        }
    }
}

extension HTTPProxy.Kind {
    static var all: [HTTPProxy.Kind] { [.httpConnect, .socks5] }
}
