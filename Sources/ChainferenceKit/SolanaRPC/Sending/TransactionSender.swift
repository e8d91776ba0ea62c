public import Solana

/// Sends transactions and waits until they are confirmed or can no longer land.
///
/// ```swift
/// let sender = TransactionSender(rpc: rpc)
/// let done = try await sender.send([SystemProgram.transfer(from: me.address, to: friend, lamports: 5_000)], payer: me)
/// print(done.signature, done.fee)
/// ```
///
/// A fresh blockhash is fetched, the transaction simulated, a tight limit of compute units and a price set, and the
/// transaction signed once. The same bytes are sent again and again until the transaction is confirmed or its blockhash
/// has expired. Confirmation is a race: a subscription (if there is a PubSub client), the polled status, and the block
/// height, whoever is first. A new signature is made only after the old one has provably expired, so that nothing
/// happens twice.
///
/// All errors are ``TransactionSendError``, also when the task is cancelled after signing: no signature is ever lost.
public struct TransactionSender: Sendable {
    /// Where transactions go.
    public let rpc: RPCClient
    /// What confirmations can be heard from, besides asking; it has to be running.
    public let pubsub: PubSubClient?
    /// How to prepare, what to pay, how long to wait.
    public var policy: SendPolicy

    /// Makes a sender.
    public init(rpc: RPCClient, pubsub: PubSubClient? = nil, policy: SendPolicy = SendPolicy()) {
        self.rpc = rpc
        self.pubsub = pubsub
        self.policy = policy
    }

    /// Sends instructions as one transaction, and waits for its confirmation.
    ///
    /// Instructions for the compute budget are added after the given ones, so that the numbers of those in errors and
    /// in instruction introspection stay as they are.
    ///
    /// - Parameters:
    ///   - instructions: what to do, all or nothing.
    ///   - payer: who pays the fee.
    ///   - signers: who else signs; the payer may be among them.
    ///   - lookupTables: address tables that shorten the transaction.
    ///   - willSend: told of every signed transaction before it is sent for the first time; the place to store it. If it
    ///     throws, nothing is sent.
    /// - Returns: the confirmed transaction.
    /// - Throws: ``TransactionSendError``.
    @discardableResult
    public func send(
        _ instructions: [Instruction],
        payer: any Signer,
        signers: [any Signer] = [],
        lookupTables: [AddressLookupTable] = [],
        willSend: (@Sendable (PendingTransaction) async throws -> Void)? = nil
    ) async throws -> ConfirmedTransaction {
        let clock = rpc.environment.clock
        let expiry = clock.now + policy.deadline
        var signaturesLeft = max(1, policy.maximumSignatures)
        var expired: TransactionSendError?
        while true {
            let plan = TransactionPlan(
                instructions: instructions,
                payer: payer,
                signers: signers,
                lookupTables: lookupTables
            )
            let pending: PendingTransaction
            do {
                pending = try await prepare(plan, expiry: expiry)
                try await willSend?(pending)
            } catch let error as TransactionSendError where error.isVerdict {
                throw error
            } catch {
                // There was a signature before, whose fate is known: that says more.
                throw expired ?? (error as? TransactionSendError) ?? .notSent(error)
            }
            do {
                return try await confirm(pending, expiry: expiry, isNew: true)
            } catch let error as TransactionSendError {
                guard case .expired = error else { throw error }
                expired = error
                signaturesLeft -= 1
                guard signaturesLeft > 0, clock.now < expiry, !Task.isCancelled else { throw error }
            }
        }
    }

    /// Goes on with a transaction that was signed before: sends its bytes again until its outcome is known.
    ///
    /// - Throws: ``TransactionSendError``.
    @discardableResult
    public func confirm(_ pending: PendingTransaction) async throws -> ConfirmedTransaction {
        try await confirm(pending, expiry: rpc.environment.clock.now + policy.deadline, isNew: false)
    }

    private func confirm(
        _ pending: PendingTransaction,
        expiry: Duration,
        isNew: Bool
    ) async throws -> ConfirmedTransaction {
        let race = ConfirmationRace(rpc: rpc, pubsub: pubsub, policy: policy, pending: pending, expiry: expiry)
        switch try await race.run(sendsFirst: isNew) {
        case .landed(let slot, nil):
            return await details(of: pending, slot: slot)
        case .landed(let slot, let error?):
            throw await failure(of: pending, slot: slot, error: error)
        case .expired:
            throw TransactionSendError.expired(
                signature: pending.signature,
                lastValidBlockHeight: pending.lastValidBlockHeight
            )
        case .undecided(let reason):
            throw TransactionSendError.undecided(pending, reason: reason)
        }
    }

    private func details(of pending: PendingTransaction, slot: UInt64) async -> ConfirmedTransaction {
        let record = policy.fetchesDetails ? await record(of: pending) : nil
        return ConfirmedTransaction(
            signature: pending.signature,
            slot: record?.slot ?? slot,
            fee: record?.meta?.fee ?? pending.fee,
            computeUnits: record?.meta?.computeUnits,
            logs: record?.meta?.logs ?? []
        )
    }

    private func failure(
        of pending: PendingTransaction,
        slot: UInt64,
        error: TransactionError
    ) async -> TransactionSendError {
        let record = await record(of: pending)
        return .failed(
            signature: pending.signature,
            slot: record?.slot ?? slot,
            TransactionFailure(
                error: error,
                programs: pending.transaction.programs,
                logs: record?.meta?.logs ?? [],
                computeUnits: record?.meta?.computeUnits,
                resolver: rpc.programErrors
            ),
            fee: record?.meta?.fee ?? pending.fee
        )
    }

    /// What the node has recorded of a transaction that has landed; nil if it does not say so soon.
    private func record(of pending: PendingTransaction) async -> TransactionRecord? {
        // Records are written a little after confirmation.
        for attempt in 0..<4 {
            if attempt > 0 {
                guard (try? await rpc.environment.clock.sleep(for: policy.pollInterval)) != nil else { return nil }
            }
            if let record = try? await rpc.getTransaction(pending.signature, commitment: policy.commitment) {
                return record
            }
        }
        return nil
    }
}
