import JSON
public import Solana

/// Where the chain is (`getEpochInfo`).
public struct EpochInfo: Hashable, Sendable, Decodable {
    /// The slot.
    public let absoluteSlot: UInt64
    /// The number of blocks beneath the block of that slot; transactions expire by this count.
    public let blockHeight: UInt64
    /// The epoch.
    public let epoch: UInt64
    /// The slot's place in the epoch.
    public let slotIndex: UInt64
    /// How many slots the epoch has.
    public let slotsInEpoch: UInt64
    /// The number of transactions since genesis, if the node tells.
    public let transactionCount: UInt64?
}

/// Whether a node keeps up with the cluster (`getHealth`).
public enum NodeHealth: Hashable, Sendable {
    /// It does.
    case ok
    /// It does not; it is behind by that many slots, if it knows.
    case behind(slots: UInt64?)
}

/// The software of a node (`getVersion`).
public struct NodeVersion: Hashable, Sendable, Decodable {
    /// The version of the software.
    public let version: String
    /// Identifies the set of features that the software knows.
    public let featureSet: UInt64?

    private enum CodingKeys: String, CodingKey {
        case version = "solana-core"
        case featureSet = "feature-set"
    }
}

/// How slots make epochs (`getEpochSchedule`).
public struct EpochSchedule: Hashable, Sendable, Decodable {
    /// The slots of a normal epoch.
    public let slotsPerEpoch: UInt64
    /// How many slots before an epoch its leaders are drawn.
    public let leaderScheduleSlotOffset: UInt64
    /// Whether the first epochs are shorter and grow.
    public let warmup: Bool
    /// The first epoch of normal length.
    public let firstNormalEpoch: UInt64
    /// Its first slot.
    public let firstNormalSlot: UInt64
}

/// How much money there is (`getSupply`).
public struct Supply: Hashable, Sendable, Decodable {
    /// All of it.
    public let total: Lamports
    /// What circulates.
    public let circulating: Lamports
    /// What does not.
    public let nonCirculating: Lamports
}

private struct NodeIdentity: Decodable {
    let identity: Address
}

extension RPCClient {
    /// The slot that has reached the commitment (`getSlot`).
    public func getSlot(commitment: Commitment? = nil) async throws -> UInt64 {
        try await callAtSlot("getSlot", commitment: commitment) { $0 }
    }

    /// The number of blocks beneath the newest one that has reached the commitment (`getBlockHeight`).
    public func getBlockHeight(commitment: Commitment? = nil) async throws -> UInt64 {
        let commitment = commitment ?? self.commitment
        let minimum = minimumSlot(for: commitment)
        var call = RPCCall(
            method: "getBlockHeight",
            params: [configuration(commitment: commitment, minimum: minimum)]
        )
        call.minimumSlot = minimum
        return try await perform(call) { $0 }
    }

    /// Slot, block height and epoch at one moment (`getEpochInfo`).
    public func getEpochInfo(commitment: Commitment? = nil) async throws -> EpochInfo {
        try await callAtSlot("getEpochInfo", commitment: commitment) { (info: EpochInfo) in info.absoluteSlot }
    }

    /// Whether the node keeps up with the cluster (`getHealth`).
    ///
    /// Asks once, and only the preferred node.
    public func getHealth() async throws -> NodeHealth {
        var call = RPCCall(method: "getHealth", params: [])
        call.maximumAttempts = 1
        do {
            return try await perform(call) { (_: JSONValue) in .ok }
        } catch let error as RPCError {
            guard case .nodeBehind(let slots) = error.reason else { throw error }
            return .behind(slots: slots)
        }
    }

    /// The node's software (`getVersion`).
    public func getVersion() async throws -> NodeVersion {
        try await call("getVersion")
    }

    /// The hash of the network's first block (`getGenesisHash`).
    public func getGenesisHash() async throws -> Blockhash {
        try await call("getGenesisHash")
    }

    /// Checks that the node belongs to the network that the cluster's description names.
    ///
    /// Does nothing for clusters without a known genesis hash.
    ///
    /// - Throws: ``ClusterError/wrongNetwork(expected:actual:)``; ``RPCError``.
    public func verifyCluster() async throws {
        guard let expected = cluster.genesisHash else { return }
        let actual = try await getGenesisHash()
        guard actual == expected else { throw ClusterError.wrongNetwork(expected: expected, actual: actual) }
    }

    /// The key by which the node is known in the cluster (`getIdentity`).
    public func getIdentity() async throws -> Address {
        try await call("getIdentity", as: NodeIdentity.self).identity
    }

    /// The validator whose turn it is to make blocks (`getSlotLeader`).
    public func getSlotLeader(commitment: Commitment? = nil) async throws -> Address {
        try await call("getSlotLeader", [configuration(commitment: commitment ?? self.commitment, minimum: nil)])
    }

    /// The number of transactions since genesis (`getTransactionCount`).
    public func getTransactionCount(commitment: Commitment? = nil) async throws -> UInt64 {
        try await call("getTransactionCount", [configuration(commitment: commitment ?? self.commitment, minimum: nil)])
    }

    /// How slots make epochs (`getEpochSchedule`).
    public func getEpochSchedule() async throws -> EpochSchedule {
        try await call("getEpochSchedule")
    }

    /// How much money there is (`getSupply`); without the list of accounts that do not circulate.
    public func getSupply(commitment: Commitment? = nil) async throws -> Contextual<Supply> {
        try await callForContext(
            "getSupply",
            options: ["excludeNonCirculatingAccountsList": true],
            commitment: commitment
        ) { $0 }
    }

    /// Calls a method whose answer contains its slot, and refuses answers from before an earlier one.
    private func callAtSlot<Answer: Decodable & Sendable>(
        _ method: String,
        commitment: Commitment?,
        slot: @escaping @Sendable (Answer) -> UInt64
    ) async throws -> Answer {
        let commitment = commitment ?? self.commitment
        let minimum = minimumSlot(for: commitment)
        var call = RPCCall(method: method, params: [configuration(commitment: commitment, minimum: minimum)])
        call.minimumSlot = minimum
        return try await perform(call) { [watermark] (answer: Answer) throws(RefusedAnswer) in
            let slot = slot(answer)
            try RPCClient.check(slot, against: minimum)
            watermark.observe(slot, at: commitment)
            return answer
        }
    }
}
