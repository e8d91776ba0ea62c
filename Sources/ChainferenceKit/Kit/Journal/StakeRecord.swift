import GRDB
public import InferenceMarket
public import Solana

/// A stake of this client, from the intention to pay it to its end.
public struct StakeRecord: Hashable, Sendable {
    /// How far it has come.
    public enum State: String, Hashable, Sendable {
        /// The transaction that pays it may have been sent.
        case intended
        /// It is on the chain.
        case published
        /// It is over: nothing of it is left on the chain.
        case settled
    }

    /// The request's account.
    public let request: Address

    /// The wallet that paid, and that gets back what is left.
    public let wallet: Address

    /// The model that was asked for.
    public let model: ModelID

    /// The account of the server that the request named; nil for an open one.
    public let server: Address?

    /// The cluster and the program, as ``MarketChain/name`` has them; empty in rows that were written before.
    let chain: String

    /// The mark of the process that made the stake; empty for one without a file.
    let owner: String

    /// The most that could be charged.
    public let stake: Lamports

    /// What the server may claim without a voucher.
    public let credit: Lamports

    /// How far it has come.
    public var state: State

    /// What the server charged, as far as is known.
    public var charge: Lamports

    /// The client's transaction fees so far.
    public var fees: Lamports

    /// When it was written down, by this machine's clock.
    public let createdAt: UnixTime

    /// What the day's books count: the cost of what is over, the stake of what is not.
    var counted: Lamports { (state == .settled ? charge : stake).saturatingAdding(fees) }

    static let schema = """
        CREATE TABLE stake (
            request BLOB NOT NULL PRIMARY KEY CHECK (length(request) = 32),
            wallet BLOB NOT NULL CHECK (length(wallet) = 32),
            model TEXT NOT NULL,
            server BLOB CHECK (server IS NULL OR length(server) = 32),
            stake INTEGER NOT NULL,
            credit INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('intended', 'published', 'settled')),
            charge INTEGER NOT NULL,
            fees INTEGER NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """

    static let chainAndOwner = """
        ALTER TABLE stake ADD COLUMN chain TEXT NOT NULL DEFAULT '';
        ALTER TABLE stake ADD COLUMN owner TEXT NOT NULL DEFAULT ''
        """

    init(
        request: Address,
        wallet: Address,
        model: ModelID,
        server: Address?,
        stake: Lamports,
        credit: Lamports,
        createdAt: UnixTime,
        chain: String = "",
        owner: String = ""
    ) {
        self.chain = chain
        self.owner = owner
        self.request = request
        self.wallet = wallet
        self.model = model
        self.server = server
        self.stake = stake
        self.credit = credit
        self.createdAt = createdAt
        state = .intended
        charge = .zero
        fees = .zero
    }

    init(row: Row) throws {
        guard let state = State(rawValue: row["state"]) else {
            throw StoreError.corrupt(table: "stake", column: "state")
        }
        guard let model = try? ModelID(validating: row["model"]) else {
            throw StoreError.corrupt(table: "stake", column: "model")
        }
        request = try row.address("request", table: "stake")
        wallet = try row.address("wallet", table: "stake")
        self.model = model
        server = row.bytes("server").isEmpty ? nil : try row.address("server", table: "stake")
        stake = row.lamports("stake")
        credit = row.lamports("credit")
        self.state = state
        charge = row.lamports("charge")
        fees = row.lamports("fees")
        createdAt = UnixTime(rawValue: row["created_at"])
        chain = row["chain"]
        owner = row["owner"]
    }
}

extension ClientJournal {
    private static let day: Int64 = 86_400

    /// Writes a stake down before it is paid, unless that would exceed a limit; both in one step, which no other process
    /// that shares the journal can come between.
    ///
    /// - Parameters:
    ///   - record: The stake.
    ///   - fees: What publishing and closing will cost.
    ///   - limits: What must not be exceeded.
    /// - Throws: ``ClientError`` with `spendLimit`, ``StoreError``.
    func intend(_ record: StakeRecord, fees: Lamports, limits: SpendLimits) async throws {
        if let limit = limits.perSession, record.stake > limit {
            throw ClientError(.spendLimit(.perSession, limit: limit, needed: record.stake))
        }
        try await write { database in
            if let limit = limits.perDay {
                let spent = try Self.spent(database, on: record.chain, inTheDayBefore: record.createdAt)
                let needed = record.stake.saturatingAdding(fees)
                guard spent.saturatingAdding(needed) <= limit else {
                    throw ClientError(.spendLimit(.perDay(spent: spent), limit: limit, needed: needed))
                }
            }
            try database.execute(
                sql: """
                    INSERT INTO stake
                    (request, wallet, model, server, stake, credit, state, charge, fees, created_at, chain, owner)
                    VALUES (?, ?, ?, ?, ?, ?, 'intended', 0, 0, ?, ?, ?)
                    """,
                arguments: [
                    record.request.blob, record.wallet.blob, record.model.name, record.server?.blob,
                    record.stake.column, record.credit.column, record.createdAt.rawValue, record.chain, record.owner,
                ]
            )
        }
    }

