import GRDB
public import InferenceMarket
public import Solana

/// A lock that this provider holds, wanted to hold or has settled.
public struct LockRecord: Hashable, Sendable {
    /// How far it has come.
    public enum State: String, Sendable, CaseIterable {
        /// The lock transaction may have gone out; the chain says whether it landed.
        case intended
        /// The chain says that it is ours.
        case locked
        /// A claim may have gone out; the chain says whether it landed.
        case claiming
        /// The claim has landed.
        case claimed
        /// Nothing to claim, or it is over without one.
        case forgotten
    }

    /// Which incarnation of which request.
    public let id: LockID

    /// How far it has come.
    public var state: State

    /// The time of the lock on the chain; nil until it is seen there.
    public var lockedAt: UnixTime?

    /// The last moment for a claim; nil until the lock is seen on the chain.
    public var deadline: UnixTime?

    /// The key that signs this request's vouchers.
    public let voucherSigner: Address

    /// The most that may ever be claimed.
    public let stake: Lamports

    /// What may be claimed without any voucher.
    public let credit: Lamports

    /// When this row was first written.
    public let createdAt: UnixTime

    /// The model, for the books; nil in rows of an earlier version.
    public let model: ModelID?

    /// The market's fee, frozen by the lock; nil until the lock is seen on the chain.
    public var marketFee: BasisPoints?

    /// What was due when an answer was begun on the credit, before any voucher: that much is earned, whatever happens then.
    public var begunOnCredit: Lamports

    /// Adopts all fields.
    public init(
        id: LockID,
        state: State,
        lockedAt: UnixTime?,
        deadline: UnixTime?,
        voucherSigner: Address,
        stake: Lamports,
        credit: Lamports,
        createdAt: UnixTime,
        model: ModelID? = nil,
        marketFee: BasisPoints? = nil,
        begunOnCredit: Lamports = .zero
    ) {
        self.id = id
        self.state = state
        self.lockedAt = lockedAt
        self.deadline = deadline
        self.voucherSigner = voucherSigner
        self.stake = stake
        self.credit = credit
        self.createdAt = createdAt
        self.model = model
        self.marketFee = marketFee
        self.begunOnCredit = begunOnCredit
    }

    static let schema = """
        CREATE TABLE lock (
            request BLOB NOT NULL CHECK (length(request) = 32),
            created_slot INTEGER NOT NULL,
            state TEXT NOT NULL,
            locked_at INTEGER,
            deadline INTEGER,
            voucher_signer BLOB NOT NULL CHECK (length(voucher_signer) = 32),
            stake INTEGER NOT NULL,
            credit INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            PRIMARY KEY (request, created_slot)
        ) STRICT, WITHOUT ROWID
        """

    init(row: Row) throws {
        self.init(
            id: try row.lockID(table: "lock"),
            state: try row.word("state", table: "lock"),
            lockedAt: (row["locked_at"] as Int64?).map(UnixTime.init(rawValue:)),
            deadline: (row["deadline"] as Int64?).map(UnixTime.init(rawValue:)),
            voucherSigner: try row.address("voucher_signer", table: "lock"),
            stake: row.lamports("stake"),
            credit: row.lamports("credit"),
            createdAt: row.time("created_at"),
            model: (row["model"] as String?).flatMap { try? ModelID(validating: $0) },
            marketFee: (row["market_fee"] as Int64?).map { BasisPoints(rawValue: UInt16(clamping: $0)) },
            begunOnCredit: row.lamports("begun_on_credit")
        )
    }

    fileprivate var columns: ColumnValues {
        id.columns + [
            ("state", state.rawValue), ("locked_at", lockedAt?.rawValue), ("deadline", deadline?.rawValue),
            ("voucher_signer", voucherSigner.blob), ("stake", stake.column), ("credit", credit.column),
            ("created_at", createdAt.rawValue), ("model", model?.name),
            ("market_fee", marketFee.map { Int64($0.rawValue) }), ("begun_on_credit", begunOnCredit.column),
        ]
    }
}

extension ProviderStore {
    /// Writes a lock down, or what is new about it.
    public func save(_ lock: LockRecord) async throws {
        try await write { database in
            try database.insert(
                lock.columns,
                into: "lock",
                onConflict: """
                    (request, created_slot) DO UPDATE SET
                        state = excluded.state, locked_at = excluded.locked_at, deadline = excluded.deadline,
                        market_fee = COALESCE(excluded.market_fee, market_fee),
                        begun_on_credit = MAX(begun_on_credit, excluded.begun_on_credit)
                    """
            )
        }
    }

    /// The lock of one incarnation, if this provider ever wanted it.
    public func lock(_ id: LockID) async throws -> LockRecord? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT * FROM lock WHERE \(LockID.condition)",
                arguments: id.key
            ).map(LockRecord.init(row:))
        }
    }

    /// All locks that are not over: what a start has to look into.
    public func unsettledLocks() async throws -> [LockRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM lock WHERE state NOT IN ('claimed', 'forgotten') ORDER BY created_at, request"
            ).map(LockRecord.init(row:))
        }
    }

    /// Notes that an answer begins on the credit, and what is due as it does; only after this may it.
    public func setBegunOnCredit(_ amount: Lamports, of id: LockID) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE lock SET begun_on_credit = MAX(begun_on_credit, ?) WHERE \(LockID.condition)",
                arguments: [amount.column] + id.key
            )
        }
    }

    /// Moves a lock on.
    public func setState(_ state: LockRecord.State, of id: LockID) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE lock SET state = ? WHERE \(LockID.condition)",
                arguments: [state.rawValue] + id.key
            )
        }
    }
}
