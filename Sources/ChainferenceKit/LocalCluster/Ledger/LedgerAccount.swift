public import Solana

/// One account as the ledger stores it.
public struct LedgerAccount: Sendable, Hashable {
    /// The balance.
    public var lamports: Lamports

    /// The bytes, which only the owner may change.
    public var data: [UInt8]

    /// The program that owns the account.
    public var owner: Address

    /// Whether the account is a program.
    public var executable: Bool

    /// The field that rent collection used; `UInt64.max` for every rent-exempt account.
    public var rentEpoch: UInt64

    /// Makes an account.
    public init(
        lamports: Lamports,
        data: [UInt8] = [],
        owner: Address,
        executable: Bool = false,
        rentEpoch: UInt64 = .max
    ) {
        self.lamports = lamports
        self.data = data
        self.owner = owner
        self.executable = executable
        self.rentEpoch = rentEpoch
    }

    /// What the runtime loads for an address that holds nothing: no lamports, no data, owned by the system program.
    static let empty = LedgerAccount(lamports: 0, owner: SystemProgram.id)
}
