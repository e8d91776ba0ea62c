import ArgumentParser
import ChainferenceCommands
import ChainferenceKit
import Foundation
import Logging
import ProviderConfiguration
import ServiceLifecycle
import UnixSignals

/// Sells answers of one model until it is interrupted; then it finishes what runs, claims, and ends.
@main
struct ChainferenceProvider: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chainference-provider",
        abstract: "Sell answers of a language model, paid for in SOL as they stream.",
        discussion: """
            With --configuration everything comes from a file, which is read again on SIGHUP; the other options are for
            trying things out without one.

            SIGINT or SIGTERM drains: no new locks, running answers finish, claims go out. A second one ends at once. Killed
            in any other way, it claims at the next start what it has vouchers for.
            """
    )

    @Option(help: "A configuration file; Documentation/provider.md describes it.")
    var configuration: String?

    @Flag(help: "Check the configuration file and stop.")
    var check = false

    @Flag(help: "Print what the provider of the configuration file has earned and spent, and stop.")
    var earnings = false

    @Option(help: "The model's Hugging Face id, as clients ask for it.")
    var model = NGramBackend.modelName

    @Option(help: "Lamports for a million output tokens.")
    var price: UInt64 = 400_000

    @Option(help: "Lamports for a million input tokens.")
    var inputPrice: UInt64 = 0

    @Option(help: "Lamports that a session costs at least; it should cover the provider's transaction fees.")
    var minimumCharge = Provider.Offer.standardMinimumCharge.rawValue

    @Option(help: "An OpenAI-compatible server, such as http://127.0.0.1:11434. Without it the embedded toy answers.")
    var backend: String?

    @Option(help: "The model's name at the backend, where it differs.")
    var backendModel: String?

    @Option(help: "The toy's speed, in tokens a second.")
    var toySpeed = 60.0

    @Flag(help: "Let the toy go on up to the limit of each request, to try long answers.")
    var toyTalksOn = false

    @OptionGroup var place: ClusterOptions

    @Option(help: "Ask the cluster for this many lamports first; local clusters and devnet only.")
    var airdrop: Lamports?

    @Option(help: "The address to listen on; by default this machine alone for a local cluster, else every address.")
    var listen: String?

    @Option(help: "The port to listen on; 0 for any free one.")
    var port: Int?

    @Option(help: "The host name or address that clients are sent to.")
    var advertise: String?

    @Option(help: "The relay that clients come through, for a provider behind NAT: /dns/<host>/tcp/<port>/nnk/<key>.")
    var relay: String?

    @Option(help: "The folder for vouchers and locks, which survive a crash there.")
    var state: String?

    func validate() throws {
        if check || earnings, configuration == nil { throw ValidationError("Name the --configuration.") }
    }

    func run() async throws {
        guard let path = configuration else { return try await runWithoutFile() }
        if check {
            let plan = try ProviderConfigurationFile(contentsOf: path).plan
            return print("\(path) is fine: \(plan.offers.count) models, \(plan.backends.count) backends.")
        }
        if earnings { return print(try await ProviderConfigurationFile(contentsOf: path).earnings()) }
        let configured = try ConfiguredProvider(
            path: path,
            onEvent: Self.show,
            onReload: { if case .refused(let error) = $0 { Self.show("not reloaded: \(error)") } },
            onMonitoring: { Self.show("monitoring at port \($0)") }
        )
        try await configured.runUntilStopped()
    }

    private static func show(_ line: some CustomStringConvertible) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }

    private func runWithoutFile() async throws {
        let (wallet, cluster) = try (place.resolvedWallet(), place.resolvedCluster())
        if let airdrop { try await RPCClient(cluster: cluster).airdrop(airdrop, to: wallet.address) }

        var configuration = cluster.isLoopback ? Provider.Configuration.localnet : Provider.Configuration()
        if let listen { configuration.listenHost = listen }
        if let port { configuration.listenPort = port }
        configuration.advertisedHost = try advertise.map {
            guard let host = PeerHost($0) else { throw ValidationError("'\($0)' is no host name and no IP address.") }
            return host
        }
        configuration.relay = try relay.map { try RelayAddress(parsing: $0) }
        configuration.stateFolder = state

        let engine: any InferenceBackend
        if let backend {
            engine = OpenAICompatibleBackend(baseURL: backend)
        } else {
            engine = NGramBackend(tokensPerSecond: toySpeed, stopsByItself: !toyTalksOn)
        }
        // Below this level the log says what the events say, in more words.
        var logger = Logger(label: "chainference.provider")
        logger.logLevel = .notice
        let provider = Provider(
            wallet: wallet,
            cluster: cluster,
            market: try place.market(),
            offers: [
                Provider.Offer(
                    model: try ModelID(validating: model),
                    pricePerMillionTokens: .lamports(price),
                    pricePerMillionInputTokens: .lamports(inputPrice),
                    minimumCharge: .lamports(minimumCharge),
                    backendModel: backendModel
                )
            ],
            backend: engine,
            configuration: configuration,
            logger: logger,
            onEvent: Self.show
        )
        let services = ServiceGroup(
            services: [provider],
            gracefulShutdownSignals: [.sigint, .sigterm],
            logger: logger
        )
        try await services.run()
    }
}
