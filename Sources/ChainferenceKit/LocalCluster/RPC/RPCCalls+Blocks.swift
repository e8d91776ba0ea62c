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
        guard ["full", "accounts", "signatures", "none"].contains(details) else {
            throw .invalidParams(
                """
                Invalid params: unknown variant `\(details.prefix(64))`, expected one of `full`, `signatures`, `none`, \
                `accounts`.
                """
            )
        }
        let showsRewards = try options["rewards"].map { value throws(RPCFailure) in
            guard case .bool(let flag) = value else { throw .invalidType(value, expected: "a boolean") }
            return flag
        }
        let level = try confirmedOrBetter(options)
        let (block, records, hashes) = try cluster.withState { state throws(RPCFailure) in
            guard slot <= node.slot(at: level, in: state.ledger), let block = state.ledger.blocks[slot] else {
                throw RPCFailure(-32_004, "Block not available for slot \(slot)")
            }
            let records =
                details == "full" || details == "accounts"
                ? block.signatures.compactMap { state.ledger.transaction($0) } : []
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
        ]
        if showsRewards ?? true { members["rewards"] = [] }
        if details == "signatures" {
            members["signatures"] = .array(block.signatures.map { .string($0.base58) })
        } else if details == "full" {
            var transactions: [JSONValue] = []
            for record in records {
                transactions.append(.object(try show(record, encoding, maximumVersion: maximumVersion)))
            }
            members["transactions"] = .array(transactions)
        } else if details == "accounts" {
            var transactions: [JSONValue] = []
            for record in records {
                transactions.append(.object(try showAccounts(record, maximumVersion: maximumVersion)))
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
            let end = min(last, node.slot(at: level, in: state.ledger))
            guard first <= end else { return [] }
            guard end - first <= Self.maximumSpan else {
                throw .invalidParams("Slot range too large; max \(Self.maximumSpan)")
            }
            return .array(state.ledger.blocks.slots(from: first, through: end).map { .unsigned($0) })
        }
    }

    func getBlocksWithLimit(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let first = try parameters.unsigned(0)
        let limit = try parameters.unsigned(1)
        let level = try confirmedOrBetter(try parameters.options(2))
        guard limit <= Self.maximumSpan else { throw .invalidParams("Limit too large; max \(Self.maximumSpan)") }
        return cluster.withState { state in
            let end = node.slot(at: level, in: state.ledger)
            guard first <= end, limit > 0 else { return [] }
            let slots = state.ledger.blocks.slots(from: first, through: end)
            return .array(slots.prefix(Int(limit)).map { .unsigned($0) })
        }
    }

    func getBlockCommitment(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        _ = try parameters.unsigned(0)
        // There are no stakes that could have voted.
        return ["commitment": .null, "totalStake": 0]
    }

    func getBlockProduction(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let options = try parameters.options(0)
        let (slot, first) = try cluster.withState { state throws(RPCFailure) in
            let slot = try contextSlot(options, state.ledger)
            let epoch = slot / state.ledger.parameters.slotsPerEpoch
            return (slot, epoch * state.ledger.parameters.slotsPerEpoch)
        }
        let range = options["range"]
        var bounds = (first: first, last: slot)
        if case .unsigned(let number) = range?["firstSlot"] { bounds.first = number }
        if case .unsigned(let number) = range?["lastSlot"] { bounds.last = min(number, slot) }
        guard bounds.first <= bounds.last else {
            throw .invalidParams("lastSlot, \(bounds.last), cannot be less than firstSlot, \(bounds.first)")
        }
        let produced = JSONValue.unsigned(bounds.last - bounds.first + 1)
        return inContext(
            slot,
            [
                "byIdentity": [Ledger.faucet.address.base58: [produced, produced]],
                "range": ["firstSlot": .unsigned(bounds.first), "lastSlot": .unsigned(bounds.last)],
            ]
        )
    }

    /// How long a sample of `getRecentPerformanceSamples` takes on a validator, in seconds.
    private static let samplePeriod: Int64 = 60

    func getRecentPerformanceSamples(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let limit = parameters[0] == nil ? 720 : try parameters.unsigned(0)
        guard limit <= 720 else { throw .invalidParams("Invalid limit; max 720") }
        return cluster.withState { state in
            let newest = node.slot(at: .processed, in: state.ledger)
            var samples: [JSONValue] = []
            // As many slots as last about a minute, for each sample, newest first.
            let period = state.ledger.parameters.slotDuration
            let length = max(1, UInt64(Duration.seconds(Self.samplePeriod) / max(period, .milliseconds(1))))
            var end = newest
            while samples.count < Int(limit), end >= length, state.ledger.blocks[end - length + 1] != nil {
                let blocks = (end - length + 1...end).compactMap { state.ledger.blocks[$0] }
                let transactions = UInt64(blocks.reduce(0) { $0 + $1.signatures.count })
                samples.append([
                    "slot": .unsigned(end),
                    "numTransactions": .unsigned(transactions),
                    "numNonVoteTransactions": .unsigned(transactions),
                    "numSlots": .unsigned(length),
                    "samplePeriodSecs": .signed(Self.samplePeriod),
                ])
                end -= length
            }
            return .array(samples)
        }
    }

    func getBlockTime(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let slot = try parameters.unsigned(0)
        let found = cluster.withState { state in
            slot <= node.slot(at: .processed, in: state.ledger) ? state.ledger.blocks[slot] : nil
        }
        guard let block = found else {
            throw RPCFailure(-32_004, "Block not available for slot \(slot)")
        }
        return .signed(block.time)
    }
}
