import ArgumentParser
import LocalCluster
import Logging
import ServiceLifecycle
import Solana
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs a local cluster until it is told to stop.
@main
struct Localnet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chainference-localnet",
        abstract: "Runs a local Solana-compatible cluster with the market program.",
        discussion: """
            For development: it keeps everything in memory, its keys are public and its lamports worth nothing. The \
            market program runs natively, so the compute units that it reports are estimates.
            """
    )

    @Option(help: "The port for JSON-RPC; 0 for any free one.")
    var rpcPort = 8_899

    @Option(help: "The port for PubSub; the one after the JSON-RPC port if left out.")
    var pubsubPort: Int?

    @Option(help: "The address to listen at.")
    var host = "127.0.0.1"

    @Option(help: "How long a slot lasts.")
    var slotMilliseconds = 400

    @Option(help: "After how many slots a slot is finalized.")
    var finalizationSlots: UInt64 = 31

    @Option(help: "How much SOL the faucet has.")
    var faucet: UInt64 = 500_000_000

    @Option(
        name: .customLong("fault"),
        help: """
            A fault to inject, as kind[:probability[:method,method…]]; may be repeated. Kinds: 429, 429=seconds, 500 to \
            599, delay=milliseconds, drop, drop-answer, lose, behind=slots.
            """,
        transform: { try Fault(parsing: $0) }
    )
    var faults: [Fault] = []

    @Option(help: "What the choice of faulty calls begins from.")
    var faultSeed: UInt64 = 0

    func validate() throws {
        guard (0...65_535).contains(rpcPort), (0...65_535).contains(pubsubPort ?? 0) else {
            throw ValidationError("A port is a number from 0 to 65535.")
        }
        guard (1...60_000).contains(slotMilliseconds) else {
            throw ValidationError("A slot lasts from 1 to 60000 milliseconds.")
        }
        guard faucet > 0, faucet <= 10_000_000_000 else {
            throw ValidationError("The faucet has from 1 to 10000000000 SOL.")
        }
    }

    func run() async throws {
        var settings = LocalCluster.Configuration()
        settings.host = host
        settings.rpcPort = rpcPort
        settings.pubSubPort = pubsubPort
        settings.ledger.slotDuration = .milliseconds(slotMilliseconds)
        settings.ledger.finalizationSlots = finalizationSlots
        settings.ledger.faucetBalance = Lamports(faucet * Lamports.perSOL)

        let cluster = LocalCluster(settings)
        cluster.faults.seed(faultSeed)
        for fault in faults { cluster.faults.inject(fault) }
        let services = ServiceGroup(
            services: [cluster, Banner(cluster: cluster)],
            gracefulShutdownSignals: [.sigint, .sigterm],
            logger: settings.logger
        )
        try await services.run()
    }
}

/// Says where the cluster listens, once it does, and waits for the end.
struct Banner: Service {
    let cluster: LocalCluster

    func run() async throws {
        let endpoints = try await cluster.endpoints()
        print(
            """
            JSON-RPC   \(endpoints.rpcURL)
            PubSub     \(endpoints.webSocketURL)
            Market     \(cluster.configuration.ledger.market.program)
            Stop with Ctrl-C; nothing is kept.
            """
        )
        // Whoever reads this through a pipe wants it now, not when the buffer is full.
        fflush(nil)
        try await gracefulShutdown()
    }
}
