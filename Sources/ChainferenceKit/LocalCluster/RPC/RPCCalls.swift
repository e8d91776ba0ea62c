import JSON
import Solana

/// Answers JSON-RPC calls, one or a batch.
struct RPCCalls {
    /// How many calls one batch may have.
    static let maximumBatchCount = 1_000

    let node: ClusterNode

    var cluster: LocalCluster { node.cluster }

    /// The name of the first method in a body, for faults that go by method.
    static func firstMethod(of body: JSONValue?) -> String {
        let call = body?.elements?.first ?? body
        return call?["method"]?.text ?? ""
    }

    /// Carries out what a request's body asks for.
    ///
    /// - Parameters:
    ///   - body: The parsed body, or nil if it is no JSON.
    ///   - effect: A fault that changes what is done rather than how it is answered.
    /// - Returns: The answer, or nil if the body asks for none.
    func answer(_ body: JSONValue?, effect: Fault.Effect? = nil) -> JSONValue? {
        guard let body else { return RPCResponse.json(id: .null, .failure(.parseError)) }
        guard let batch = body.elements else { return answer(call: body, effect: effect) }
        guard !batch.isEmpty, batch.count <= Self.maximumBatchCount else {
            return RPCResponse.json(id: .null, .failure(.invalidRequest))
        }
        let answers = batch.compactMap { answer(call: $0, effect: effect) }
        return answers.isEmpty ? nil : .array(answers)
    }

    private func answer(call: JSONValue, effect: Fault.Effect?) -> JSONValue? {
        guard case .object(let members) = call, members["jsonrpc"] == "2.0", let method = members["method"]?.text else {
            return RPCResponse.json(id: call["id"] ?? .null, .failure(.invalidRequest))
        }
        let result: Result<JSONValue, RPCFailure>
        do throws(RPCFailure) {
            if case .nodeBehind(let slots) = effect { throw .nodeUnhealthy(slotsBehind: slots) }
            result = .success(try perform(method, RPCParameters(members["params"]), effect: effect))
        } catch {
            result = .failure(error)
        }
        guard let id = members["id"] else { return nil }
        return RPCResponse.json(id: id, result)
    }

    private func perform(
        _ method: String,
        _ parameters: RPCParameters,
        effect: Fault.Effect?
    ) throws(RPCFailure) -> JSONValue {
        switch method {
        // Accounts
        case "getAccountInfo": try getAccountInfo(parameters)
        case "getBalance": try getBalance(parameters)
        case "getMultipleAccounts": try getMultipleAccounts(parameters)
        case "getProgramAccounts": try getProgramAccounts(parameters)
        case "getMinimumBalanceForRentExemption": try getMinimumBalanceForRentExemption(parameters)
        case "getSupply": try getSupply(parameters)
        case "getLargestAccounts": try getLargestAccounts(parameters)
        // Blocks
        case "getBlock": try getBlock(parameters)
        case "getBlocks": try getBlocks(parameters)
        case "getBlocksWithLimit": try getBlocksWithLimit(parameters)
        case "getBlockTime": try getBlockTime(parameters)
        case "getBlockCommitment": try getBlockCommitment(parameters)
        case "getBlockProduction": try getBlockProduction(parameters)
        case "getRecentPerformanceSamples": try getRecentPerformanceSamples(parameters)
        // Tokens
        case "getTokenAccountBalance": try getTokenAccountBalance(parameters)
        case "getTokenSupply": try getTokenSupply(parameters)
        case "getTokenLargestAccounts": try getTokenLargestAccounts(parameters)
        case "getTokenAccountsByOwner", "getTokenAccountsByDelegate": try getTokenAccounts(parameters)
        // Stakes and validators
        case "getClusterNodes": getClusterNodes()
        case "getLeaderSchedule": try getLeaderSchedule(parameters)
        case "getSlotLeaders": try getSlotLeaders(parameters)
        case "getVoteAccounts": ["current": [], "delinquent": []]
        case "getStakeMinimumDelegation": try getStakeMinimumDelegation(parameters)
        case "getInflationGovernor": try getInflationGovernor(parameters)
        case "getInflationRate": getInflationRate()
        case "getInflationReward": try getInflationReward(parameters)
        case "getHighestSnapshotSlot": throw RPCFailure(-32_008, "No snapshot")
        case "getMaxRetransmitSlot", "getMaxShredInsertSlot": try getSlot(RPCParameters(nil))
        // Cluster
        case "getBlockHeight", "getSlot": try getSlot(parameters)
        case "getEpochInfo": try getEpochInfo(parameters)
        case "getEpochSchedule": getEpochSchedule()
        case "getFirstAvailableBlock", "minimumLedgerSlot":
            .unsigned(cluster.withState { $0.ledger.blocks.oldest ?? 0 })
        case "getGenesisHash": .string(cluster.withState { $0.ledger.genesisHash.base58 })
        case "getHealth": try getHealth()
        case "getIdentity": ["identity": .string(Ledger.faucet.address.base58)]
        case "getSlotLeader": .string(Ledger.faucet.address.base58)
        case "getTransactionCount": .unsigned(cluster.withState { $0.ledger.transactionCount })
        case "getVersion": ["solana-core": .string(LocalCluster.apiVersion), "feature-set": 0]
        // Blockhashes and fees
        case "getLatestBlockhash": try getLatestBlockhash(parameters, isExpired: effect == .expiredBlockhash)
        case "isBlockhashValid": try isBlockhashValid(parameters)
        case "getFeeForMessage": try getFeeForMessage(parameters)
        case "getRecentPrioritizationFees": try getRecentPrioritizationFees(parameters)
        // Transactions
        case "sendTransaction": try sendTransaction(parameters, isLost: effect == .loseTransaction)
        case "simulateTransaction": try simulateTransaction(parameters)
        case "getSignatureStatuses": try getSignatureStatuses(parameters)
        case "getTransaction": try getTransaction(parameters)
        case "getSignaturesForAddress": try getSignaturesForAddress(parameters)
        case "requestAirdrop": try requestAirdrop(parameters)
        default: throw .methodNotFound
        }
    }

    // MARK: Context

    /// A value beside the slot that it holds for.
    func inContext(_ slot: UInt64, _ value: JSONValue) -> JSONValue {
        ["context": ["slot": .unsigned(slot), "apiVersion": .string(LocalCluster.apiVersion)], "value": value]
    }

    /// The slot that a call's commitment level names.
    ///
    /// - Throws: Error -32016 if the call wants a newer one.
    func contextSlot(
        _ options: RPCOptions,
        _ ledger: Ledger,
        default level: Commitment = .finalized
    ) throws(RPCFailure) -> UInt64 {
        let slot = node.slot(at: try options.commitment() ?? level, in: ledger)
        if let minimum = try options.unsigned("minContextSlot"), minimum > slot { throw .minimumContextSlot(slot) }
        return slot
    }
}
