import Foundation
import Testing

@testable import PeerChannel

/// The yardstick: how many of 200 known texts an observer of the wire recognises.
///
/// Guessing finds 0.5 %. Every test prints what it found; the lines begin with "leak:".
@Suite("What the wire gives away", .timeLimit(.minutes(10)))
struct LeakTests {
    static let textCount = 200

    /// Texts that differ in everything but the number of 6.4-second steps that their answers take: from 60 to 170 tokens.
    static let sameStep = (0..<textCount).map { index in
        var random = SeededRandom(seed: UInt64(index) &+ 77)
        return KnownText(index, tokenCount: Int.random(in: 60...170, using: &random))
    }

    /// Texts as long as answers are: from 20 tokens to 1,300, short ones more often.
    static let anyLength = (0..<textCount).map { index in
        KnownText(index, tokenCount: Int(20 * pow(65, Double((index * 73) % textCount) / Double(textCount))))
    }

    static func captures(
        _ session: SimulatedSession,
        _ texts: [KnownText],
        trainingRuns: Int = 3,
        testRuns: Int = 2
    ) throws -> WireCaptures {
        var captures = WireCaptures()
        for (index, text) in texts.enumerated() {
            let runs = try (0..<trainingRuns + testRuns).map { run in
                try session.capture(text, seed: UInt64(index * 100 + run) &* 0x9e37_79b9)
            }
            captures.append(training: Array(runs.prefix(trainingRuns)), tests: Array(runs.dropFirst(trainingRuns)))
        }
        return captures
    }

    @Test("Cadence hiding, proof of the probe: without shaping at least 90 % of 200 texts are recognised")
    func unshaped() throws {
        let captures = try Self.captures(SimulatedSession(shaping: .off), Self.sameStep)
        for attack in WireAttack.allCases {
            let rate = captures.rate(attack)
            Leak.report("shaping off, \(attack)", rate)
            #expect(rate >= 0.9, "\(attack)")
        }
    }

    /// A thousand sessions with default shaping, that two tests look at.
    static let shapedCaptures = Result { try captures(SimulatedSession(), sameStep) }

    @Test("Cadence hiding: with default shaping at most 2 % of 200 texts are recognised")
    func shaped() throws {
        let captures = try Self.shapedCaptures.get()
        for attack in WireAttack.allCases {
            let rate = captures.rate(attack)
            Leak.report("default shaping, \(attack)", rate)
            #expect(rate <= 0.02, "\(attack)")
        }
    }

    @Test("Size hiding: a thousand shaped answers of one duration are one sequence of sizes")
    func sizes() throws {
        let captures = try Self.shapedCaptures.get()
        let server = Dictionary(grouping: captures.all) { $0.fromServer.map(\.size) }
        Leak.report(
            "\(server.count) different sequences of server's sizes in \(captures.all.count) answers of one duration"
        )
        #expect(server.keys.map { $0 } == [[Int](repeating: 256, count: 64)])
        // The client's beat falls 32 or 33 times into the server's 6.4 seconds, depending on the phase between the two, which
        // has nothing to do with the text.
        let client = Dictionary(grouping: captures.all) { capture in
            capture.fromClient.map(\.size).drop { $0 == PromptPadding.recordSize }
        }
        let counts = client.map { "\($0.value.count) times \($0.key.count) records" }.sorted()
        Leak.report("after the prompt, of clients: \(counts.joined(separator: ", "))")
        #expect(client.keys.allSatisfy { Set($0) == [256] })
        #expect(client.count <= 2)
    }

    @Test("What remains: the duration in steps of 64 records, and nothing beyond it")
    func duration() throws {
        let captures = try Self.captures(SimulatedSession(), Self.anyLength, trainingRuns: 1, testRuns: 1)
        // Whoever knows only the number of steps guesses among the texts that had as many.
        let steps = captures.training.map { $0[0].fromServer.count / 64 }
        let groups = Dictionary(grouping: steps) { $0 }.mapValues(\.count)
        let expected = captures.tests.reduce(0.0) { sum, runs in
            sum + (groups[runs[0].fromServer.count / 64].map { 1 / Double($0) } ?? 0)
        }
        let byStepsAlone = expected / Double(Self.textCount)
        let bits = groups.values.reduce(0.0) { sum, count in
            let share = Double(count) / Double(Self.textCount)
            return sum - share * log2(share)
        }
        let rate = captures.bestRate()
        Leak.report("texts of 20 to 1,300 tokens, default shaping, whole capture", rate)
        Leak.report("the same, number of steps alone (\(groups.count) different)", byStepsAlone)
        Leak.report(
            String(format: "the number of steps tells %.1f of the %.1f bits that name a text", bits, log2(200.0))
        )
        // Alone on the wire a last word would tell that FIN came within the last moments of a step.
        let late = captures.all.filter { capture in
            capture.fromClient.last.map { $0.milliseconds > (capture.fromServer.last?.milliseconds ?? 0) } ?? false
        }
        Leak.report("\(late.count) of \(captures.all.count) clients said a last word after the stream had ended")
        #expect(late.isEmpty)
        #expect(captures.all.allSatisfy { $0.fromServer.count % 64 == 0 })
        #expect(rate <= byStepsAlone + 0.03, "more than the duration shows")
    }

