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
        disposable(try await client.journal.takeDisposableWallet(of: seed))
    }

    /// The next unused wallet, funded from the client's own wallet with a round amount after a random wait.
    ///
    /// - Parameters:
    ///   - needed: What it must hold at least: a quote's `needed`, say.
    ///   - onFunding: Told how much is going to be sent, and after which wait.
    /// - Returns: The wallet.
    /// - Throws: ``WalletError/tooLittle(available:needed:)``, ``StoreError``, ``ClientError``.
    public func next(
        holding needed: Lamports,
        onFunding: @Sendable (FundingPlan) -> Void = { _ in }
    ) async throws -> Disposable {
        var generator = SystemRandomNumberGenerator()
        let plan = FundingPlan(needed: needed, maximumDelay: maximumDelay, using: &generator)
        do {
            let fee = FeeSchedule().transaction(signatures: 1)
            let all = plan.amount.saturatingAdding(fee).saturatingAdding(try await reserve())
            let available = try await client.chain.balance(of: client.wallet.address)
            guard available >= all else { throw WalletError.tooLittle(available: available, needed: all) }
            let fresh = try await next()
            // Before it has money, so that nobody else takes it then.
            _ = try await client.journal.holdDisposableWallet(fresh.address)
            onFunding(plan)
            try await Task.sleep(for: plan.delay)
            try await send(plan.amount, from: client.wallet, to: fresh.address)
            return fresh
        } catch let error as TransactionSendError {
            throw ClientError.wrapping(error)
        }
    }

    /// A wallet that was never used and holds so much: one that a retired one has left its rest to, or the next one, funded.
    ///
    /// Wallets whose sessions are over are retired on the way. What is taken is nobody else's for as long as this process
    /// lives, whether it is used or not.
    ///
    /// - Parameters:
    ///   - needed: What it must hold at least.
    ///   - onFunding: Told how much is going to be sent, and after which wait; not when nothing has to be.
    /// - Returns: The wallet.
    /// - Throws: ``WalletError/tooLittle(available:needed:)``, ``StoreError``, ``ClientError``.
    public func take(
        holding needed: Lamports,
        onFunding: @Sendable (FundingPlan) -> Void = { _ in }
    ) async throws -> Disposable {
        for wallet in try await inUse() where try await isUsed(wallet) {
            _ = try await retire(wallet)
        }
        for wallet in try await inUse() where try await balance(of: wallet) >= needed {
            guard try await !client.journal.hasStaked(wallet.address), try await !isUsed(wallet) else { continue }
            if try await client.journal.holdDisposableWallet(wallet.address) { return wallet }
        }
        return try await next(holding: needed, onFunding: onFunding)
    }

    /// Sweeps a wallet and sends what is left of it to the next unused one, which is returned.
    ///
    /// Nil when nothing worth a transaction is left, or while a server may still claim something: call it again then. A
    /// wallet that is gone on with this way is linked to its successor on the chain, and to nothing else.
    ///
    /// - Throws: ``ClientError``, ``StoreError``.
    public func retire(_ disposable: Disposable) async throws -> Disposable? {
        guard try await isSettled(disposable) else { return nil }
        do {
            let balance = try await balance(of: disposable)
            guard try await isOfThisChain(disposable, holding: balance) else { return nil }
            let left = balance.saturatingSubtracting(FeeSchedule().transaction(signatures: 1))
            // Below the rent exemption the next wallet could not exist.
            guard left >= (try await reserve()) else {
                try await client.journal.retireDisposableWallet(disposable.index, of: seed)
                return nil
            }
            let successor = try await next()
            try await send(left, from: disposable.client.wallet, to: successor.address)
            try await client.journal.retireDisposableWallet(disposable.index, of: seed)
            return successor
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// Sweeps a wallet and sends all of it to an address; what was used together there is one person's for everybody.
    ///
    /// - Parameters:
    ///   - disposable: The wallet.
    ///   - address: Where its money goes.
    /// - Returns: What was sent; nil while a server may still claim something, zero when there was nothing.
    /// - Throws: ``ClientError``, ``StoreError``.
    public func empty(_ disposable: Disposable, to address: Address) async throws -> Lamports? {
        guard try await isSettled(disposable) else { return nil }
        do {
            let balance = try await balance(of: disposable)
            guard try await isOfThisChain(disposable, holding: balance) else { return .zero }
            let left = balance.saturatingSubtracting(FeeSchedule().transaction(signatures: 1))
            if left > .zero { try await send(left, from: disposable.client.wallet, to: address) }
            try await client.journal.retireDisposableWallet(disposable.index, of: seed)
            return left
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// Brings home what is due, and says whether nothing of the wallet's is at stake any more.
    ///
    /// What another process works on counts, and so does what may still land, and what is staked on other clusters: who
    /// takes such a wallet's money leaves it unable to pay for bringing the stake home.
    private func isSettled(_ disposable: Disposable) async throws -> Bool {
        let report = try await disposable.client.sweep()
        guard report.waiting.isEmpty, report.failed.isEmpty else { return false }
        if try await client.journal.isDisposableWalletHeldElsewhere(disposable.address) { return false }
        return try await !client.journal.unsettledStakes().contains { $0.wallet == disposable.address }
    }

    /// Whether the wallet has anything to do with this cluster and program: one that has its money elsewhere is not over
    /// because it is empty here.
    private func isOfThisChain(_ disposable: Disposable, holding balance: Lamports) async throws -> Bool {
        if balance > .zero { return true }
        return try await client.journal.hasStaked(disposable.address, on: client.chain.name)
    }

    /// Whether a session was paid from the wallet on this chain.
    ///
    /// The journal may be another than the one that knew: of a wallet that was only funded the chain has one transaction.
    private func isUsed(_ disposable: Disposable) async throws -> Bool {
        if try await client.journal.hasStaked(disposable.address, on: client.chain.name) { return true }
        do {
            return try await client.chain.rpc.getSignaturesForAddress(disposable.address, limit: 2).count > 1
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// Every wallet that was given out and is not retired, in order: what a start has to sweep.
    public func inUse() async throws -> [Disposable] {
        try await client.journal.disposableWallets(of: seed).filter { !$0.isRetired }.map { disposable($0.index) }
    }

    /// Finds the wallets that another journal has given out: those that hold something or have ever done anything.
    ///
    /// Wallets count from 0, so the search ends after as many unused ones in a row as `gap` says.
    ///
    /// - Parameter gap: How many unused wallets in a row end the search.
    /// - Returns: How many numbers are taken now.
    /// - Throws: ``ClientError``, ``StoreError``.
    public func recover(gap: UInt32 = 20) async throws -> Int {
        do {
            var last: UInt32?
            var index: UInt32 = 0
            while index <= (last.map { $0 + gap } ?? gap - 1) {
                let address = seed.keypair(index).address
                // Who holds something was used; of who does not, nodes remember for some time that it was.
                var isUsed = try await client.chain.balance(of: address) > .zero
                if !isUsed { isUsed = try await !client.chain.rpc.getSignaturesForAddress(address, limit: 1).isEmpty }
                if isUsed { last = index }
                index += 1
            }
            guard let last else { return 0 }
            try await client.journal.recallDisposableWallets(of: seed, through: last)
            return Int(last) + 1
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// What a wallet holds, stakes not counted.
    ///
    /// - Throws: ``ClientError``.
    public func balance(of disposable: Disposable) async throws -> Lamports {
        do {
            return try await client.chain.balance(of: disposable.address)
        } catch {
            throw ClientError.wrapping(error)
        }
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
