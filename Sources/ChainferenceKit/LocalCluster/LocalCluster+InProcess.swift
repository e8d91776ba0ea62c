import JSON
public import Solana

/// Every lamport of a cluster at one moment.
public struct LedgerBalances: Sendable, Hashable {
    /// The slot at the time.
    public var slot: UInt64

    /// What each account holds.
    public var accounts: [Address: Lamports]

    /// All fees that were paid so far; on a validator they are burned or go to the leader.
    public var feesCollected: Lamports

    /// What accounts and fees come to: it never changes, whatever transactions do.
    public var total: Lamports { (try? Lamports.sum(accounts.values).adding(feesCollected)) ?? .max }
}

extension LocalCluster {
    /// An account as it is now, or nil if nothing is there.
    public func account(_ address: Address) -> LedgerAccount? {
        withState { $0.ledger.account(address) }
    }

    /// What an account holds now; zero if nothing is there.
    public func balance(of address: Address) -> Lamports { account(address)?.lamports ?? .zero }

    /// Every lamport of the cluster, for books that must balance.
    public func allBalances() -> LedgerBalances {
        withState { state in
            LedgerBalances(
                slot: state.ledger.slot,
                accounts: state.ledger.balances,
                feesCollected: state.ledger.feesCollected
            )
        }
    }

    /// A blockhash that transactions can name now.
    public func latestBlockhash() -> Blockhash {
        withState { $0.ledger.latestBlockhash(atSlot: $0.ledger.slot).blockhash }
    }

    /// The current slot.
    public var slot: UInt64 { withState { $0.ledger.slot } }

    /// The cluster's clock, in seconds since 1970.
    public var unixTimestamp: Int64 { withState { $0.ledger.unixTimestamp } }

    /// A transaction that landed, or nil.
    public func transaction(_ signature: Signature) -> TransactionRecord? {
        withState { $0.ledger.transaction(signature) }
    }

    /// Puts a transaction into the current slot, past all endpoints.
    ///
    /// - Parameter transaction: The signed transaction.
    /// - Returns: What happened; the record of a transaction whose instructions failed has the error.
    /// - Throws: Why it cannot land at all.
    @discardableResult
    public func submit(_ transaction: Transaction) throws(TransactionError) -> TransactionRecord {
        let wireBytes: [UInt8]
        do throws(MessageError) {
            wireBytes = try transaction.serialized()
        } catch {
            throw .sanitizeFailure
        }
        // The signatures take longer than all the rest: checked outside the lock.
        guard Ledger.hasValidSignatures(transaction) else { throw .signatureFailure }
        return try land(transaction, wireBytes: wireBytes)
    }

    /// Runs a transaction whose signatures have been checked, and tells those who listen.
    func land(_ transaction: Transaction, wireBytes: [UInt8]) throws(TransactionError) -> TransactionRecord {
        try withState { state throws(TransactionError) in
            let processed = try state.ledger.process(verified: transaction, wireBytes: wireBytes)
            state.subscriptions.publish(processed)
            if configuration.laggingNode != nil { state.lagging.keep(processed) }
            return processed.record
        }
    }

    /// Gives lamports from the faucet, by a transaction that the faucet signs and pays for.
    ///
    /// In real time the slot ends with it, so that the lamports are confirmed when this returns.
    ///
    /// - Parameters:
    ///   - lamports: How much; a new account needs at least the rent exemption.
    ///   - address: Who gets it.
    /// - Returns: The transaction's signature.
    /// - Throws: What keeps the transaction from succeeding.
    @discardableResult
    public func airdrop(_ lamports: Lamports, to address: Address) throws(TransactionError) -> Signature {
        let faucet = Ledger.faucet
        let (blockhash, count) = withState { state in
            state.airdrops &+= 1
            return (state.ledger.latestBlockhash(atSlot: state.ledger.slot).blockhash, state.airdrops)
        }
        let transaction: Transaction
        do {
            var unsigned = try Transaction(
                feePayer: faucet.address,
                instructions: [
                    SystemProgram.transfer(from: faucet.address, to: address, lamports: lamports),
                    // The count makes every airdrop a message of its own, however alike they are.
                    ComputeBudgetProgram.setComputeUnitLimit(10_000 + count % 1_000_000),
                ],
                recentBlockhash: blockhash
            )
            try unsigned.sign(by: [faucet])
            transaction = unsigned
        } catch {
            throw .sanitizeFailure
        }
        let record = try submit(transaction)
        if let error = record.error { throw error }
        // Whoever reads at `confirmed` sees it once this has returned. A manual pace stays in the caller's hands.
        if configuration.pace == .realTime {
            for _ in 0..<configuration.ledger.confirmationAge { advanceSlot() }
        }
        return record.signature
    }
}

extension LocalCluster {
    /// Cuts off every PubSub connection that has subscriptions, without a word.
    public func dropPubSubConnections() {
        let connections = withState { $0.subscriptions.connections + $0.lagging.subscriptions.connections }
        for connection in connections { connection.drop() }
    }
}
