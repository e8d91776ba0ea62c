import JSON
public import Solana

/// A part of an account's content.
public struct DataSlice: Hashable, Sendable {
    /// Where the part begins.
    public var offset: UInt64
    /// How many bytes it has at most.
    public var length: UInt64

    /// Names a part.
    public init(offset: UInt64, length: UInt64) {
        self.offset = offset
        self.length = length
    }

    /// No content at all, for those who want only addresses and balances.
    public static let none = Self(offset: 0, length: 0)

    var json: JSONValue { ["offset": .unsigned(offset), "length": .unsigned(length)] }
}

extension RPCClient {
    /// The balance of an account; zero if it does not exist (`getBalance`).
    public func getBalance(of address: Address, commitment: Commitment? = nil) async throws -> Contextual<Lamports> {
        try await callForContext("getBalance", [.string(address.base58)], commitment: commitment) {
            (lamports: UInt64) in
            Lamports(lamports)
        }
    }

    /// An account, or nil if it does not exist (`getAccountInfo`).
    ///
    /// - Parameters:
    ///   - address: where the account is.
    ///   - dataSlice: the part of the content that is wanted; nil for all of it.
    ///   - commitment: nil for the client's.
    /// - Returns: the account, or nil.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func getAccountInfo(
        _ address: Address,
        dataSlice: DataSlice? = nil,
        commitment: Commitment? = nil
    ) async throws -> Contextual<AccountInfo?> {
        try await callForContext(
            "getAccountInfo",
            [.string(address.base58)],
            options: accountOptions(dataSlice),
            commitment: commitment
        ) { $0 }
    }

    /// The most accounts that nodes give at once.
    static let accountsPerCall = 100

    /// Accounts in the order of `addresses`, nil where there is none (`getMultipleAccounts`).
    ///
    /// More than 100 are asked for in several calls, one after the other; the slot is that of the oldest answer, and
    /// the parts may describe different slots.
    ///
    /// - Parameters:
    ///   - addresses: where the accounts are.
    ///   - dataSlice: the part of the content that is wanted; nil for all of it.
    ///   - commitment: nil for the client's.
    /// - Returns: one account or nil for each address.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func getMultipleAccounts(
        _ addresses: [Address],
        dataSlice: DataSlice? = nil,
        commitment: Commitment? = nil
    ) async throws -> Contextual<[AccountInfo?]> {
        var accounts: [AccountInfo?] = []
        accounts.reserveCapacity(addresses.count)
        var slot: UInt64?
        var start = 0
        repeat {
            let chunk = addresses[start..<min(start + Self.accountsPerCall, addresses.count)]
            start += chunk.count
            let count = chunk.count
            let part: Contextual<[AccountInfo?]> = try await callForContext(
                "getMultipleAccounts",
                [.array(chunk.map { .string($0.base58) })],
                options: accountOptions(dataSlice),
                commitment: commitment
            ) { (accounts: [AccountInfo?]) throws(RefusedAnswer) in
                guard accounts.count == count else {
                    throw RefusedAnswer(
                        .malformedAnswer("\(accounts.count) accounts instead of \(count)", excerpt: "")
                    )
                }
                return accounts
            }
            accounts += part.value
            slot = min(slot ?? part.slot, part.slot)
        } while start < addresses.count
        return Contextual(slot: slot ?? 0, value: accounts)
    }

    /// The balance from which an account of that size is exempt from rent (`getMinimumBalanceForRentExemption`).
    public func getMinimumBalanceForRentExemption(
        dataLength: UInt64,
        commitment: Commitment? = nil
    ) async throws -> Lamports {
        let configuration: JSONValue = ["commitment": .string((commitment ?? self.commitment).rawValue)]
        let lamports: UInt64 = try await call(
            "getMinimumBalanceForRentExemption",
            [.unsigned(dataLength), configuration]
        )
        return Lamports(lamports)
    }

    func accountOptions(_ dataSlice: DataSlice?) -> JSONObject {
        var options: JSONObject = ["encoding": "base64"]
        if let dataSlice { options["dataSlice"] = dataSlice.json }
        return options
    }
}
