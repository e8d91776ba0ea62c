import CurlHTTP
import Foundation
import PeerChannel
import SodiumCrypto
import Testing

@testable import PeerRelay

/// Proxies from the system's packages, run for a test.
enum InstalledProxy: String, CaseIterable, Sendable {
    case tinyproxy
    case microsocks

    var path: String? {
        ["/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"].map { $0 + rawValue }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static let areMissing = allCases.filter { $0.path == nil }

    /// Runs the proxy for as long as `body` runs.
    ///
    /// - Parameters:
    ///   - credentials: What the proxy demands.
    ///   - ports: The ports that tinyproxy may connect to, if not all.
    ///   - body: Uses the proxy.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    func run<Result>(
        credentials: HTTPProxy.Credentials? = nil,
        ports: [Int] = [],
        _ body: (HTTPProxy) async throws -> Result
    ) async throws -> Result {
        let port = try Self.freePort()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(path))
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        var configuration: URL?
        switch self {
        case .tinyproxy:
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tinyproxy-\(UUID().uuidString)")
            var lines = ["Port \(port)", "Listen 127.0.0.1", "Allow 127.0.0.1", "MaxClients 200", "LogLevel Critical"]
            if let credentials { lines.append("BasicAuth \(credentials.user) \(credentials.password)") }
            lines += ports.map { "ConnectPort \($0)" }
            try Data(lines.joined(separator: "\n").utf8).write(to: file)
            configuration = file
            process.arguments = ["-d", "-c", file.path]
        case .microsocks:
            process.arguments = ["-i", "127.0.0.1", "-p", "\(port)"]
            if let credentials { process.arguments! += ["-u", credentials.user, "-P", credentials.password] }
        }
        try process.run()
        defer {
            // tinyproxy hears SIGTERM only with its next connection.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if let configuration { try? FileManager.default.removeItem(at: configuration) }
        }
        // It listens a moment later than it runs.
        while (try? await HTTPClient().connect(toHost: "127.0.0.1", port: UInt16(port))) == nil {
            try #require(process.isRunning)
            await Task.yield()
        }
        return try await body(proxy(port: UInt16(port), credentials: credentials))
    }

    func proxy(port: UInt16, credentials: HTTPProxy.Credentials? = nil) -> HTTPProxy {
        HTTPProxy(
            self == .tinyproxy ? .httpConnect : .socks5,
            host: "127.0.0.1",
            port: port,
            credentials: credentials
        )
    }

    private static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int in
                guard bind(socket, address, length) == 0, getsockname(socket, address, &length) == 0 else { return 0 }
                return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    Int($0.pointee.sin_port.bigEndian)
                }
            }
        }
        try #require(port > 0)
        return port
    }
}

