import JSON
import Solana

extension RPCCalls {
    /// The slot, which is the block height too: no slot is ever skipped.
    func getSlot(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let options = try parameters.options(0)
        return .unsigned(try cluster.withState { state throws(RPCFailure) in try contextSlot(options, state.ledger) })
    }

    func getEpochInfo(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let options = try parameters.options(0)
        let (slot, transactions) = try cluster.withState { state throws(RPCFailure) in
            (try contextSlot(options, state.ledger), state.ledger.transactionCount)
        }
        let slots = cluster.configuration.ledger.slotsPerEpoch
        return [
            "absoluteSlot": .unsigned(slot),
            "blockHeight": .unsigned(slot),
            "epoch": .unsigned(slot / slots),
            "slotIndex": .unsigned(slot % slots),
            "slotsInEpoch": .unsigned(slots),
            "transactionCount": .unsigned(transactions),
        ]
    }

    /// How many slots a healthy node may be behind, as on a validator.
    private static let healthyLag: UInt64 = 128

    func getHealth() throws(RPCFailure) -> JSONValue {
        guard node.lag < Self.healthyLag else { throw .nodeUnhealthy(slotsBehind: node.lag) }
        return "ok"
    }

    func getEpochSchedule() -> JSONValue {
        let slots = cluster.configuration.ledger.slotsPerEpoch
        return [
            "slotsPerEpoch": .unsigned(slots),
            "leaderScheduleSlotOffset": .unsigned(slots),
            "warmup": false,
            "firstNormalEpoch": 0,
            "firstNormalSlot": 0,
        ]
    }

    func getLatestBlockhash(_ parameters: RPCParameters, isExpired: Bool) throws(RPCFailure) -> JSONValue {
        let options = try parameters.options(0)
        let (slot, latest) = try cluster.withState { state throws(RPCFailure) in
            let slot = try contextSlot(options, state.ledger)
            return (slot, isExpired ? state.ledger.expiredBlockhash : state.ledger.latestBlockhash(atSlot: slot))
        }
        return inContext(slot, show(latest))
    }

    func isBlockhashValid(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let blockhash = try parameters.blockhash(0)
        let options = try parameters.options(1)
        let (slot, isValid) = try cluster.withState { state throws(RPCFailure) in
            let slot = try contextSlot(options, state.ledger)
            return (slot, state.ledger.blockhashes.isValid(blockhash, atHeight: slot))
        }
        return inContext(slot, .bool(isValid))
    }

    func getFeeForMessage(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        guard let bytes = Base64.decode(try parameters.text(0)) else {
            throw .invalidParams("invalid base64 encoding")
        }
        let message: VersionedMessage
        let transaction: Transaction
        do throws(MessageError) {
            message = try VersionedMessage(decoding: bytes)
            transaction = try Transaction(message: message)
        } catch {
            throw Self.refusal(of: error, type: "VersionedMessage")
        }
        let options = try parameters.options(1)
        let (slot, fee): (UInt64, Lamports?) = try cluster.withState { state throws(RPCFailure) in
            let slot = try contextSlot(options, state.ledger)
            guard state.ledger.blockhashes.isValid(message.recentBlockhash, atHeight: slot) else {
                return (slot, nil)
            }
            let resolved = try resolve(transaction, wireBytes: [], state.ledger, atSlot: slot)
            // A budget that cannot be read counts as none: such a transaction will not land, but the question is answered.
            let budget = (try? ComputeBudget(of: resolved)) ?? ComputeBudget()
            return (slot, state.ledger.fee(of: resolved, budget: budget))
        }
        return inContext(slot, .optional(fee) { .unsigned($0.rawValue) })
    }

    func getRecentPrioritizationFees(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let addresses = parameters[0] == nil ? [] : try parameters.addresses(0, limit: 128)
        let fees = cluster.withState { state in
            let newest = node.slot(at: .processed, in: state.ledger)
            return state.ledger.recentPrioritizationFees(locking: addresses).filter { $0.slot < newest }
        }
        return .array(fees.map { ["slot": .unsigned($0.slot), "prioritizationFee": .unsigned($0.price.rawValue)] })
    }

    func show(_ latest: (blockhash: Blockhash, lastValidBlockHeight: UInt64)) -> JSONValue {
        [
            "blockhash": .string(latest.blockhash.base58),
            "lastValidBlockHeight": .unsigned(latest.lastValidBlockHeight),
        ]
    }
}
