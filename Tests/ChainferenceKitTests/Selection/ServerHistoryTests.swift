import ChainferenceKit
import Foundation
import Testing

@testable import ChainferenceKit

@Suite("What the chain remembers of servers")
struct ServerHistoryTests {
    private let servers = (0..<3).map { _ in Keypair().address }

    @Test("Without pairs the fit is that of the counters, and with all of them that of the pairs")
    func strengths() throws {
        let tally = BradleyTerry.Tally(preferred: 7, other: 3)
        let fitted = try #require(BradleyTerry([], others: [servers[0]: tally]).estimates[servers[0]])
        let counted = BradleyTerry.estimate(preferred: 7, compared: 10)
        #expect(abs(fitted.logStrength - counted.logStrength) < 1e-9)
        #expect(abs(fitted.standardError - counted.standardError) < 1e-9)
        #expect(fitted.comparisons == 10)

        var history = ServerHistory()
        let pair = PairwiseComparison(preferred: servers[0], other: servers[1])
        for number in 0..<4 { history.count(pair, signature: "\(number)") }
        history.count(pair, signature: "0")
        #expect(history.comparisons.count == 4)
        let all = [servers[0]: Reputation(compared: 4, preferred: 4), servers[1]: Reputation(compared: 4)]
        #expect(history.strengths(beside: all) == BradleyTerry(repeatElement(pair, count: 4)).estimates)

        // What the counters say beyond the pairs that were found is not lost.
        let more = [servers[0]: Reputation(compared: 14, preferred: 4), servers[1]: Reputation(compared: 4)]
        let strengths = history.strengths(beside: more)
        #expect(strengths[servers[0]]?.comparisons == 14)
        #expect(
            (strengths[servers[0]]?.logStrength ?? 0) < (BradleyTerry([pair]).estimates[servers[0]]?.logStrength ?? 0)
        )
        // Counters of a server that began anew are below what is found; they take nothing away.
        let anew = [servers[0]: Reputation(), servers[1]: Reputation()]
        #expect(history.strengths(beside: anew) == history.strengths(beside: all))
        #expect(ServerHistory().strengths(beside: all).isEmpty)
    }

    @Test("Payers are counted once enough of the sessions are known")
    func payers() {
        var history = ServerHistory()
        #expect(history.distinctPayers(of: servers[0], trials: 0) == nil)
        for payer in servers[1...] { history.count(2, of: payer, with: servers[0]) }
        #expect(history.distinctPayers(of: servers[0], trials: 8) == 2)
        #expect(history.distinctPayers(of: servers[0], trials: 9) == nil)
        for payer in servers[1...] { history.count(3, of: payer, with: servers[0]) }
        #expect(history.distinctPayers(of: servers[0], trials: 1_000) == 2)
    }

    @Test("The journal keeps what was read, once, chain by chain, and within its bounds")
    func journal() async throws {
        let journal = try ClientJournal()
        let signature = Keypair().sign([1])
        let reading = ServerReading(newest: signature, readAt: UnixTime(rawValue: 1_000))
        var found = ServerHistory()
        found.count(3, of: servers[1], with: servers[0])
        found.count(PairwiseComparison(preferred: servers[0], other: servers[2]), signature: "a")
        try await journal.save(found, of: servers[0], reading, on: "one")
        // The same again, as another process would after reading the same transactions.
        try await journal.save(found, of: servers[0], reading, on: "one")
        let kept = try await journal.serverHistory(on: "one")
        #expect(kept.sessions == [servers[0]: [servers[1]: 3]] && kept.comparisons == found.comparisons)
        #expect(try await journal.serverReadings(on: "one") == [servers[0]: reading])
        #expect(try await journal.serverHistory(on: "two").sessions.isEmpty)

        // A payer that comes all the time does not crowd the others out for ever: counts are halved.
        for _ in 0..<4 {
            var more = ServerHistory()
            more.count(400, of: servers[1], with: servers[0])
            let next = ServerReading(newest: Keypair().sign([2]), readAt: reading.readAt)
            try await journal.save(more, of: servers[0], next, on: "one")
        }
        let sum = try await journal.serverHistory(on: "one").sessions[servers[0]]?.values.reduce(0, +)
        #expect(sum.map { (400...1_000).contains($0) } == true, "\(String(describing: sum))")
        var many = ServerHistory()
        for number in 0..<2_100 {
            many.count(PairwiseComparison(preferred: servers[1], other: servers[0]), signature: "b\(number)")
        }
        let last = ServerReading(newest: Keypair().sign([3]), readAt: reading.readAt)
        try await journal.save(many, of: servers[1], last, on: "one")
        let comparisons = try await journal.serverHistory(on: "one").comparisons
        #expect(comparisons.count == ServerRecord.comparisonLimit)
        #expect(!comparisons.contains { $0.signature == "a" })
    }
}