    @Test("Cadence hiding: where an answer was cancelled does not show")
    func cancelled() throws {
        // The same text, stopped at 200 different places.
        let text = KnownText(0, tokenCount: 260)
        var captures = WireCaptures()
        for index in 0..<Self.textCount {
            let session = SimulatedSession(habit: .cancels(afterTokens: 10 + index))
            let runs = try (0..<3).map { try session.capture(text, seed: UInt64(index * 10 + $0)) }
            captures.append(training: Array(runs.prefix(2)), tests: Array(runs.suffix(1)))
        }
        let rate = captures.bestRate()
        Leak.report("default shaping, 200 places to cancel one answer", rate)
        #expect(rate <= 0.02)
        #expect(captures.all.allSatisfy { $0.fromServer.count == 64 })
    }

    @Test(
        "Known and documented: leaving at once, and asking on at once, show when the answer ended",
        arguments: [
            ClientHabit.leaves, .goesOn,
        ]
    )
    func habits(habit: ClientHabit) throws {
        let captures = try Self.captures(SimulatedSession(habit: habit), Self.sameStep, trainingRuns: 2, testRuns: 1)
        let rate = captures.bestRate()
        Leak.report("default shaping, a client that \(habit)", rate)
        // The end to a tick, out of some forty: far from the text itself, but more than nothing.
        #expect(rate <= 0.15)
    }

    @Test("Prompt length hiding: few lengths on the wire between a byte and a megabyte, and little is added")
    func promptLengths() throws {
        var lengths: Set<Int> = []
        var largestOverhead = 0.0
        for exponent in 0..<400 {
            let count = min(1_048_576, Int(pow(1_048_576, Double(exponent) / 399).rounded(.up)))
            var pair = try MachinePair()
            pair.open()
            let before = pair.clientWrites.count
            _ = try pair.client.submit([UInt8](repeating: 32, count: count))
            pair.exchange()
            let wire = pair.clientWrites[before...].reduce(0) { $0 + $1.count }
            #expect(wire % PromptPadding.recordSize == 0)
            lengths.insert(wire)
            // Padmé adds at most 12 %; then a record begun counts whole, and each has 22 bytes of its own.
            let bound = Double(max(count + PromptMessage.headerSize, 4_096)) * 1.12 * 4_096 / 4_074 + 4_096
            #expect(Double(wire) <= bound, "\(count)")
            if count > 65_536 { largestOverhead = max(largestOverhead, Double(wire) / Double(count) - 1) }
        }
        Leak.report("400 prompt lengths from 1 B to 1 MiB look like \(lengths.count)")
        Leak.report("padding and records add at most \(Leak.percent(largestOverhead)) to prompts above 64 KiB")
        #expect(lengths.count <= 128)
        #expect(largestOverhead <= 0.14)
    }
}

/// Captures of many texts: some runs to learn from, others to be recognised.
struct WireCaptures {
    private(set) var training: [[WireCapture]] = []
    private(set) var tests: [[WireCapture]] = []

    mutating func append(training: [WireCapture], tests: [WireCapture]) {
        self.training.append(training)
        self.tests.append(tests)
    }

    var all: [WireCapture] { Array(training.joined()) + Array(tests.joined()) }

    func rate(_ attack: WireAttack) -> Double { attack.rate(training: training, tests: tests) }

    /// What the better attack reaches.
    func bestRate() -> Double { WireAttack.allCases.map(rate).max() ?? 0 }
}

/// The lines that the tests print.
enum Leak {
    static func report(_ line: String) { print("leak: \(line)") }
    static func report(_ line: String, _ rate: Double) { report("\(line): \(percent(rate)) recognised") }
    static func percent(_ rate: Double) -> String { String(format: "%.1f %%", rate * 100) }
}
