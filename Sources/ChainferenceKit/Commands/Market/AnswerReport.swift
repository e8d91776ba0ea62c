import ChainferenceKit

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

/// All answers of a session, and its books.
struct SessionReport: Report {
    let answers: [AnswerReport]
    let settlement: SettlementReport?

    var text: String { answers.map(\.text).joined(separator: "\n") }
}
