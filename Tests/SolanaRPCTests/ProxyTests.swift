import CurlHTTP
import LocalCluster
import Solana
import Testing

@testable import SolanaRPC

@Suite("Subscriptions through proxies", .timeLimit(.minutes(1)))
struct ProxyTests {
    /// Waits for the first slot that a cluster tells of under a name that only the proxy knows.
    private func slot(
        through proxy: HTTPProxy,
        host: String = "cluster.invalid",
        allowsPlaintext: Bool = true
    ) async throws -> UInt64 {
        let cluster = try Cluster(
            rpcURL: "http://127.0.0.1:1",
            webSocketURL: "ws://\(host):8900",
            allowsPlaintext: true
        )
        let configuration = PubSubConfiguration(
            connectTimeout: .seconds(30),
            proxy: proxy,
            allowsPlaintextThroughProxy: allowsPlaintext
        )
        return try await PubSubClient.withClient(cluster: cluster, configuration: configuration) { client in
            try await client.withSlotSubscription { events in
                for try await event in events {
                    if let slot = event.value?.slot { return slot }
                }
                throw CancellationError()
            }
        }
    }

    private func failure(through proxy: HTTPProxy, to url: String, allowsPlaintext: Bool = true) async throws -> String
    {
        let cluster = try Cluster(rpcURL: "http://127.0.0.1:1", webSocketURL: url, allowsPlaintext: true)
        let configuration = PubSubConfiguration(
            connectTimeout: .seconds(30),
            proxy: proxy,
            allowsPlaintextThroughProxy: allowsPlaintext
        )
        do {
            try await NIOWebSocketTransport().withConnection(to: cluster.webSocket, configuration: configuration) { _ in
            }
            return "connected"
        } catch {
            return "\(error)"
        }
    }

    @Test(
        "HTTP and SOCKS proxies carry subscriptions, and resolve the name",
        arguments: [HTTPProxy.Kind.httpConnect, .socks5]
    )
    func tunnel(kind: HTTPProxy.Kind) async throws {
        try await LocalCluster.withRunning(.testing()) { cluster in
            let port = try #require(cluster.webSocketURL.split(separator: ":").last.flatMap { Int($0) })
            let proxy = TestProxy { $0.hasSuffix("cluster.invalid:8900") ? port : nil }
            try await proxy.run { proxyPort async throws in
                #expect(try await slot(through: HTTPProxy(kind, host: "127.0.0.1", port: proxyPort)) > 0)
            }
            #expect(proxy.seen == ["cluster.invalid:8900"])
        }
    }

    @Test("Calls go through proxies of both kinds, and the name is resolved there")
    func calls() async throws {
        try await LocalCluster.withRunning(.testing()) { cluster in
            let port = try #require(cluster.rpcURL.split(separator: ":").last.flatMap { Int($0) })
            for kind in [HTTPProxy.Kind.httpConnect, .socks5] {
                let proxy = TestProxy(logins: kind == .socks5 ? ["me:pw"] : []) {
                    $0.hasSuffix("cluster.invalid:8899") ? port : nil
                }
                try await proxy.run { proxyPort async throws in
                    let login = HTTPProxy.Credentials(user: "me", password: "pw")
                    let way = HTTPProxy(kind, host: "127.0.0.1", port: proxyPort, credentials: login)
                    let http = HTTPClient(configuration: .init(proxy: way, allowsPlaintext: true))
                    let hidden = try Cluster(rpcURL: "http://cluster.invalid:8899", allowsPlaintext: true)
                    #expect(try await RPCClient(cluster: hidden, http: http).getSlot() > 0)
                    await http.shutDown()
                }
                let credentials = kind == .socks5 ? "me:pw" : "Basic bWU6cHc="
                #expect(proxy.seen == ["\(credentials) cluster.invalid:8899"])
            }
        }
    }

