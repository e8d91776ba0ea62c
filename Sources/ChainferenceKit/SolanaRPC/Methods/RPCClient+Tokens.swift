import JSON
public import Solana

/// An amount of a token, in its smallest units (`getTokenAccountBalance`, `getTokenSupply`).
public struct TokenAmount: Hashable, Sendable {
    /// How many of the smallest units.
    public let amount: UInt64
    /// How many decimal places the whole unit has: ten to that power smallest units make one.
    public let decimals: UInt8

    /// Makes an amount.
    public init(amount: UInt64, decimals: UInt8) {
        self.amount = amount
        self.decimals = decimals
    }
}

extension TokenAmount: Decodable {
    private enum CodingKeys: String, CodingKey {
        case amount
        case decimals
    }

    /// Reads the value from a node's answer, where the amount is a text because it has 64 bits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let text = try container.decode(String.self, forKey: .amount)
        guard let amount = UInt64(text) else {
            throw DecodingError.dataCorruptedError(forKey: .amount, in: container, debugDescription: "no whole number")
        }
        self.amount = amount
        decimals = try container.decode(UInt8.self, forKey: .decimals)
    }
}

/// Which token accounts of an owner are wanted.
public enum TokenAccountFilter: Hashable, Sendable {
    /// Those of one token.
    case mint(Address)
    /// Those of one token program.
    case program(Address)

    var json: JSONValue {
        switch self {
        case .mint(let address): ["mint": .string(address.base58)]
        case .program(let address): ["programId": .string(address.base58)]
        }
    }
}

extension RPCClient {
    /// The token accounts that belong to a wallet (`getTokenAccountsByOwner`).
    ///
    /// - Parameters:
    ///   - owner: the wallet.
    ///   - filter: which of them.
    ///   - dataSlice: the part of each account's content that is wanted; nil for all of it.
    ///   - commitment: nil for the client's.
    /// - Returns: the accounts, in no particular order.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func getTokenAccountsByOwner(
        _ owner: Address,
        _ filter: TokenAccountFilter,
        dataSlice: DataSlice? = nil,
        commitment: Commitment? = nil
    ) async throws -> Contextual<[KeyedAccount]> {
        try await callForContext(
            "getTokenAccountsByOwner",
            [.string(owner.base58), filter.json],
            options: accountOptions(dataSlice),
            commitment: commitment
        ) { $0 }
    }

    /// What a token account holds (`getTokenAccountBalance`).
    public func getTokenAccountBalance(
        of account: Address,
        commitment: Commitment? = nil
    ) async throws -> Contextual<TokenAmount> {
        try await callForContext("getTokenAccountBalance", [.string(account.base58)], commitment: commitment) { $0 }
    }

    /// How much of a token there is (`getTokenSupply`).
    public func getTokenSupply(
        of mint: Address,
        commitment: Commitment? = nil
    ) async throws -> Contextual<TokenAmount> {
        try await callForContext("getTokenSupply", [.string(mint.base58)], commitment: commitment) { $0 }
    }
}
