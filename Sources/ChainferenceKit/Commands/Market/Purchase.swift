import ChainferenceKit
import Synchronization

/// What a command does around a session: brings home what earlier ones left behind, chooses the wallet, and leaves nothing
/// behind itself.
struct Purchase: Sendable {
    let market: MarketOptions
    let options: SessionOptions
    let model: ModelID
    let budget: Lamports
    /// Is told, a phase and a sentence, what is done besides the session.
    let note: @Sendable (_ phase: String, _ detail: String) -> Void

    /// Lends a client that pays from the wallet that was asked for.
    ///
    /// - Parameters:
    ///   - prompt: The first prompt, for the quote that a disposable wallet is funded by.
    ///   - body: Buys.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or why it could not begin.
    func run<Result: Sendable>(
        for prompt: GenerationRequest,
        _ body: @escaping @Sendable (InferenceClient) async throws -> Result
    ) async throws -> Result {
        let client = try await market.client { options.apply(to: &$0) }
        guard options.disposable else { return try await sweeping(client) { try await body(client) } }
        let wallets = try options.seed.wallets(fundedBy: client) { note("seed", $0) }
        let quote = try await client.quote(model, budget: budget, for: prompt)
        let wallet = try await wallets.take(holding: quote.needed) { plan in
            note(
                "funding",
                "a disposable wallet gets \(plan.amount.sol) SOL from \(client.wallet.address), in "
                    + "\(plan.delay.components.seconds) s"
            )
        }
        note("wallet", "disposable \(wallet.index), \(wallet.address)")
        do {
            let result = try await sweeping(wallet.client) { try await body(wallet.client) }
            do {
                try await retire(wallet, wallets)
            } catch {
                // What was paid for must not be lost over it.
                note("kept", "what is left stays in disposable \(wallet.index) until the next one is taken: \(error)")
            }
            return result
        } catch {
            // The error is what matters; what can't be moved on now is when the next one is taken.
            try? await retire(wallet, wallets)
            throw error
        }
    }

    private func retire(_ wallet: DisposableWallets.Disposable, _ wallets: DisposableWallets) async throws {
        if let successor = try await wallets.retire(wallet) {
            note("retired", "what was left is in disposable \(successor.index), \(successor.address)")
        }
    }

    /// Sweeps before, while and after `body` buys, as far as there is something to sweep.
    private func sweeping<Result: Sendable>(
        _ client: InferenceClient,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let isWaiting = Mutex(false)
        let report: @Sendable (SweepReport) -> Void = { report in
            isWaiting.withLock { $0 = !report.waiting.isEmpty }
            if let sentence = SweepSummary(report).sentence { note("swept", sentence) }
        }
        // Stakes that were left behind may be just what the wallet is short of.
        if try await !client.journal.unsettledStakes().isEmpty { report(try await client.sweep()) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run(onSweep: report) }
            defer { group.cancelAll() }
            let result = try await body()
            if isWaiting.withLock({ $0 }) {
                do {
                    report(try await client.sweep())
                } catch {
                    note("unswept", "what is due comes home with the next command: \(error)")
                }
            }
            return result
        }
    }
}
