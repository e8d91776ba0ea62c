import GRDB
import InferenceMarket
import Solana

/// The books of some days, gathered from the store's rows.
///
/// Rows are kept for a while, because they say which transaction was for what; then their days are folded into one line
/// for each model, so that a provider's store does not grow with every session that it ever had.
struct DailyBooks {
    private struct Key: Hashable {
        var day: UnixTime
        var model: ModelID?
    }

    private var entries: [Key: EarningsReport.Line] = [:]

    /// The lines, by day and model.
    var lines: [EarningsReport.Line] { entries.values.sorted { $0.sortKey < $1.sortKey } }

    static let schema = """
        CREATE TABLE book (
            day INTEGER NOT NULL,
            model TEXT NOT NULL,
            sessions INTEGER NOT NULL,
            charges INTEGER NOT NULL,
            market_fees INTEGER NOT NULL,
            transaction_fees INTEGER NOT NULL,
            failed_locks INTEGER NOT NULL,
            PRIMARY KEY (day, model)
        ) STRICT, WITHOUT ROWID
        """

    private mutating func change(
        _ time: UnixTime,
        _ model: ModelID?,
        _ body: (inout EarningsReport.Line) -> Void
    ) {
        let key = Key(day: time.startOfDay, model: model)
        body(&entries[key, default: EarningsReport.Line(day: key.day, model: model)])
    }

    /// Adds claims and transactions, as far as they are within the time.
    mutating func addRows(of database: Database, during time: Range<UnixTime>) throws {
        var locks: [LockID: (model: ModelID?, fee: BasisPoints)] = [:]
        let rows = try Row.fetchCursor(database, sql: "SELECT request, created_slot, model, market_fee FROM lock")
        while let row = try rows.next() {
            locks[try row.lockID(table: "lock")] = (
                (row["model"] as String?).flatMap { try? ModelID(validating: $0) },
                BasisPoints(rawValue: UInt16(clamping: row["market_fee"] as Int64? ?? 0))
            )
        }
        let claims = try Row.fetchCursor(
            database,
            sql: "SELECT * FROM claim WHERE claimed_at >= ? AND claimed_at < ?",
            arguments: time.bounds
        )
        while let row = try claims.next() {
            let claim = try ClaimRecord(row: row)
            let lock = locks[claim.id]
            change(claim.claimedAt, lock?.model) { line in
                line.sessions += 1
                line.charges = line.charges.saturatingAdding(claim.charge)
                line.marketFees = line.marketFees.saturatingAdding((lock?.fee ?? .zero).share(of: claim.charge))
            }
        }
        let sent = try ProviderStore.transactions(
            in: database,
            where: "outcome IN ('landed', 'failed') AND sent_at >= ? AND sent_at < ?",
            arguments: time.bounds
        )
        for transaction in sent {
            for (lock, fee) in transaction.shares {
                change(transaction.sentAt, lock.flatMap { locks[$0]?.model }) { line in
                    line.transactionFees = line.transactionFees.saturatingAdding(fee)
                    if transaction.purpose == .lock, transaction.outcome == .failed { line.failedLocks += 1 }
                }
            }
        }
    }

    /// Adds the days that were folded before, as far as they begin within the time.
    mutating func addFolded(of database: Database, during time: Range<UnixTime>) throws {
        // A store that is only read may be older than the table.
        guard try database.tableExists("book") else { return }
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT * FROM book WHERE day >= ? AND day < ?",
            arguments: time.bounds
        )
        while let row = try rows.next() {
            let day = row.time("day")
            let line = EarningsReport.Line(
                day: day,
                model: try? ModelID(validating: row["model"]),
                sessions: row["sessions"],
                charges: row.lamports("charges"),
                marketFees: row.lamports("market_fees"),
                transactionFees: row.lamports("transaction_fees"),
                failedLocks: row["failed_locks"]
            )
            change(day, line.model) { $0.add(line) }
        }
    }

    /// Writes the lines in the place of what was folded for their days before.
    func fold(into database: Database) throws {
        for line in lines {
            try database.insert(
                [
                    ("day", line.day.rawValue), ("model", line.model?.name ?? ""), ("sessions", line.sessions),
                    ("charges", line.charges.column), ("market_fees", line.marketFees.column),
                    ("transaction_fees", line.transactionFees.column), ("failed_locks", line.failedLocks),
                ],
                into: "book",
                onConflict: """
                    (day, model) DO UPDATE SET
                        sessions = excluded.sessions, charges = excluded.charges, market_fees = excluded.market_fees,
                        transaction_fees = excluded.transaction_fees, failed_locks = excluded.failed_locks
                    """
            )
        }
    }
}

