import ChainferenceKit
import Foundation

/// Shows each phase on standard error and the answer on standard output, so that the answer alone can be piped on.
struct Progress: Sendable {
    private let began = ContinuousClock.now

    func show(_ event: ClientEvent) {
        switch event {
        case .quoted(let quote):
            note("quoted", "\(quote.servers) server(s), \(quote.terms)")
            note("", "stake \(quote.stake), about \(quote.expectedCharge) expected, rent \(quote.rent) comes back")
        case .chosen(let choice): note("chosen", "\(choice)")
        case .published(let request): note("published", "request \(request.request)")
        case .locked(let lock): note("locked", "by \(lock.server) until \(lock.deadline)")
        case .connected(let address): note("connected", address)
        case .accepted(let tokens): note("accepted", "\(tokens) input tokens")
        case .token(let text): print(text, terminator: "", flush: true)
        case .reasoning, .toolCalls, .vouched: break
        case .finished(let answer):
            print("", terminator: "\n", flush: true)
            let receipt = answer.hasReceipt ? ", receipt signed" : ""
            note("finished", "\(answer.usage.output) tokens, \(answer.finishReason)\(receipt)")
        case .failedOver(let failover):
            print("", terminator: "\n", flush: true)
            note("replaced", "\(failover.server): \(failover.reason)")
        case .settled(let settlement): show(settlement)
        }
    }

    private func show(_ settlement: Settlement) {
        switch settlement.state {
        case .complete:
            note("settled", "charged \(settlement.charge), fees \(settlement.transactionFees)")
            note("", "back: \(settlement.stakeReturned) of the stake, \(settlement.rentReturned) rent")
        case .refunded: note("settled", "nobody was paid; the stake came back, fees \(settlement.transactionFees)")
        case .awaitingClaim(let time):
            note("settling", "the server may claim until \(time); run again with --sweep afterwards")
        }
    }

    /// The next question of a conversation; nil at the end of the input.
    func question() -> String? {
        FileHandle.standardError.write(Data("\n> ".utf8))
        return readLine()
    }

    private func note(_ phase: String, _ text: String) {
        let seconds = began.duration(to: .now).formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 2)))
        let column = phase.isEmpty ? "" : seconds
        let line = column.leftPadded(to: 9) + "  " + phase.padding(toLength: 10, withPad: " ", startingAt: 0) + text
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    private func print(_ text: String, terminator: String, flush: Bool) {
        FileHandle.standardOutput.write(Data((text + terminator).utf8))
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
