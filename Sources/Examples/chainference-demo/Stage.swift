import ChainferenceKit
import Foundation
import Synchronization

/// Prints what happens, one line a step, and counts what the demo waits for.
final class Stage: Sendable {
    private struct State {
        var counts: [String: Int] = [:]
        var isMidLine = false
    }

    private let began = ContinuousClock.now
    private let state = Mutex(State())

    // MARK: Lines

    func title(_ text: String) { line(text) }

    func blank() { line("") }

    func phase(_ name: String, _ text: String) {
        let elapsed = began.duration(to: .now)
        let milliseconds = elapsed.components.seconds * 1_000 + elapsed.components.attoseconds / 1_000_000_000_000_000
        let time = name.isEmpty ? "" : "\(milliseconds / 1_000).\(String(1_000 + milliseconds % 1_000).dropFirst()) s"
        line("\(time.aligned(.right, 10))  \(name.aligned(.left, 11))\(text)")
    }

    func row(_ name: String, _ before: String, _ after: String, _ change: String) {
        line(
            "  \(name.aligned(.left, 38))\(before.aligned(.right, 32))\(after.aligned(.right, 32))\(change.aligned(.right, 12))"
        )
    }

    // MARK: Events

    func show(_ event: ClientEvent) {
        switch event {
        case .quoted(let quote):
            phase("quoted", "\(quote.servers) of the servers within reach; cheapest: \(quote.terms)")
            phase("", "expected \(quote.expectedCharge), at most \(quote.stake); rent \(quote.rent) comes back")
        case .chosen(let choice): phase("chosen", "\(choice)")
        case .published(let request):
            phase("published", "request \(request.request), staking \(request.stake)")
        case .locked(let lock): phase("locked", "by \(lock.server), who may claim until \(lock.deadline)")
        case .connected(let address): phase("connected", "Noise XK to \(address)")
        case .accepted(let tokens):
            phase("accepted", "\(tokens) input tokens; the answer follows")
            blank()
        case .token(let text): inline(text)
        case .reasoning, .toolCalls, .vouched: break
        case .finished(let answer):
            blank()
            let receipt = answer.hasReceipt ? "receipt signed by the server's wallet" : "no receipt"
            phase("finished", "\(answer.usage.output) tokens, \(answer.finishReason), digest holds, \(receipt)")
        case .failedOver(let failover):
            blank()
            phase("replaced", "\(failover.server): \(failover.reason)")
        case .settled(let settlement):
            phase("settled", "charged \(settlement.charge), which is what the last voucher says")
            phase("", "back: \(settlement.stakeReturned) of the stake and \(settlement.rentReturned) rent")
            phase("", "transaction fees of the client: \(settlement.transactionFees)")
        }
    }

    func show(_ event: ProviderEvent, from name: String) {
        switch event {
        case .registered:
            state.withLock { $0.counts["registered", default: 0] += 1 }
            phase("listed", "\(name)")
        case .claimed(_, let charge, _): phase("claimed", "\(name) claimed \(charge)")
        case .failed(_, let reason), .settlementFailed(_, let reason), .chainTrouble(let reason):
            phase("trouble", "\(name): \(reason)")
        default: break
        }
    }

    /// Waits until so many of something have happened; fails after 30 seconds.
    func waitUntil(_ count: Int, are what: String) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while state.withLock({ $0.counts[what, default: 0] }) < count {
            guard ContinuousClock.now < deadline else { throw Late(what: what) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    struct Late: Error, CustomStringConvertible {
        let what: String
        var description: String { "The providers were not \(what) within 30 seconds." }
    }

    /// Asks a person; without one the answer is no.
    func confirms(_ question: String) -> Bool {
        guard isatty(FileHandle.standardInput.fileDescriptor) != 0 else { return false }
        FileHandle.standardOutput.write(Data("\(question) [y/N] ".utf8))
        return readLine()?.lowercased().hasPrefix("y") ?? false
    }

    // MARK: Output

    private func inline(_ text: String) {
        state.withLock { state in
            state.isMidLine = true
            write(text)
        }
    }

    private func line(_ text: String) {
        state.withLock { state in
            if state.isMidLine { write("\n") }
            state.isMidLine = false
            write(text + "\n")
        }
    }

    private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}

extension String {
    fileprivate enum Side {
        case left
        case right
    }

    fileprivate func aligned(_ side: Side, _ width: Int) -> String {
        let padding = String(repeating: " ", count: max(0, width - count))
        return side == .left ? self + padding : padding + self
    }
}
