import CurlHTTP
import Logging
import PeerChannel
import PeerRelay
import SodiumCrypto
import Synchronization
import Testing

/// A relay and what its tests put around it; everything ends with the scope that made it.
struct RelayWorld: Sendable {
    static let context = PeerContext(
        genesisHash: [UInt8](repeating: 1, count: 32),
        program: [UInt8](repeating: 2, count: 32),
        serverWallet: [UInt8](repeating: 3, count: 32)
    )
    static let request = PeerRequest(address: Array("a request address of thirty-two.".utf8))

    let relay: Relay
    let address: RelayAddress

    /// Runs a relay on a free port for as long as `body` runs.
    static func withRelay<Result: Sendable>(
        port: Int = 0,
        identity: X25519.PrivateKey = X25519.PrivateKey(),
        logger: Logger = Logger(label: "test.relay", factory: { _ in SwiftLogNoOpLogHandler() }),
        limits: RelayLimits = RelayLimits(),
        _ body: @escaping @Sendable (RelayWorld) async throws -> Result
    ) async throws -> Result {
        var configuration = Relay.Configuration()
        configuration.host = "127.0.0.1"
        configuration.port = port
        configuration.limits = limits
        let relay = Relay(configuration: configuration, identity: identity, logger: logger)
        return try await running { onListening in
            try await relay.run(onListening: onListening)
        } body: { port in
            let endpoint = try PeerAddress.Endpoint(host: PeerHost("127.0.0.1")!, port: UInt16(port))
            return try await body(
                RelayWorld(relay: relay, address: RelayAddress(endpoint: endpoint, key: identity.publicKey))
            )
        }
    }

    /// Runs a server behind the relay, with no port of its own.
    func withServer<Result: Sendable>(
        identity: X25519.PrivateKey = X25519.PrivateKey(),
        proxy: HTTPProxy? = nil,
        serve: @escaping PeerServer.Serve = RelayWorld.echo,
        _ body: @escaping @Sendable (PeerAddress, PeerServer) async throws -> Result
    ) async throws -> Result {
        var configuration = PeerServer.Configuration()
        configuration.listensDirectly = false
        configuration.relays = [address]
        configuration.handshakeTimeout = .seconds(60)
        configuration.relayProxy = proxy
        let server = PeerServer(
            configuration: configuration,
            identity: identity,
            context: Self.context,
            logger: Logger(label: "test.server", factory: { _ in SwiftLogNoOpLogHandler() }),
            authorize: { _ in PeerAdmission { _ in } },
            serve: serve
        )
        return try await Self.running { onListening in
            try await server.run(onListening: onListening)
        } body: { _ in
            try await body(try address.address(ofServer: identity.publicKey), server)
        }
    }

    /// Answers each prompt with itself.
    static let echo: PeerServer.Serve = { session in
        while let prompt = try await session.nextPrompt() {
            let answer = session.answer(to: prompt)
            try await answer.accept(
                AnswerParameters(inputTokens: 1, maximumOutputTokens: 1_000_000, voucherWindow: 1_000_000)
            )
            for start in stride(from: 0, to: prompt.bytes.count, by: 4_096) {
                try await answer.send(Array(prompt.bytes[start..<min(start + 4_096, prompt.bytes.count)]), tokens: 1)
            }
            try await answer.finish(.stop, inputTokens: 1, outputTokens: 1)
        }
    }

    static func options(
        proxy: HTTPProxy? = nil,
        policy: DialPolicy = .allowingLoopback,
        reconnection: PeerReconnection = .standard
    ) -> PeerClient.Options {
        PeerClient.Options(
            dialPolicy: policy,
            proxy: proxy,
            shaping: .off,
            connectTimeout: .seconds(60),
            handshakeTimeout: .seconds(60),
            reconnection: reconnection
        )
    }

    /// Asks a server once, and gives the text that came back.
    static func ask(
        _ address: PeerAddress,
        _ prompt: [UInt8],
        options: PeerClient.Options = options()
    ) async throws -> [UInt8] {
        try await PeerClient(logger: Logger(label: "test.client", factory: { _ in SwiftLogNoOpLogHandler() }))
            .withSession(
                to: address,
                context: context,
                identity: X25519.PrivateKey(),
                request: request,
                options: options
            ) { session in
                var text: [UInt8] = []
                for try await event in try await session.prompt(prompt).events {
                    if case .data(let data) = event { text += data.bytes }
                }
                return text
            }
    }

    /// Asks a server that echoes, and expects its echo.
    static func expectEcho(
        _ address: PeerAddress,
        _ prompt: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await ask(address, prompt)
        #expect(answer == prompt, sourceLocation: sourceLocation)
    }

    /// Runs a service beside `body`, which begins when the service listens.
    private static func running<Result: Sendable>(
        _ service: @escaping @Sendable (@escaping @Sendable (Int) async throws -> Void) async throws -> Void,
        body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await service { continuation.yield($0) }
                return nil
            }
            group.addTask {
                for await port in ports { return try await body(port) }
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}

extension RelayLimits {
    /// The defaults, but for what `change` changes.
    static func with(_ change: (inout RelayLimits) -> Void) -> RelayLimits {
        var limits = RelayLimits()
        change(&limits)
        return limits
    }
}

/// Collects log lines.
final class LogLines: LogHandler, Sendable {
    private let collected: Mutex<[String]>
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    init() { collected = Mutex([]) }

    var lines: [String] { collected.withLock { $0 } }
    var logger: Logger { Logger(label: "test", factory: { _ in self }) }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        collected.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
}