    /// Notes that a stake is on the chain, and what that cost.
    func published(_ request: Address, fee: Lamports) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE stake SET state = 'published', fees = ? WHERE request = ?",
                arguments: [fee.column, request.blob]
            )
        }
    }

    /// Notes what a server has charged, before the request that says so is closed: who is killed in between still knows it.
    func charged(_ request: Address, _ charge: Lamports) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE stake SET charge = ? WHERE request = ?",
                arguments: [charge.column, request.blob]
            )
        }
    }

    /// What a server is known to have charged; zero when nothing is known.
    func charge(of request: Address) async throws -> Lamports {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT charge FROM stake WHERE request = ?", arguments: [request.blob])
                .map { $0.lamports("charge") } ?? .zero
        }
    }

    /// Notes that nothing of a stake is left on the chain.
    ///
    /// - Parameters:
    ///   - request: The request's account; one that the journal does not know is passed over.
    ///   - charge: What the server charged; nil leaves what is known.
    ///   - fees: All of the client's fees; nil leaves what is known.
    /// - Throws: ``StoreError``.
    func settled(_ request: Address, charge: Lamports?, fees: Lamports?) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    UPDATE stake SET state = 'settled', charge = coalesce(?, charge), fees = coalesce(?, fees)
                    WHERE request = ?
                    """,
                arguments: [charge?.column, fees?.column, request.blob]
            )
        }
    }

    /// Notes a fee that was paid for a stake after the session.
    func addFee(_ fee: Lamports, to request: Address) async throws {
        try await write { database in
            guard
                let row = try Row.fetchOne(
                    database,
                    sql: "SELECT * FROM stake WHERE request = ?",
                    arguments: [request.blob]
                )
            else { return }
            let fees = try StakeRecord(row: row).fees.saturatingAdding(fee)
            try database.execute(
                sql: "UPDATE stake SET fees = ? WHERE request = ?",
                arguments: [fees.column, request.blob]
            )
        }
    }

    /// The stakes that may still be on the chain, the oldest first.
    public func unsettledStakes() async throws -> [StakeRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM stake WHERE state <> 'settled' ORDER BY created_at, request"
            ).map(StakeRecord.init(row:))
        }
    }

    /// Whether another process, which is alive, works on a stake.
    func isWorkedOnElsewhere(_ stake: StakeRecord) -> Bool { owner?.isOther(stake.owner) ?? false }

    /// Whether a wallet has ever staked anything.
    ///
    /// - Parameters:
    ///   - wallet: The wallet.
    ///   - chain: Where, as ``MarketChain/name`` has it; nil for anywhere.
    /// - Returns: Whether it has; rows from before there were chains count for all of them.
    /// - Throws: ``StoreError``.
    func hasStaked(_ wallet: Address, on chain: String? = nil) async throws -> Bool {
        try await read { database in
            try Bool.fetchOne(
                database,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM stake WHERE wallet = ? AND (? IS NULL OR chain = ? OR chain = ''))
                    """,
                arguments: [wallet.blob, chain, chain]
            ) ?? false
        }
    }

    /// What the sessions of the last 24 hours cost or may still cost, fees included, on all clusters.
    public func spent(inTheDayBefore now: UnixTime) async throws -> Lamports {
        try await read { try Self.spent($0, on: nil, inTheDayBefore: now) }
    }

    /// What is spent or staked; on one chain, since the lamports of a test cluster are worth nothing on another.
    private static func spent(
        _ database: Database,
        on chain: String?,
        inTheDayBefore now: UnixTime
    ) throws -> Lamports {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM stake WHERE created_at > ?",
            arguments: [now.rawValue - Self.day]
        ).map(StakeRecord.init(row:))
            .filter { chain == nil || $0.chain == chain || $0.chain.isEmpty }
            .reduce(.zero) { $0.saturatingAdding($1.counted) }
    }
}
