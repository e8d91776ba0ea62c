import ChainferenceKit
import LocalCluster

/// Runs the README's snippets, word for word, against a local cluster on the usual ports.
@main
enum Snippets {
    static func main() async throws {
        try await solana()
        try await LocalCluster.withRunning(LocalCluster.Configuration()) { cluster in
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await sell() }
                try await waitForOffer()
                try await buy()
            }
        }
    }

    /// The README's reader starts the buyer after the seller has registered.
    private static func waitForOffer() async throws {
        let client = try await InferenceClient(wallet: .keypair(Keypair()), cluster: .localnet)
        let deadline = ContinuousClock.now + .seconds(30)
        while try await client.models().isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
