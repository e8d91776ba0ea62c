import JSON
import Solana

/// Stakes, leaders and inflation of a cluster that has one node and neither stakes nor inflation.
extension RPCCalls {
    private var identity: String { Ledger.faucet.address.base58 }

    func getClusterNodes() -> JSONValue {
        let rpc = cluster.rpcURL.split(separator: "/").last.map { JSONValue.string(String($0)) }
        let pubSub = cluster.webSocketURL.split(separator: "/").last.map { JSONValue.string(String($0)) }
        return [
            [
                "pubkey": .string(identity),
                "gossip": .null,
                "tvu": .null,
                "tpu": .null,
                "tpuQuic": .null,
                "tpuForwards": .null,
                "tpuForwardsQuic": .null,
                "tpuVote": .null,
                "serveRepair": .null,
                "rpc": rpc ?? .null,
                "pubsub": pubSub ?? .null,
                "version": .string(LocalCluster.apiVersion),
                "clientId": .null,
                "featureSet": 0,
                "shredVersion": 0,
            ]
        ]
    }

    func getLeaderSchedule(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        // A slot may come first; old clients leave it out.
        let hasSlot = if case .unsigned = parameters[0] { true } else { false }
        let isObject = if case .object = parameters[0] { true } else { false }
        let options = try parameters.options(isObject ? 0 : 1)
        let slots = cluster.configuration.ledger.slotsPerEpoch
        let newest = cluster.withState { node.slot(at: .processed, in: $0.ledger) }
        let slot = hasSlot ? try parameters.unsigned(0) : newest
        // As far as a validator knows: this epoch and the next one.
        guard slot / slots <= newest / slots + 1 else { return .null }
        if let wanted = try options.text("identity"), wanted != identity { return [:] }
        // Long lists are what a validator sends, too; a local cluster's epochs can be as short as one likes.
        return .object([identity: .array((0..<slots).map { .unsigned($0) })])
    }

    func getSlotLeaders(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        _ = try parameters.unsigned(0)
        let limit = try parameters.unsigned(1)
        guard (1...5_000).contains(limit) else { throw .invalidParams("Invalid limit; max 5000") }
        return .array(Array(repeating: .string(identity), count: Int(limit)))
    }

    func getStakeMinimumDelegation(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let options = try parameters.options(0)
        let slot = try cluster.withState { state throws(RPCFailure) in try contextSlot(options, state.ledger) }
        return inContext(slot, 1)
    }

    func getInflationGovernor(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        _ = try parameters.options(0).commitment()
        return [
            "initial": .double(0), "terminal": .double(0), "taper": .double(0), "foundation": .double(0),
            "foundationTerm": .double(0),
        ]
    }

    func getInflationRate() -> JSONValue {
        let slots = cluster.configuration.ledger.slotsPerEpoch
        let slot = cluster.withState { node.slot(at: .processed, in: $0.ledger) }
        return [
            "total": .double(0), "validator": .double(0), "foundation": .double(0), "epoch": .unsigned(slot / slots),
        ]
    }

    func getInflationReward(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        .array(Array(repeating: .null, count: try parameters.addresses(0, limit: 1_000).count))
    }
}
