import Foundation
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

extension EarningsReport.Line {
    var sortKey: (Int64, String) { (day.rawValue, model?.name ?? "") }
}

extension UnixTime {
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
