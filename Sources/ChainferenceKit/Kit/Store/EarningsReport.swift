import Foundation
import GRDB
public import InferenceMarket
public import Solana

/// What a provider has earned and spent, per day and model, as its store has it.
///
/// The transaction fee of several claims that went out together is shared among them. Fees for the server account itself,
/// such as heartbeats, stand in rows without a model.
public struct EarningsReport: Hashable, Sendable {
    /// One model on one day; a day begins at midnight UTC, by the cluster's clock.
    public struct Line: Hashable, Sendable {
        /// The first second of the day.
        public var day: UnixTime
        /// The model; nil for what belongs to none.
        public var model: ModelID?
        /// Sessions that were claimed.
        public var sessions = 0
        /// What their clients were charged.
        public var charges = Lamports.zero
        /// The market's share of that.
        public var marketFees = Lamports.zero
        /// What the chain took for transactions, those included that failed.
        public var transactionFees = Lamports.zero
        /// Lock transactions that failed, mostly because another provider was faster.
        public var failedLocks = 0

        /// What is left, in lamports; negative when more was spent than earned.
        public var net: Int64 {
            let earned = Int128(charges.rawValue) - Int128(marketFees.rawValue) - Int128(transactionFees.rawValue)
            return Int64(clamping: earned)
        }
    }

    /// The lines, by day and model.
    public var lines: [Line]

    /// All lines together; its day is the first one's.
    public var total: Line {
        var total = Line(day: lines.first?.day ?? UnixTime(rawValue: 0), model: nil)
        for line in lines { total.add(line) }
        return total
    }
}

extension EarningsReport.Line {
    mutating func add(_ other: Self) {
        sessions += other.sessions
        charges = charges.saturatingAdding(other.charges)
        marketFees = marketFees.saturatingAdding(other.marketFees)
        transactionFees = transactionFees.saturatingAdding(other.transactionFees)
        failedLocks += other.failedLocks
    }
}

extension ProviderStore {
    /// Adds the books up.
    ///
    /// - Parameter days: The time that is looked at; all of it when nil.
    /// - Returns: The report.
    /// - Throws: ``StoreError``.
    public func earnings(during days: Range<UnixTime>? = nil) async throws -> EarningsReport {
        let (claims, models, fees, sent) = try await read { database in
            var models: [LockID: ModelID] = [:]
            var fees: [LockID: BasisPoints] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT request, created_slot, model, market_fee FROM lock") {
                let id = LockID(
                    request: try row.address("request", table: "lock"),
                    createdSlot: UInt64(bitPattern: row["created_slot"])
                )
                if let name = row["model"] as String? { models[id] = try? ModelID(validating: name) }
                if let fee = row["market_fee"] as Int64? { fees[id] = BasisPoints(rawValue: UInt16(clamping: fee)) }
            }
            let claims = try Row.fetchAll(database, sql: "SELECT * FROM claim").map(ClaimRecord.init(row:))
            let sent = try Self.transactions(in: database, where: "outcome IN ('landed', 'failed')")
            return (claims, models, fees, sent)
        }
        var lines: [Key: EarningsReport.Line] = [:]
        func change(_ time: UnixTime, _ model: ModelID?, _ body: (inout EarningsReport.Line) -> Void) {
            guard days?.contains(time) ?? true else { return }
            let key = Key(day: time.startOfDay, model: model)
            body(&lines[key, default: EarningsReport.Line(day: key.day, model: model)])
        }
        for claim in claims {
            change(claim.claimedAt, models[claim.id]) { line in
                line.sessions += 1
                line.charges = line.charges.saturatingAdding(claim.charge)
                let share = (fees[claim.id] ?? .zero).share(of: claim.charge)
                line.marketFees = line.marketFees.saturatingAdding(share)
            }
        }
        for transaction in sent {
            for (model, fee) in transaction.shares(models) {
                change(transaction.sentAt, model) { line in
                    line.transactionFees = line.transactionFees.saturatingAdding(fee)
                    if transaction.purpose == .lock, transaction.outcome == .failed { line.failedLocks += 1 }
                }
            }
        }
        return EarningsReport(lines: lines.values.sorted { $0.sortKey < $1.sortKey })
    }

    private struct Key: Hashable {
        var day: UnixTime
        var model: ModelID?
    }
}

extension EarningsReport.Line {
    fileprivate var sortKey: (Int64, String) { (day.rawValue, model?.name ?? "") }
}

extension SentTransaction {
    /// The fee, shared among the locks; what does not divide goes to the first.
    fileprivate func shares(_ models: [LockID: ModelID]) -> [(ModelID?, Lamports)] {
        guard let first = locks.first else { return [(nil, fee)] }
        let share = fee.rawValue / UInt64(locks.count)
        let rest = fee.rawValue - share * UInt64(locks.count)
        return locks.map { (models[$0], Lamports(rawValue: share + ($0 == first ? rest : 0))) }
    }
}

extension UnixTime {
    /// Midnight UTC before this time.
    fileprivate var startOfDay: UnixTime {
        let day = rawValue >= 0 ? rawValue / 86_400 : (rawValue - 86_399) / 86_400
        return UnixTime(rawValue: day * 86_400)
    }

    /// The day as `2026-11-23`.
    var dayText: String {
        Date(timeIntervalSince1970: Double(rawValue)).formatted(.iso8601.year().month().day())
    }
}

extension EarningsReport: CustomStringConvertible {
    /// A table, amounts in lamports.
    public var description: String {
        func cells(_ day: String, _ model: String, _ line: Line) -> [String] {
            [
                day, model, "\(line.sessions)", "\(line.charges.rawValue)", "\(line.marketFees.rawValue)",
                "\(line.transactionFees.rawValue)", "\(line.net)", "\(line.failedLocks)",
            ]
        }
        var rows = [["day", "model", "sessions", "charged", "market", "transactions", "net", "failed locks"]]
        rows += lines.map { cells($0.day.dayText, $0.model?.name ?? "(the server itself)", $0) }
        rows.append(cells("total", "", total))
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column < 2 ? cell + padding : padding + cell
            }
            .joined(separator: "  ")
        }
        .joined(separator: "\n")
    }
}

extension EarningsReport: Encodable {
    /// Lines and their total as JSON, amounts in lamports.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(lines, forKey: .lines)
        try container.encode(total, forKey: .total)
    }

    private enum CodingKeys: String, CodingKey {
        case lines
        case total
    }
}

extension EarningsReport.Line: Encodable {
    /// One JSON object, amounts in lamports.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(day.dayText, forKey: .day)
        try container.encode(model?.name, forKey: .model)
        try container.encode(sessions, forKey: .sessions)
        try container.encode(charges.rawValue, forKey: .charges)
        try container.encode(marketFees.rawValue, forKey: .marketFees)
        try container.encode(transactionFees.rawValue, forKey: .transactionFees)
        try container.encode(net, forKey: .net)
        try container.encode(failedLocks, forKey: .failedLocks)
    }

    private enum CodingKeys: String, CodingKey {
        case day
        case model
        case sessions
        case charges = "charged"
        case marketFees = "market_fees"
        case transactionFees = "transaction_fees"
        case net
        case failedLocks = "failed_locks"
    }
}
