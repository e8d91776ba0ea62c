import ChainferenceKit
import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

/// A backend of one's own: it answers every question with the question, one word at a time.
struct EchoBackend: InferenceBackend {
    func models() async throws -> [String] { ["example/echo"] }

    func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary {
        var words = 0
        let question = request.messages.last?.text ?? ""
        for word in question.split(separator: " ") {
            if words == request.maximumOutputTokens ?? .max { return GenerationSummary(finishReason: .length) }
            // Waits for the client's vouchers and window; throws when the client cancels.
            try await output.write((words == 0 ? "" : " ") + word, tokens: 1)
            words += 1
        }
        return GenerationSummary(finishReason: .stop)
    }
}

@main
enum CustomBackend {
    /// Offers the backend on a local cluster (start `chainference-localnet` first) until it is interrupted.
    static func main() async throws {
        let wallet = Wallet.keypair(Keypair())
        try await RPCClient(cluster: .localnet).airdrop(.lamports(2_000_000_000), to: wallet.address)
        let provider = Provider(
            wallet: wallet,
            cluster: .localnet,
            offers: [.init(model: "example/echo", pricePerMillionTokens: .lamports(100_000))],
            backend: EchoBackend(),
            onEvent: { print($0) }
        )
        let services = ServiceGroup(
            services: [provider],
            gracefulShutdownSignals: [.sigint, .sigterm],
            logger: Logger(label: "custom-backend")
        )
        try await services.run()
    }
}
