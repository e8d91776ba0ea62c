import JSON
public import Solana

/// A transaction that landed and the accounts that it changed.
struct ProcessedTransaction: Sendable {
    var record: TransactionRecord
    var changes: [AccountChange]
}

extension Ledger {
    /// Checks a transaction, runs it in the current slot and keeps the outcome.
    ///
    /// - Parameter transaction: The signed transaction.
    /// - Returns: What happened. A transaction whose instructions fail lands too: its record has the error, and the
    ///   fee is paid.
    /// - Throws: Why it cannot land at all; nothing is paid then.
    @discardableResult
    public mutating func process(_ transaction: Transaction) throws(TransactionError) -> TransactionRecord {
        let wireBytes: [UInt8]
        do throws(MessageError) {
            wireBytes = try transaction.serialized()
        } catch {
            throw .sanitizeFailure
        }
        guard Self.hasValidSignatures(transaction) else { throw .signatureFailure }
        return try process(verified: transaction, wireBytes: wireBytes).record
    }

    /// Whether every signer's signature is there and right.
    static func hasValidSignatures(_ transaction: Transaction) -> Bool {
        (try? transaction.verifySignatures()) != nil
    }

    /// Runs a transaction whose signatures have been checked already.
    mutating func process(
        verified transaction: Transaction,
        wireBytes: [UInt8]
    ) throws(TransactionError) -> ProcessedTransaction {
        let resolved = try resolve(transaction, wireBytes: wireBytes, atSlot: slot)
        return commit(try execute(resolved, atSlot: slot), of: resolved)
    }

    private mutating func commit(_ execution: Execution, of transaction: ResolvedTransaction) -> ProcessedTransaction {
        var changes: [AccountChange] = []
        for (index, key) in transaction.accountKeys.enumerated()
        where transaction.writable[index] && execution.after[index] != execution.before[index] {
            store(execution.after[index], at: key)
            changes.append(AccountChange(address: key, account: account(key)))
        }
        let record = TransactionRecord(
            signature: transaction.signature,
            slot: slot,
            blockTime: clock.unixTimestamp,
            wireBytes: transaction.wireBytes,
            accountKeys: transaction.accountKeys,
            loadedWritableCount: transaction.loadedWritableCount,
            loadedReadonlyCount: transaction.loadedReadonlyCount,
            error: execution.error,
            fee: execution.fee,
            preBalances: execution.before.map(\.lamports),
            postBalances: execution.after.map(\.lamports),
            logs: execution.logs,
            computeUnits: execution.units,
            innerInstructions: execution.innerInstructions,
            returnData: execution.returnData,
            memo: MemoProcessor.memos(in: transaction)
        )
        transactionCount += 1
        feesCollected = feesCollected.saturatingAdding(execution.fee)
        // A message with a nonce needs no remembering: its nonce is gone.
        if blockhashes.height(of: transaction.recentBlockhash) != nil {
            landed[transaction.recentBlockhash, default: [:]][transaction.messageHash] = slot
        }
        deltas[slot]?.signatures.append(record.signature)
        prioritizationFees.note(
            execution.unitPrice,
            writing: zip(transaction.accountKeys, transaction.writable).lazy.filter(\.1).map(\.0),
            inSlot: slot
        )
        blocks.note(record.signature, inSlot: slot)
        history.append(record)
        return ProcessedTransaction(record: record, changes: changes)
    }
}
