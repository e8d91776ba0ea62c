import InferenceMarket
public import Solana
import SolanaRPC

/// Wallets that are used once, so that the chain does not show that several sessions are one person's.
///
/// ```swift
/// let wallets = DisposableWallets(seed: try WalletSeed(contentsOf: path), client: client)
/// let fresh = try await wallets.next(holding: 10_000_000)
/// try await fresh.client.withSession(model, budget: 1_000_000) { … }
/// try await wallets.retire(fresh)
/// ```
///
/// Numbers are given out in order and never again; the client's journal remembers them. ``retire(_:)`` sends what is left
/// to the next wallet rather than back to a common one: a common one would link them all.
public struct DisposableWallets: Sendable {
    /// One of them, and a client that pays with it.
    public struct Disposable: Sendable {
        /// The number in the derivation path.
        public let index: UInt32
        /// Pays from this wallet; shares journal, policy and node with the client that all began with.
        public let client: InferenceClient
        /// The wallet's address.
        public var address: Address { client.wallet.address }
    }

    private let seed: WalletSeed
    private let client: InferenceClient

    /// The longest wait before a wallet is funded; zero for none, which ties the two wallets together in time.
    public var maximumDelay: Duration

    /// Begins with a seed.
    ///
    /// - Parameters:
    ///   - seed: All wallets follow from it.
    ///   - client: Its wallet funds the first one, or any when nothing is left over; its journal remembers the numbers.
    ///   - maximumDelay: The longest wait before a wallet is funded.
    public init(seed: WalletSeed, client: InferenceClient, maximumDelay: Duration = .seconds(30)) {
        self.seed = seed
        self.client = client
        self.maximumDelay = maximumDelay
    }

    /// The next unused wallet, unfunded.
    ///
    /// - Throws: ``StoreError``.
    public func next() async throws -> Disposable {
        let seed = seed
        return disposable(try await client.journal.takeDisposableWallet { seed.keypair($0).address })
    }

    /// The next unused wallet, funded from the client's own wallet with a round amount after a random wait.
    ///
    /// - Parameter needed: What it must hold at least: a quote's `needed`, say.
    /// - Returns: The wallet.
    /// - Throws: ``WalletError/tooLittle(available:needed:)``, ``StoreError``, ``ClientError``.
    public func next(holding needed: Lamports) async throws -> Disposable {
        var generator = SystemRandomNumberGenerator()
        let plan = FundingPlan(needed: needed, maximumDelay: maximumDelay, using: &generator)
        do {
            let fee = FeeSchedule().transaction(signatures: 1)
            let all = plan.amount.saturatingAdding(fee).saturatingAdding(try await reserve())
            let available = try await client.chain.balance(of: client.wallet.address)
            guard available >= all else { throw WalletError.tooLittle(available: available, needed: all) }
            let fresh = try await next()
            try await Task.sleep(for: plan.delay)
            try await send(plan.amount, from: client.wallet, to: fresh.address)
            return fresh
        } catch let error as TransactionSendError {
            throw ClientError.wrapping(error)
        }
    }

    /// Sweeps a wallet and sends what is left of it to the next unused one, which is returned.
    ///
    /// Nil when nothing worth a transaction is left, or while a server may still claim something: call it again then. A
    /// wallet that is gone on with this way is linked to its successor on the chain, and to nothing else.
    ///
    /// - Throws: ``ClientError``, ``StoreError``.
    public func retire(_ disposable: Disposable) async throws -> Disposable? {
        let report = try await disposable.client.sweep()
        guard report.waiting.isEmpty, report.failed.isEmpty else { return nil }
        do {
            let balance = try await client.chain.balance(of: disposable.address)
            let fee = FeeSchedule().transaction(signatures: 1)
            let left = balance.saturatingSubtracting(fee)
            // Below the rent exemption the next wallet could not exist.
            guard left >= (try await reserve()) else {
                try await client.journal.retireDisposableWallet(disposable.index)
                return nil
            }
            let successor = try await next()
            try await send(left, from: disposable.client.wallet, to: successor.address)
            try await client.journal.retireDisposableWallet(disposable.index)
            return successor
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// Every wallet that was given out and is not retired, in order: what a start has to sweep.
    public func inUse() async throws -> [Disposable] {
        try await client.journal.disposableWallets().filter { !$0.isRetired }.map { disposable($0.index) }
    }

    private func disposable(_ index: UInt32) -> Disposable {
        Disposable(index: index, client: client.paying(with: .keypair(seed.keypair(index))))
    }

    private func reserve() async throws -> Lamports {
        try await client.chain.rpc.getMinimumBalanceForRentExemption(dataLength: 0)
    }

    private func send(_ amount: Lamports, from wallet: Wallet, to address: Address) async throws {
        // A compute limit and no price of its own: the fee is the base fee, so that a wallet can be emptied to the last lamport.
        var sender = client.chain.sender
        sender.policy.priorityFee = .none
        try await sender.send(
            [SystemProgram.transfer(from: wallet.address, to: address, lamports: amount)],
            payer: wallet
        )
    }
}
