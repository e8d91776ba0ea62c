import JSON
import Solana

/// What a transaction would do.
struct Simulation: Sendable {
    let slot: UInt64
    let error: TransactionError?
    private let execution: Execution?
    private let replacement: (blockhash: Blockhash, lastValidBlockHeight: UInt64)?
    private let wanted: [(address: Address, account: LedgerAccount?)]
    private let accountKeys: ArraySlice<Address>
    private let loadedWritableCount: Int

    /// Runs a transaction on the accounts as of a slot and keeps nothing.
    init(
        _ transaction: ResolvedTransaction,
        ledger: Ledger,
        atSlot slot: UInt64,
        replacement: (blockhash: Blockhash, lastValidBlockHeight: UInt64)? = nil,
        wanted: [Address] = []
    ) {
        self.slot = slot
        self.replacement = replacement
        accountKeys = transaction.accountKeys.suffix(
            transaction.loadedWritableCount + transaction.loadedReadonlyCount
        )
        loadedWritableCount = transaction.loadedWritableCount
        var outcome: Execution?
        var refusal: TransactionError?
        do throws(TransactionError) {
            outcome = try ledger.execute(transaction, atSlot: slot)
        } catch {
            refusal = error
        }
        error = refusal ?? outcome?.error
        self.wanted = wanted.map { address in
            if let outcome, let index = transaction.accountKeys.firstIndex(of: address) {
                let account = outcome.after[index]
                return (address, account.lamports == .zero ? nil : account)
            }
            return (address, ledger.account(address, atSlot: slot))
        }
        execution = outcome
    }

    var innerInstructions: [Int: [TransactionRecord.InnerInstruction]] { execution?.innerInstructions ?? [:] }

    func accounts(encoding: AccountEncoding) throws(RPCFailure) -> JSONValue {
        // After a failure there is nothing to show: the changes would be rolled back.
        if error != nil { return .null }
        var shown: [JSONValue] = []
        for (address, account) in wanted {
            shown.append(try account?.json(at: address, encoding: encoding) ?? .null)
        }
        return .array(shown)
    }

    private func balances(_ accounts: [LedgerAccount]?) -> JSONValue {
        .optional(accounts) { .array($0.map { .unsigned($0.lamports.rawValue) }) }
    }

    /// The value of `simulateTransaction` and the data of a failed preflight.
    var json: JSONObject {
        [
            "err": .optional(error, \.json),
            "logs": .array((execution?.logs ?? []).map { .string($0) }),
            "accounts": .null,
            "unitsConsumed": .unsigned(execution?.units ?? 0),
            "loadedAccountsDataSize": .unsigned(
                UInt64(execution?.before.reduce(0) { $0 + $1.data.count } ?? 0)
            ),
            "returnData": .optional(execution?.returnData, TransactionJSON.returnData),
            "innerInstructions": .null,
            "fee": .optional(execution?.fee) { .unsigned($0.rawValue) },
            "preBalances": balances(execution?.before),
            "postBalances": balances(execution?.after),
            "preTokenBalances": [],
            "postTokenBalances": [],
            "loadedAddresses": [
                "writable": .array(accountKeys.prefix(loadedWritableCount).map { .string($0.base58) }),
                "readonly": .array(accountKeys.dropFirst(loadedWritableCount).map { .string($0.base58) }),
            ],
            "replacementBlockhash": .optional(replacement) { replacement in
                [
                    "blockhash": .string(replacement.blockhash.base58),
                    "lastValidBlockHeight": .unsigned(replacement.lastValidBlockHeight),
                ]
            },
        ]
    }
}
