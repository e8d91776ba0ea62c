import ChainferenceKit
import Synchronization

/// Shows how an answer comes about: phases on standard error, the answer on standard output.
///
/// On a terminal the phases share one line that is written anew, with the books at the end; elsewhere each has a line.
final class AnswerProgress: Sendable {
    private struct State {
        var hasTransientLine = false
        var isInAnswer = false
        var isInReasoning = false
    }

    private let began = ContinuousClock.now
    private let isWatched: Bool
    private let showsReasoning: Bool
    private let showsAnswer: Bool
    private let state = Mutex(State())

    /// Begins the clock.
    ///
    /// - Parameters:
    ///   - isWatched: Whether there is a terminal to show progress on.
    ///   - showsReasoning: Whether to show what the model thinks aloud.
    ///   - showsAnswer: Whether to print the session's events; false for results as JSON, where only notes are shown.
    init(isWatched: Bool = Console.isWatched, showsReasoning: Bool = false, showsAnswer: Bool = true) {
        self.isWatched = isWatched
        self.showsReasoning = showsReasoning
        self.showsAnswer = showsAnswer
    }

    /// Shows what is done besides the session, in a line that stays.
    func note(_ name: String, _ detail: String) {
        endTransientLine()
        Console.error(isWatched ? "\u{1b}[2m\(name): \(detail)\u{1b}[0m" : "\(seconds)  \(name)  \(detail)")
    }

    /// Says something that interrupts whatever is being shown.
    func interrupt(_ text: String) {
        endTransientLine()
        let wasInAnswer = state.withLock { $0.isInAnswer || $0.isInReasoning }
        Console.error(wasInAnswer || isWatched ? "\n\(text)" : text)
    }

    func show(_ event: ClientEvent) {
        guard showsAnswer else { return }
        switch event {
        case .quoted(let quote):
            phase(
                "quoted",
                "\(quote.servers) server(s), \(quote.terms); stake \(quote.stake), rent \(quote.rent) returns"
            )
        case .chosen(let choice): phase("chosen", "\(choice)")
        case .published(let request): phase("published", "request \(request.request)")
        case .locked(let lock): phase("locked", "by \(lock.server)")
        case .connected(let address): phase("connected", address)
        case .accepted(let tokens): phase("accepted", "\(tokens) input tokens")
        case .reasoning(let text): if showsReasoning { reasoning(text) }
        case .token(let text): token(text)
        case .toolCalls(let calls): for call in calls { token(call.function?.arguments ?? "") }
        case .vouched: break
        case .finished(let answer): finished(answer)
        case .failedOver(let failover):
            if state.withLock({ $0.isInAnswer }) { Console.errorPiece("\n") }
            phase("replaced", "\(failover.server): \(failover.reason)")
        case .settled(let settlement): books(settlement)
        }
    }

    private func phase(_ name: String, _ detail: String) {
        if isWatched {
            state.withLock { $0.hasTransientLine = true }
            Console.errorPiece("\r\u{1b}[2K\u{1b}[2m\(name)… \(detail.prefix(100))\u{1b}[0m")
        } else {
            Console.error("\(seconds)  \(name)  \(detail)")
        }
    }

    private func token(_ text: String) {
        endTransientLine()
        let wasReasoning = state.withLock { state in
            defer { (state.isInAnswer, state.isInReasoning) = (true, false) }
            return state.isInReasoning
        }
        if wasReasoning { Console.errorPiece("\n") }
        Console.piece(text)
    }

    private func reasoning(_ text: String) {
        endTransientLine()
        state.withLock { $0.isInReasoning = true }
        Console.errorPiece(isWatched ? "\u{1b}[2m\(text)\u{1b}[0m" : text)
    }

    private func finished(_ answer: Answer) {
        endTransientLine()
        let wasInAnswer = state.withLock { state in
            defer { state.isInAnswer = false }
            return state.isInAnswer
        }
        if wasInAnswer { Console.piece("\n") }
        if !isWatched { Console.error("\(seconds)  finished  \(answer.usage.output) tokens, \(answer.finishReason)") }
    }

    private func books(_ settlement: Settlement) {
        endTransientLine()
        let text =
            switch settlement.state {
            case .complete:
                "charged \(settlement.charge), fees \(settlement.transactionFees), "
                    + "back \(settlement.stakeReturned) of the stake and \(settlement.rentReturned) rent"
            case .refunded: "nobody was paid; the stake came back, fees \(settlement.transactionFees)"
            case .awaitingClaim(let time):
                "the server may claim until \(time.moment()); the next command, or “sweep”, brings the rest home"
            }
        Console.error(isWatched ? "\u{1b}[2m\(text)\u{1b}[0m" : "\(seconds)  settled  \(text)")
        // Without a word people would take the wait for a hang.
        phase("closing", "the channel goes on for some seconds, so that its end does not show when the answer ended")
    }

    /// Removes what was only for the time being.
    func end() { endTransientLine() }

    private func endTransientLine() {
        let was = state.withLock { state in
            defer { state.hasTransientLine = false }
            return state.hasTransientLine
        }
        if was { Console.errorPiece("\r\u{1b}[2K") }
    }

    /// The time since the start, as `12.34 s`.
    private var seconds: String {
        let elapsed = began.duration(to: .now)
        let hundredths = elapsed.components.seconds * 100 + elapsed.components.attoseconds / 10_000_000_000_000_000
        let text = "\(hundredths / 100).\(String(hundredths % 100 + 100).dropFirst()) s"
        return String(repeating: " ", count: max(0, 8 - text.count)) + text
    }
}
