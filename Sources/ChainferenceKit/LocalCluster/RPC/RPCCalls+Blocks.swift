import JSON
import Solana

extension RPCCalls {
    /// How many slots one call of `getBlocks` may span.
    private static let maximumSpan: UInt64 = 500_000

    func getBlock(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let slot = try parameters.unsigned(0)
        // Old clients pass the encoding as a bare string.
        let value = parameters[1]
        let options = try RPCOptions(value?.text == nil ? value : nil)
        let named = try options.text("encoding")
        let encoding = try TransactionJSON.Encoding(named: value?.text ?? named)
        let maximumVersion = try options.unsigned("maxSupportedTransactionVersion")
        let details = try options.text("transactionDetails") ?? "full"
        guard ["full", "signatures", "none"].contains(details) else {
            throw .invalidParams("Invalid params: a local cluster has `full`, `signatures` and `none`.")
        }
        let level = try confirmedOrBetter(options)
        let (block, records, hashes) = try cluster.withState { state throws(RPCFailure) in
            guard slot <= state.ledger.slot(at: level), let block = state.ledger.blocks[slot] else {
                throw RPCFailure(-32_004, "Block not available for slot \(slot)")
            }
            let records = details == "full" ? block.signatures.compactMap { state.ledger.transaction($0) } : []
            return (
                block, records, (state.ledger.blockhash(offeredIn: slot), state.ledger.blockhash(offeredIn: slot + 1))
            )
        }
        var members: JSONObject = [
            "blockhash": .string(hashes.1.base58),
            "previousBlockhash": .string(hashes.0.base58),
            "parentSlot": .unsigned(slot > 0 ? slot - 1 : 0),
            "blockHeight": .unsigned(slot),
            "blockTime": .signed(block.time),
            "rewards": [],
        ]
        if details == "signatures" {
            members["signatures"] = .array(block.signatures.map { .string($0.base58) })
        } else if details == "full" {
            var transactions: [JSONValue] = []
            for record in records {
                transactions.append(.object(try show(record, encoding, maximumVersion: maximumVersion)))
            }
            members["transactions"] = .array(transactions)
        }
        return .object(members)
    }

    func getBlocks(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let first = try parameters.unsigned(0)
        let hasEnd = if case .unsigned = parameters[1] { true } else { false }
        let last = hasEnd ? try parameters.unsigned(1) : UInt64.max
        let level = try confirmedOrBetter(try parameters.options(hasEnd ? 2 : 1))
        return try cluster.withState { state throws(RPCFailure) in
            let end = min(last, state.ledger.slot(at: level))
            guard first <= end else { return [] }
            guard end - first <= Self.maximumSpan else {
                throw .invalidParams("Slot range too large; max \(Self.maximumSpan)")
            }
            return .array(state.ledger.blocks.slots(from: first, through: end).map { .unsigned($0) })
        }
    }

    func getBlockTime(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let slot = try parameters.unsigned(0)
        guard let block = cluster.withState({ $0.ledger.blocks[slot] }) else {
            throw RPCFailure(-32_004, "Block not available for slot \(slot)")
        }
        return .signed(block.time)
    }
}
