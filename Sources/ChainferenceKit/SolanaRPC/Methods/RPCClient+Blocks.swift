import JSON
public import Solana

extension RPCClient {
    /// The block of a slot, or nil if the slot was skipped (`getBlock`).
    ///
    /// - Parameters:
    ///   - slot: the slot.
    ///   - details: how much of it; whole blocks of busy networks have some megabytes.
    ///   - commitment: confirmed or finalized; nil for the client's.
    /// - Returns: the block, or nil for a slot without one.
    /// - Throws: ``RPCError``: among them ``JSONRPCErrorCode/blockNotAvailable`` for a slot that has not reached the
    ///   commitment, ``JSONRPCErrorCode/blockCleanedUp`` for one that the node has forgotten; `CancellationError`.
    public func getBlock(
        slot: UInt64,
        details: BlockDetails = .full,
        commitment: Commitment? = nil
    ) async throws -> Block? {
        do {
            return try await call(
                "getBlock",
                [
                    .unsigned(slot),
                    [
                        "encoding": "base64", "maxSupportedTransactionVersion": 0, "rewards": false,
                        "transactionDetails": .string(details.rawValue), "commitment": historic(commitment),
                    ],
                ]
            )
        } catch let error as RPCError {
            guard [.slotSkipped, .longTermStorageSlotSkipped].contains(error.code) else { throw error }
            return nil
        }
    }

    /// The slots that have a block, from one to another, both included (`getBlocks`).
    ///
    /// - Parameters:
    ///   - first: the first slot.
    ///   - last: the last slot, at most 500,000 later; nil for the newest.
    ///   - commitment: confirmed or finalized; nil for the client's.
    /// - Returns: the slots in ascending order.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func getBlocks(
        from first: UInt64,
        through last: UInt64? = nil,
        commitment: Commitment? = nil
    ) async throws -> [UInt64] {
        try await call(
            "getBlocks",
            [.unsigned(first)] + (last.map { [.unsigned($0)] } ?? []) + [["commitment": historic(commitment)]]
        )
    }

    /// When a block was made by its validators' clocks, in seconds since 1970 (`getBlockTime`); nil if unknown.
    public func getBlockTime(slot: UInt64) async throws -> Int64? {
        try await call("getBlockTime", [.unsigned(slot)])
    }

    /// The oldest slot whose block the node still has (`getFirstAvailableBlock`).
    public func getFirstAvailableBlock() async throws -> UInt64 {
        try await call("getFirstAvailableBlock")
    }

    /// History is written once a block is confirmed.
    private func historic(_ commitment: Commitment?) -> JSONValue {
        .string(max(.confirmed, commitment ?? self.commitment).rawValue)
    }
}
