import ArgumentParser
import ChainferenceKit
import Foundation
import LocalCluster

/// A whole market on this machine: a local cluster, two providers at different prices, one client.
@main
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chainference-demo",
        abstract: "Watch a client find a provider, stake, receive an encrypted answer and pay for what it vouched for.",
        discussion: """
            Everything runs in this process and on this machine. The lamports are worthless; the path is the real one.
            """
    )

    @Option(help: "An OpenAI-compatible server to answer with, for example http://127.0.0.1:11434.")
    var backend: String?

    @Option(help: "The question.")
    var question = "How does a provider get paid, and what if it stops half-way?"

    @Option(help: "The most that may be charged, in lamports.")
    var budget: UInt64 = 200_000

    @Option(help: "The JSON-RPC port of the local cluster; PubSub listens on the next one. 0 for any free ports.")
    var rpcPort = 0

    func run() async throws {
        let stage = Stage()
        stage.title("ChainferenceKit: a market of two providers and one client, on this machine")
        let engine = try await Engine.choose(named: backend, stage: stage)

        var configuration = LocalCluster.Configuration()
        configuration.rpcPort = rpcPort
        try await LocalCluster.withRunning(configuration) { cluster in
            try await play(on: cluster, engine: engine, stage: stage)
        }
    }

    private func play(on cluster: LocalCluster, engine: Engine, stage: Stage) async throws {
        let endpoint = try Cluster(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL)
        let client = Keypair()
        let north = Seller(name: "provider North", price: .lamports(400_000), backend: engine.backend)
        let south = Seller(name: "provider South", price: .lamports(900_000), backend: engine.backend)
        stage.phase("cluster", "JSON-RPC \(cluster.rpcURL), PubSub \(cluster.webSocketURL)")

        stage.phase("market", "program \(Market.localnet.program), run natively by the local cluster")

        var books = Books()
        books.add("client", client.address)
        for seller in [north, south] { books.add(seller.name, seller.wallet.address) }
        let faucet = RPCClient(cluster: endpoint, policy: .localnet)
        for (_, address) in books.parties { try await faucet.airdrop(.lamports(2_000_000_000), to: address) }

        let parties = books
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for seller in [north, south] {
                let provider = try seller.provider(on: endpoint, model: engine.model, stage: stage)
                group.addTask { try await provider.run() }
            }
            group.addTask {
                try await trade(client, with: [north, south], on: cluster, endpoint, engine, books: parties, stage)
            }
            // The first to end is the trade, unless something went wrong with a provider.
            try await group.next()
        }
    }

    private func trade(
        _ client: Keypair,
        with sellers: [Seller],
        on cluster: LocalCluster,
        _ endpoint: Cluster,
        _ engine: Engine,
        books: Books,
        _ stage: Stage
    ) async throws {
        try await stage.waitUntil(sellers.count, are: "registered")
        // The accounts of both servers exist from here on, so the books show the session alone.
        var books = books
        for seller in sellers {
            books.add("server account of \(seller.name)", Market.localnet.server(of: seller.wallet.address))
        }
        let before = cluster.allBalances()
        try await ask(client, endpoint: endpoint, engine: engine, stage: stage)
        let after = cluster.allBalances()
        stage.blank()
        try books.show(before: before, after: after, on: stage)
    }

    private func ask(_ wallet: Keypair, endpoint: Cluster, engine: Engine, stage: Stage) async throws {
        let client = try await InferenceClient(wallet: .keypair(wallet), cluster: endpoint)
        stage.blank()
        stage.phase("question", question)
        for try await event in client.chat(
            try ModelID(validating: engine.model),
            [.user(question)],
            budget: .lamports(budget),
            maximumOutputTokens: 200
        ) {
            stage.show(event)
        }
    }
}
