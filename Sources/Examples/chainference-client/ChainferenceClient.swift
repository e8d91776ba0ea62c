import ArgumentParser
import ChainferenceKit
import Foundation

/// Asks one question, or holds a conversation when none is given.
@main
struct ChainferenceClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chainference-client",
        abstract: "Buy an answer of a language model, paid for in SOL as it streams.",
        discussion: """
            With a question it prints one answer. Without one it opens a conversation: one stake, one server, any number of
            questions; an empty line or Ctrl-D settles and ends it.
            """
    )

    @Argument(help: "The question.")
    var question: String?

    @Option(help: "The model's Hugging Face id.")
    var model = NGramBackend.modelName

    @Option(help: "The most that may be charged, in lamports; it is staked, and what is not charged comes back.")
    var budget: UInt64 = 200_000

    @Option(help: "localnet, devnet, testnet, mainnet-beta, or the URL of a node.")
    var cluster = "localnet"

    @Option(help: "The market program's address; by default the local cluster's.")
    var program: String?

    @Option(help: "The wallet's key file, as the Solana CLI writes it. By default the CLI's own.")
    var wallet: String?

    @Option(help: "Ask the cluster for this many lamports first; local clusters and devnet only.")
    var airdrop: UInt64?

    @Option(help: "The longest answer, in tokens.")
    var maximumTokens: Int?

    @Flag(help: "List the models that are on offer, and end.")
    var models = false

    @Flag(help: "Bring home everything of this wallet that is due, and end.")
    var sweep = false

    func run() async throws {
        let wallet = try wallet.map { try Wallet.file($0) } ?? .solanaCLIDefault()
        let cluster = try Cluster(urlOrMoniker: cluster)
        if let airdrop { try await RPCClient(cluster: cluster).airdrop(.lamports(airdrop), to: wallet.address) }
        let market = try program.map { Market(program: try Address(base58: $0)) } ?? .localnet
        let client = try await InferenceClient(wallet: wallet, cluster: cluster, market: market)
        if models {
            for model in try await client.models() { print(model) }
        } else if sweep {
            print(try await client.sweep())
        } else if let question {
            try await ask(question, client)
        } else {
            try await converse(client)
        }
    }

    private func ask(_ question: String, _ client: InferenceClient) async throws {
        let progress = Progress()
        let chat = client.chat(
            try ModelID(validating: model),
            [.user(question)],
            budget: .lamports(budget),
            maximumOutputTokens: maximumTokens
        )
        for try await event in chat { progress.show(event) }
    }

    private func converse(_ client: InferenceClient) async throws {
        let progress = Progress()
        let model = try ModelID(validating: model)
        let limit = maximumTokens
        let show: @Sendable (ClientEvent) -> Void = { progress.show($0) }
        try await client.withSession(model, budget: .lamports(budget), onEvent: show) { session in
            var messages: [ChatMessage] = []
            while let question = progress.question(), !question.isEmpty {
                messages.append(.user(question))
                let prompt = try GenerationRequest(
                    model: model.name,
                    messages: messages,
                    maximumOutputTokens: limit
                )
                messages.append(.assistant(try await session.ask(prompt).text))
            }
        }
    }
}