@Suite(
    "Proxying with off-the-shelf proxies",
    .enabled(
        if: InstalledProxy.areMissing.isEmpty,
        "tinyproxy and microsocks are not installed; Scripts/setup --tests does it"
    ),
    .timeLimit(.minutes(4))
)
struct ProxyTests {
    /// Runs a server with a port of its own.
    private static func withServer<Result: Sendable>(
        _ body: @escaping @Sendable (PeerAddress) async throws -> Result
    ) async throws -> Result {
        let identity = X25519.PrivateKey()
        let server = PeerServer(
            configuration: .init(host: "127.0.0.1", port: 0),
            identity: identity,
            context: RelayWorld.context,
            authorize: { _ in PeerAdmission { _ in } },
            serve: RelayWorld.echo
        )
        let ports = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await server.run { ports.continuation.yield($0) }
                return nil
            }
            group.addTask {
                for await port in ports.stream {
                    // A name, so that the proxy is who resolves it.
                    let endpoint = try PeerAddress.Endpoint(host: PeerHost("localhost")!, port: UInt16(port))
                    return try await body(PeerAddress(endpoint: endpoint, serverKey: identity.publicKey))
                }
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private static let prompt = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

    @Test("A session through a proxy, with and without credentials", arguments: InstalledProxy.allCases, [false, true])
    func session(through installed: InstalledProxy, withCredentials: Bool) async throws {
        let credentials = withCredentials ? HTTPProxy.Credentials(user: "me", password: "secret") : nil
        try await Self.withServer { address in
            try await installed.run(credentials: credentials) { proxy in
                let answer = try await RelayWorld.ask(address, Self.prompt, options: RelayWorld.options(proxy: proxy))
                #expect(answer == Self.prompt)
            }
        }
    }

    @Test(
        "A name that only the proxy could resolve is asked for at the proxy, not here",
        arguments: InstalledProxy.allCases
    )
    func names(installed: InstalledProxy) async throws {
        try await installed.run { proxy in
            let endpoint = try PeerAddress.Endpoint(host: PeerHost("nobody.chainference.invalid")!, port: 3_819)
            let address = try PeerAddress(endpoint: endpoint, serverKey: X25519.PrivateKey().publicKey)
            // The policy can't judge a name behind a proxy, and does not resolve it: the failure is the proxy's.
            let error = await #expect(throws: PeerError.self) {
                try await RelayWorld.ask(address, [1], options: RelayWorld.options(proxy: proxy, policy: .publicOnly))
            }
            guard case .proxyFailed(_, .target) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("Failures say whose they are", arguments: InstalledProxy.allCases)
    func failures(installed: InstalledProxy) async throws {
        func failure(_ proxy: HTTPProxy, _ address: PeerAddress) async -> PeerError? {
            await #expect(throws: PeerError.self) {
                try await RelayWorld.ask(address, [1], options: RelayWorld.options(proxy: proxy))
            }
        }
        let closed = try PeerAddress(
            endpoint: .init(host: PeerHost("127.0.0.1")!, port: 1),
            serverKey: X25519.PrivateKey().publicKey
        )
        // Nobody is at the proxy's address.
        guard case .proxyFailed(_, .unreachable)? = await failure(installed.proxy(port: 1), closed) else {
            Issue.record("no proxy")
            return
        }
        // The proxy is there and can't reach the target.
        try await installed.run { proxy in
            guard case .proxyFailed(_, .target)? = await failure(proxy, closed) else {
                Issue.record("no target")
                return
            }
        }
        // It wants credentials, or others.
        try await installed.run(credentials: .init(user: "me", password: "secret")) { proxy in
            for credentials in [nil, HTTPProxy.Credentials(user: "me", password: "wrong")] {
                let asked = installed.proxy(port: proxy.port, credentials: credentials)
                guard case .proxyFailed(let name, .credentials)? = await failure(asked, closed) else {
                    Issue.record("credentials")
                    return
                }
                #expect(!name.contains("wrong"))
            }
        }
        // Its rules forbid the target.
        if installed == .tinyproxy {
            try await installed.run(ports: [443]) { proxy in
                guard case .proxyFailed(_, .forbidden)? = await failure(proxy, closed) else {
                    Issue.record("forbidden")
                    return
                }
            }
        }
    }

    @Test("A proxy of the other kind, or one that says nothing, ends in a typed error, never in a way around it")
    func wrongKind() async throws {
        try await Self.withServer { address in
            try await InstalledProxy.microsocks.run { proxy in
                let error = await #expect(throws: PeerError.self) {
                    try await RelayWorld.ask(
                        address,
                        [1],
                        options: RelayWorld.options(proxy: HTTPProxy(.httpConnect, host: "127.0.0.1", port: proxy.port))
                    )
                }
                guard case .proxyFailed(_, .noProxy) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            // A peer server is silent to those who are no peers: here it plays a proxy.
            let port = address.endpoint.port
            var options = RelayWorld.options(proxy: HTTPProxy(.socks5, host: "127.0.0.1", port: port))
            options.connectTimeout = .milliseconds(300)
            let impatient = options
            let error = await #expect(throws: PeerError.self) {
                try await RelayWorld.ask(address, [1], options: impatient)
            }
            switch error {
            case .proxyFailed(_, .noProxy), .deadlineExceeded(.connect): break
            default: Issue.record("\(String(describing: error))")
            }
        }
    }

    @Test("Literal addresses and special names are judged behind a proxy, too", arguments: InstalledProxy.allCases)
    func literals(installed: InstalledProxy) async throws {
        for host in ["192.168.1.1", "localhost", "printer", "metadata.google.internal"] {
            let address = try PeerAddress(
                endpoint: .init(host: PeerHost(host)!, port: 3_819),
                serverKey: X25519.PrivateKey().publicKey
            )
            // No proxy runs at port 1: it is not even asked.
            await #expect(throws: PeerError.refusedTarget("\(host):3819")) {
                try await RelayWorld.ask(
                    address,
                    [1],
                    options: RelayWorld.options(proxy: installed.proxy(port: 1), policy: .publicOnly)
                )
            }
        }
    }

    @Test("Relay and proxy compose: client, proxy, relay, server", arguments: InstalledProxy.allCases)
    func composition(installed: InstalledProxy) async throws {
        try await RelayWorld.withRelay { world in
            try await world.withServer { address, _ in
                try await installed.run { proxy in
                    let answer = try await RelayWorld.ask(
                        address,
                        Self.prompt,
                        options: RelayWorld.options(proxy: proxy)
                    )
                    #expect(answer == Self.prompt)
                }
            }
        }
    }

    @Test("A server reaches its relay through a proxy, too", arguments: InstalledProxy.allCases)
    func serverBehindProxy(installed: InstalledProxy) async throws {
        try await RelayWorld.withRelay { world in
            try await installed.run { proxy in
                try await world.withServer(proxy: proxy) { address, _ in
                    try await RelayWorld.expectEcho(address, [1, 2, 3])
                }
            }
        }
    }
}