extension ProviderStore {
    /// Adds the books up.
    ///
    /// - Parameter time: What is looked at; all of it when nil. Days that were folded (``prune(before:)``) count if they
    ///   begin within it.
    /// - Returns: The report.
    /// - Throws: ``StoreError``.
    public func earnings(during time: Range<UnixTime>? = nil) async throws -> EarningsReport {
        try await read { database in
            let time = time ?? .always
            var books = DailyBooks()
            try books.addFolded(of: database, during: time)
            try books.addRows(of: database, during: time)
            return EarningsReport(lines: books.lines)
        }
    }

    /// Folds the days before a time into one line for each model, and lets go of their rows.
    ///
    /// The report stays as it is. What is not over (locks that may still be claimed, transactions whose outcome is not
    /// known) stays, too, however old it is.
    ///
    /// - Parameter time: The day in which it lies is the first that keeps its rows.
    /// - Throws: ``StoreError``; then nothing has changed.
    public func prune(before time: UnixTime) async throws {
        let end = time.startOfDay
        try await write { database in
            let past = UnixTime(rawValue: .min)..<end
            var books = DailyBooks()
            try books.addFolded(of: database, during: past)
            try books.addRows(of: database, during: past)
            try books.fold(into: database)
            let sent = "sent_at < :end AND outcome <> 'sent'"
            let over = """
                created_at < :end AND state IN ('claimed', 'forgotten')
                AND NOT EXISTS (SELECT 1 FROM claim
                    WHERE claim.request = lock.request AND claim.created_slot = lock.created_slot)
                AND NOT EXISTS (SELECT 1 FROM sent_lock
                    WHERE sent_lock.request = lock.request AND sent_lock.created_slot = lock.created_slot)
                """
            for statement in [
                "DELETE FROM sent_lock WHERE signature IN (SELECT signature FROM sent WHERE \(sent))",
                "DELETE FROM sent WHERE \(sent)",
                "DELETE FROM claim WHERE claimed_at < :end",
                "DELETE FROM voucher WHERE (request, created_slot) IN (SELECT request, created_slot FROM lock WHERE \(over))",
                "DELETE FROM lock WHERE \(over)",
            ] {
                try database.execute(sql: statement, arguments: ["end": end.rawValue])
            }
        }
    }
}

extension SentTransaction {
    /// The fee, shared among the locks; what does not divide goes to the first.
    fileprivate var shares: [(lock: LockID?, fee: Lamports)] {
        guard let first = locks.first else { return [(nil, fee)] }
        let share = fee.rawValue / UInt64(locks.count)
        let rest = fee.rawValue - share * UInt64(locks.count)
        return locks.map { ($0, Lamports(rawValue: share + ($0 == first ? rest : 0))) }
    }
}

extension Range<UnixTime> {
    /// All time that there is.
    fileprivate static var always: Self { UnixTime(rawValue: .min)..<UnixTime(rawValue: .max) }

    fileprivate var bounds: StatementArguments { [lowerBound.rawValue, upperBound.rawValue] }
}

extension UnixTime {
    /// Midnight UTC before this time.
    fileprivate var startOfDay: UnixTime {
        let day = rawValue >= 0 ? rawValue / 86_400 : (rawValue - 86_399) / 86_400
        return UnixTime(rawValue: day * 86_400)
    }
}
