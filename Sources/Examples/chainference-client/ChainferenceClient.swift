import ArgumentParser
import ChainferenceCommands
import ChainferenceKit

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

    @OptionGroup var prompt: PromptOptions
    @OptionGroup var place: ClusterOptions

    @Option(help: "Ask the cluster for this many lamports first; local clusters and devnet only.")
    var airdrop: Lamports?

    @Flag(help: "List the models that are on offer, and end.")
    var models = false

    @Flag(help: "Bring home everything of this wallet that is due, and end.")
    var sweep = false

    func run() async throws {
        let (wallet, cluster) = try (place.resolvedWallet(), place.resolvedCluster())
        if let airdrop { try await RPCClient(cluster: cluster).airdrop(airdrop, to: wallet.address) }
        let client = try await InferenceClient(wallet: wallet, cluster: cluster, market: place.market())
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
            try prompt.modelID(),
            prompt.opening + [.user(question)],
            budget: prompt.budget,
            maximumOutputTokens: prompt.maxTokens
        )
        for try await event in chat { progress.show(event) }
    }

    private func converse(_ client: InferenceClient) async throws {
        let (progress, prompt) = (Progress(), prompt)
        let show: @Sendable (ClientEvent) -> Void = { progress.show($0) }
        try await client.withSession(prompt.modelID(), budget: prompt.budget, onEvent: show) { session in
            var messages = prompt.opening
            while let question = progress.question(), !question.isEmpty {
                messages.append(.user(question))
                messages.append(.assistant(try await session.ask(prompt.prompt(messages)).text))
            }
        }
    }
}
