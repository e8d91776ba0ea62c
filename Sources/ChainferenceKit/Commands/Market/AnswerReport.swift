import ChainferenceKit
import Synchronization

/// One answer and what it cost so far.
struct AnswerReport: Report {
    struct Usage: Encodable {
        let promptTokens: UInt64
        let completionTokens: UInt64
    }

    let model: String
    let answer: String
    let finishReason: String
    let usage: Usage
    let hasReceipt: Bool

    init(_ answer: Answer, model: ModelID) {
        self.model = model.name
        self.answer = answer.text
        finishReason = answer.finishReason.rawValue
        usage = Usage(promptTokens: answer.usage.input, completionTokens: answer.usage.output)
        hasReceipt = answer.hasReceipt
    }

    var text: String { answer }
}

/// Where the money of a session went.
struct SettlementReport: Report {
    let state: String
    let request: String
    let stakeLamports: UInt64
    let chargeLamports: UInt64
    let feesLamports: UInt64
    let costLamports: UInt64
    let rentReturnedLamports: UInt64
    let claimableUntil: Int64?

    init(_ settlement: Settlement) {
        switch settlement.state {
        case .complete: (state, claimableUntil) = ("complete", nil)
        case .refunded: (state, claimableUntil) = ("refunded", nil)
        case .awaitingClaim(let until): (state, claimableUntil) = ("awaiting-claim", until.rawValue)
        }
        request = "\(settlement.request)"
        stakeLamports = settlement.stake.rawValue
        chargeLamports = settlement.charge.rawValue
        feesLamports = settlement.transactionFees.rawValue
        costLamports = settlement.cost.rawValue
        rentReturnedLamports = settlement.rentReturned.rawValue
    }

    var text: String { "\(state), cost \(costLamports) lamports" }
}

/// Collects what a session's servers were paid.
final class SessionBooks: Sendable {
    private let settlements = Mutex<[Settlement]>([])

    /// Takes a settlement; other events are passed over.
    func take(_ event: ClientEvent) {
        if case .settled(let settlement) = event { settlements.withLock { $0.append(settlement) } }
    }

    /// One for each server that was paid, in the order of their ends.
    var all: [Settlement] { settlements.withLock { $0 } }
}

/// Where the money of a whole session went: one settlement for each server that was paid, usually a single one.
struct BooksReport: Report {
    let settlements: [SettlementReport]
    let costLamports: UInt64

    init(_ books: SessionBooks) {
        settlements = books.all.map { SettlementReport($0) }
        costLamports = books.all.reduce(Lamports.zero) { $0.saturatingAdding($1.cost) }.rawValue
    }

    var text: String { settlements.map(\.text).joined(separator: "\n") }
}

/// All answers of a session, and its books.
struct SessionReport: Report {
    let answers: [AnswerReport]
    let settlements: [SettlementReport]
    let costLamports: UInt64

    init(answers: [AnswerReport], books: SessionBooks) {
        let books = BooksReport(books)
        self.answers = answers
        settlements = books.settlements
        costLamports = books.costLamports
    }

    var text: String { answers.map(\.text).joined(separator: "\n") }
}
