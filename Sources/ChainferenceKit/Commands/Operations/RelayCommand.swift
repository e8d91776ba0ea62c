public import ArgumentParser
import Logging
import PeerChannel
import PeerRelay
import ServiceLifecycle
import SodiumCrypto
import UnixSignals

/// `chainference relay`: makes servers without a public address reachable, without reading what passes.
public struct RelayCommand: AsyncParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "Run a blind relay: servers behind NAT dial out to it, and clients reach them through it.",
        discussion: """
            It passes bytes that it can't read, tells no server where a client comes from, and logs no client's address. Its \
            key is made at the first start; whoever has the file can be this relay.
            """
    )

    @Option(help: "The address to listen on.")
    var listen = "0.0.0.0"

    @Option(help: "The port to listen on; 0 for any free one.")
    var port = RelayAddress.defaultPort

    @Option(help: "The host name or address that servers and clients use.")
    var advertise: String?

    @Option(help: "The file with the relay's key.")
    var key = "chainference-relay.key"

    @Option(help: "The most servers at a time.")
    var servers = RelayLimits().reservations

    @Option(help: "The most circuits at a time.")
    var circuits = RelayLimits().circuits

    @Option(help: "The most circuits of one client's network (an IPv4 address, an IPv6 /64).")
    var circuitsPerSource = RelayLimits().circuitsPerSource

    @Option(help: "Seconds that a circuit may last.")
    var circuitSeconds = RelayLimits().circuitDuration.components.seconds

    @Option(help: "Bytes that a circuit may carry.")
    var circuitBytes = RelayLimits().circuitBytes

    @Option(help: "Seconds between two lines about what the relay is doing; 0 for none.")
    var report: Int = 60

    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Runs the relay.
    public func run() async throws {
        var configuration = Relay.Configuration()
        configuration.host = listen
        configuration.port = port
        configuration.limits.reservations = servers
        configuration.limits.circuits = circuits
        configuration.limits.circuitsPerSource = circuitsPerSource
        configuration.limits.circuitDuration = .seconds(circuitSeconds)
        configuration.limits.circuitBytes = circuitBytes
        let identity = try RelayKeyFile.load(creatingAt: key)
        let host = advertise ?? (listen == "0.0.0.0" ? "127.0.0.1" : listen)
        guard let advertised = PeerHost(host) else {
            throw ValidationError("'\(host)' is no host name and no IP address.")
        }
        let service = RelayService(
            relay: Relay(configuration: configuration, identity: identity),
            report: report > 0 ? .seconds(report) : nil,
            output: output
        ) { [output] port in
            let endpoint = try PeerAddress.Endpoint(host: advertised, port: UInt16(clamping: port))
            output.print(RelayReport(relay: "\(try RelayAddress(endpoint: endpoint, key: identity.publicKey))"))
        }
        let group = ServiceGroup(
            services: [service],
            gracefulShutdownSignals: [.sigint, .sigterm],
            logger: Logger(label: "chainference.relay")
        )
        try await group.run()
    }
}

/// The relay as a service: a signal ends it.
private struct RelayService: Service {
    let relay: Relay
    let report: Duration?
    let output: OutputOptions
    let onListening: @Sendable (Int) throws -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await relay.run { try onListening($0) } }
                if let report {
                    group.addTask {
                        while true {
                            try await Task.sleep(for: report)
                            output.print(RelayActivityReport(relay.status))
                        }
                    }
                }
                defer { group.cancelAll() }
                do {
                    try await group.next()
                } catch is CancellationError {
                    return
                }
            }
        }
    }
}

/// The address of a relay that listens.
struct RelayReport: Report {
    let relay: String

    var text: String { "relay \(relay)" }
}

/// What a relay is doing, and has done since its start.
struct RelayActivityReport: Report {
    let servers: Int
    let circuits: Int
    let opened: UInt64
    let refused: UInt64
    let bytes: UInt64

    init(_ status: Relay.Status) {
        servers = status.servers
        circuits = status.circuits
        opened = status.opened
        refused = status.refused
        bytes = status.bytes
    }

    var text: String {
        "\(servers) servers, \(circuits) circuits now; \(opened) opened, \(refused) refused, \(bytes) bytes since the start"
    }
}