    @Test("Tor: an onion's name reaches the proxy as it is, and each login has streams of its own")
    func onion() async throws {
        let host = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
        try await LocalCluster.withRunning(.testing()) { cluster in
            let calls = try #require(cluster.rpcURL.split(separator: ":").last.flatMap { Int($0) })
            let notices = try #require(cluster.webSocketURL.split(separator: ":").last.flatMap { Int($0) })
            let proxy = TestProxy(logins: ["alice:1", "bob:1"]) { target in
                if target.hasSuffix("\(host):8899") { return calls }
                return target.hasSuffix("\(host):8900") ? notices : nil
            }
            try await proxy.run { port async throws in
                for user in ["alice", "bob"] {
                    let login = HTTPProxy.Credentials(user: user, password: "1")
                    let tor = HTTPProxy(.socks5, host: "127.0.0.1", port: port, credentials: login)
                    let http = HTTPClient(configuration: .init(proxy: tor, allowsPlaintext: true))
                    let hidden = try Cluster(rpcURL: "http://\(host):8899", allowsPlaintext: true)
                    #expect(try await RPCClient(cluster: hidden, http: http).getSlot() > 0)
                    await http.shutDown()
                    #expect(try await slot(through: tor, host: host) > 0)
                }
            }
            #expect(
                proxy.seen == ["alice:1", "bob:1"].flatMap { ["\($0) \(host):8899", "\($0) \(host):8900"] }
            )
        }
    }

    @Test("Credentials go to proxies of both kinds, and never into an error")
    func credentials() async throws {
        let login = HTTPProxy.Credentials(user: "me", password: "pw")
        for kind in [HTTPProxy.Kind.httpConnect, .socks5] {
            let proxy = TestProxy(logins: ["me:pw"]) { _ in nil }
            try await proxy.run { port async throws in
                let way = HTTPProxy(kind, host: "127.0.0.1", port: port, credentials: login)
                let failure = try await failure(through: way, to: "wss://cluster.invalid")
                #expect(failure.hasPrefix("the proxy failed"))
                #expect(!failure.contains("pw"))
            }
            let credentials = kind == .socks5 ? "me:pw" : "Basic bWU6cHc="
            #expect(proxy.seen == ["\(credentials) cluster.invalid:443"])
        }
    }

    @Test("A SOCKS proxy's demand for a login, or for another one, is told as such")
    func wrongLogin() async throws {
        let proxy = TestProxy(logins: ["me:pw"]) { _ in nil }
        try await proxy.run { port async throws in
            for login in [nil, HTTPProxy.Credentials(user: "me", password: "guess")] {
                let way = HTTPProxy(.socks5, host: "127.0.0.1", port: port, credentials: login)
                let failure = try await failure(through: way, to: "wss://cluster.invalid")
                #expect(failure.contains("it wants other credentials"), "\(failure)")
                #expect(!failure.contains("guess"))
            }
        }
        #expect(proxy.seen.isEmpty)
    }

    @Test("A proxy that refuses, hangs up or is not there ends in an error; nothing goes around it")
    func refusals() async throws {
        for kind in [HTTPProxy.Kind.httpConnect, .socks5] {
            let nobody = HTTPProxy(kind, host: "127.0.0.1", port: 1)
            #expect(try await failure(through: nobody, to: "wss://cluster.invalid").hasPrefix("the proxy failed"))
            let proxy = TestProxy { _ in nil }
            try await proxy.run { port async throws in
                let refusing = HTTPProxy(kind, host: "127.0.0.1", port: port)
                let failure = try await failure(through: refusing, to: "wss://cluster.invalid")
                #expect(failure.hasPrefix("the proxy failed"))
            }
        }
    }

    @Test("Plain text does not go through a proxy unless that is allowed")
    func plaintext() async throws {
        let proxy = TestProxy { _ in nil }
        try await proxy.run { port async throws in
            let http = HTTPProxy(.httpConnect, host: "127.0.0.1", port: port)
            let failure = try await failure(through: http, to: "ws://127.0.0.1:1", allowsPlaintext: false)
            #expect(failure.contains("not encrypted"))
        }
        #expect(proxy.seen.isEmpty)
    }
}
