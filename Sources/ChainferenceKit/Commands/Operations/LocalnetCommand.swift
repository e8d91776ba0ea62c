public import ArgumentParser
import LocalCluster
import Logging
import ServiceLifecycle
import Solana
import UnixSignals

/// `chainference localnet`: a local cluster until it is told to stop.
public struct LocalnetCommand: AsyncParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "localnet",
        abstract: "Run a local Solana-compatible cluster with the market program.",
        discussion: """
            For development: its keys are public and its lamports worth nothing. The market program runs natively, so \
            the compute units that it reports are estimates. Everything is in memory; with --ledger it goes on from \
            where it stopped.
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
            599, delay=milliseconds, stall, drop, drop-answer, lose, expired-blockhash, behind=slots; of PubSub: \
            silence, drop-socket; of slots: late=slots.
            """,
        transform: { try Fault(parsing: $0) }
    )
    var faults: [Fault] = []

    @Option(help: "What the choice of faulty calls begins from.")
    var faultSeed: UInt64 = 0

    @Option(help: "Opens a second node that answers and notifies as the cluster was so many slots ago.")
    var laggingSlots: UInt64?

    @Option(help: "The lagging node's port for JSON-RPC; PubSub is on the port after it. 0 for any free ones.")
    var laggingRpcPort = 8_901

    @Option(help: "Keeps the cluster in this directory, and goes on from what is in it.")
    var ledger: String?

    @Flag(help: "Begins anew, whatever --ledger holds.")
    var reset = false

    @Option(help: "How often --ledger is written while the cluster runs; 0 for only at the end.")
    var snapshotSeconds = 60

    @Option(help: "Goes on from the snapshot in this file, and leaves it as it is.")
    var load: String?

    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Refuses what makes no sense together.
    public func validate() throws {
        guard (0...65_535).contains(rpcPort), (0...65_535).contains(pubsubPort ?? 0) else {
            throw ValidationError("A port is a number from 0 to 65535.")
        }
        guard (1...60_000).contains(slotMilliseconds) else {
            throw ValidationError("A slot lasts from 1 to 60000 milliseconds.")
        }
        guard (0...65_535).contains(laggingRpcPort) else {
            throw ValidationError("A port is a number from 0 to 65535.")
        }
        guard laggingSlots.map({ (1...10_000).contains($0) }) ?? true else {
            throw ValidationError("A node lags from 1 to 10000 slots.")
        }
        guard (0...86_400).contains(snapshotSeconds) else {
            throw ValidationError("Snapshots are from 0 to 86400 seconds apart.")
        }
        guard load == nil || ledger == nil || reset else {
            throw ValidationError("Two places to go on from: leave out --load or --ledger, or add --reset.")
        }
        guard !reset || ledger != nil else { throw ValidationError("--reset is about --ledger.") }
        guard faucet > 0, faucet <= 10_000_000_000 else {
            throw ValidationError("The faucet has from 1 to 10000000000 SOL.")
        }
    }

    /// Runs the cluster.
    public func run() async throws {
        var settings = LocalCluster.Configuration()
        settings.host = host
        settings.rpcPort = rpcPort
        settings.pubSubPort = pubsubPort
        settings.ledger.slotDuration = .milliseconds(slotMilliseconds)
        settings.ledger.finalizationSlots = finalizationSlots
        settings.ledger.faucetBalance = Lamports(faucet * Lamports.perSOL)

        if let laggingSlots {
            var node = LocalCluster.LaggingNode(slots: laggingSlots)
            node.rpcPort = laggingRpcPort
            settings.laggingNode = node
        }

        let directory = try ledger.map { try LedgerDirectory(path: $0) }
        if reset { try directory?.reset() }
        let snapshot = try load.map { try ClusterSnapshot(contentsOf: $0) } ?? directory?.load()
        let cluster =
            try snapshot.map { try LocalCluster(settings, restoring: $0) } ?? LocalCluster(settings)
        cluster.faults.seed(faultSeed)
        for fault in faults { cluster.faults.inject(fault) }
        var running: [any Service] = [cluster, Banner(cluster: cluster, isKept: directory != nil, output: output)]
        if let directory, snapshotSeconds > 0 {
            running.append(Keeper(cluster: cluster, directory: directory, interval: .seconds(snapshotSeconds)))
        }
        let services = ServiceGroup(
            services: running,
            gracefulShutdownSignals: [.sigint, .sigterm],
            logger: settings.logger
        )
        try await services.run()
        // Nothing changes any more.
        try directory?.save(cluster.snapshot())
    }
}

/// Says where the cluster listens, once it does, and waits for the end.
private struct Banner: Service {
    let cluster: LocalCluster
    let isKept: Bool
    let output: OutputOptions

    func run() async throws {
        let endpoints = try await cluster.endpoints()
        let lagging = cluster.laggingEndpoints
        output.print(
            EndpointsReport(
                rpcUrl: endpoints.rpcURL,
                pubsubUrl: endpoints.webSocketURL,
                market: "\(cluster.configuration.ledger.market.program)",
                laggingRpcUrl: lagging?.rpcURL,
                laggingPubsubUrl: lagging?.webSocketURL,
                isKept: isKept
            )
        )
        try await gracefulShutdown()
    }
}

/// Where a cluster listens.
struct EndpointsReport: Report {
    let rpcUrl: String
    let pubsubUrl: String
    let market: String
    let laggingRpcUrl: String?
    let laggingPubsubUrl: String?
    let isKept: Bool

    var text: String {
        var lines = ["JSON-RPC   \(rpcUrl)", "PubSub     \(pubsubUrl)", "Market     \(market)"]
        if let laggingRpcUrl, let laggingPubsubUrl { lines.append("Lagging    \(laggingRpcUrl) \(laggingPubsubUrl)") }
        lines.append(isKept ? "Stop with Ctrl-C; the ledger is kept." : "Stop with Ctrl-C; nothing is kept.")
        return lines.joined(separator: "\n")
    }
}

/// Writes the cluster into its directory now and then, so that a crash loses little.
private struct Keeper: Service {
    let cluster: LocalCluster
    let directory: LedgerDirectory
    let interval: Duration

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    try await Task.sleep(for: interval)
                    try directory.save(cluster.snapshot())
                }
            }
        } catch is CancellationError {
            return
        }
    }
}
