import JSON
public import Solana

extension AccountFilter {
    var json: JSONValue {
        switch self {
        case .dataSize(let size):
            ["dataSize": .unsigned(size)]
        case .bytes(let bytes, let offset):
            // Base58 is what every node reads, also those from before the encoding could be chosen.
            ["memcmp": ["offset": .unsigned(offset), "bytes": .string(Base58.encode(bytes)), "encoding": "base58"]]
        }
    }
}

extension RPCClient {
    /// The accounts of a program (`getProgramAccounts`).
    ///
    /// The method has no pages: for programs with many accounts filter as sharply as possible and ask for a slice, or
    /// the node refuses.
    ///
    /// - Parameters:
    ///   - program: the owner of the accounts.
    ///   - filters: all have to hold; nodes take four at most.
    ///   - dataSlice: the part of each account's content that is wanted; nil for all of it.
    ///   - commitment: nil for the client's.
    /// - Returns: the accounts, in no particular order.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func getProgramAccounts(
        of program: Address,
        filters: [AccountFilter] = [],
        dataSlice: DataSlice? = nil,
        commitment: Commitment? = nil
    ) async throws -> Contextual<[KeyedAccount]> {
        var options = accountOptions(dataSlice)
        options["withContext"] = true
        if !filters.isEmpty { options["filters"] = .array(filters.map(\.json)) }
        return try await callForContext(
            "getProgramAccounts",
            [.string(program.base58)],
            options: options,
            commitment: commitment
        ) { $0 }
    }
}
