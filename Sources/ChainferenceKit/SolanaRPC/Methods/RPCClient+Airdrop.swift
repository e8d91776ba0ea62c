public import Solana

extension RPCClient {
    /// Asks the faucet of a test network for tokens, and waits until they are there.
    ///
    /// - Parameters:
    ///   - lamports: how much.
    ///   - address: who gets it.
    ///   - deadline: how long to wait for the confirmation.
    /// - Returns: the faucet's transaction.
    /// - Throws: ``RPCError`` when the faucet refuses, ``AirdropError`` when the tokens don't come.
    @discardableResult
    public func airdrop(
        _ lamports: Lamports,
        to address: Address,
        deadline: Duration = .seconds(60)
    ) async throws -> Signature {
        let signature = try await requestAirdrop(to: address, lamports: lamports)
        let clock = environment.clock
        let end = clock.now + deadline
        while true {
            if let status = try await getSignatureStatuses([signature]).value[0] {
                if let error = status.error { throw AirdropError.failed(signature, error) }
                if status.hasReached(commitment) { return signature }
            }
            guard clock.now < end else { throw AirdropError.unconfirmed(signature, within: deadline) }
            try await clock.sleep(for: .milliseconds(cluster.isLoopback ? 50 : 1_000))
        }
    }
}

/// Why an airdrop did not arrive.
public enum AirdropError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The faucet's transaction landed and failed.
    case failed(Signature, TransactionError)
    /// The faucet's transaction was not confirmed in time; it may still be.
    case unconfirmed(Signature, within: Duration)

    /// What happened and what to do.
    public var description: String {
        switch self {
        case .failed(let signature, let error):
            "The faucet's transaction \(signature) failed: \(error). Ask for less, or later."
        case .unconfirmed(let signature, let deadline):
            "The faucet's transaction \(signature) was not confirmed within \(deadline). Look at the balance before asking again."
        }
    }
}
