import SodiumCrypto
import Testing

@testable import PeerChannel

/// The yardstick once more, smaller, with nothing simulated: real client and server, sockets, clocks and schedulers, and a
/// proxy in between that notes what passes.
@Suite("What the wire gives away, over TCP", .timeLimit(.minutes(5)))
struct LeakOverTCPTests {
    static let textCount = 16
    static let trainingRuns = 2
    static let testRuns = 3

    /// Short texts, at more than twice the usual speed, because these tests wait for real clocks.
    static let texts = (0..<textCount).map { index in
        var random = SeededRandom(seed: UInt64(index) &+ 5)
        return KnownText(index + 1_000, tokenCount: Int.random(in: 25...45, using: &random))
    }

    /// Gives the text that the prompt names, token by token.
    static let serve: PeerServer.Serve = { session in
        while let prompt = try await session.nextPrompt() {
            let text = texts[Int(prompt.bytes[0])]
            let answer = session.answer(to: prompt)
            try await answer.accept(Fixture.parameters)
            var next = ContinuousClock.now + .milliseconds(text.firstTokenMilliseconds * 0.4)
            for token in text.tokens {
                try await Task.sleep(until: next)
                try await answer.send(token.bytes, tokens: 1)
                next += .milliseconds(token.milliseconds * 0.4)
            }
            try await answer.finish(.stop, inputTokens: 7, outputTokens: UInt32(text.tokens.count))
        }
    }

    static func captures(_ shaping: PeerShaping) async throws -> WireCaptures {
        let fast = try #require(StreamShape(tick: .milliseconds(10), recordSize: 256))
        let configuration = PeerServer.Configuration(
            host: "127.0.0.1",
            port: 0,
            handshakeTimeout: .seconds(120),
            shape: fast,
            clientShape: fast
        )
        return try await LoopbackTests.withServer(configuration: configuration, serve: serve) { _, address in
            var runs: [[WireCapture]] = []
            for _ in 0..<trainingRuns + testRuns { runs.append(try await capturesOfAllTexts(address, shaping)) }
            var captures = WireCaptures()
            for text in 0..<textCount {
                let own = runs.map { $0[text] }
                captures.append(training: Array(own.prefix(trainingRuns)), tests: Array(own.dropFirst(trainingRuns)))
            }
            return captures
        }
    }

    private static func capturesOfAllTexts(_ address: PeerAddress, _ shaping: PeerShaping) async throws -> [WireCapture]
    {
        try await withThrowingTaskGroup(of: (Int, WireCapture).self) { group in
            for index in 0..<textCount {
                group.addTask {
                    let capture = try await RecordingProxy.capture(to: Int(address.endpoint.port)) { port in
                        let endpoint = try PeerAddress.Endpoint(host: address.endpoint.host, port: UInt16(port))
                        let events = try await LoopbackTests.ask(
                            try PeerAddress(endpoint: endpoint, serverKey: address.serverKey),
                            [UInt8(index)],
                            // One key would be one client, whose newest connection takes the place of the others.
                            identity: X25519.PrivateKey(),
                            options: .init(
                                dialPolicy: .allowingLoopback,
                                shaping: shaping,
                                connectTimeout: .seconds(120),
                                handshakeTimeout: .seconds(120),
                                // The proxy carries one connection; a second one would be none of the capture.
                                reconnection: .never
                            )
                        )
                        #expect(events.text == texts[index].tokens.flatMap(\.bytes))
                    }
                    return (index, capture)
                }
            }
            var captures = [WireCapture](repeating: WireCapture(), count: textCount)
            for try await (index, capture) in group { captures[index] = capture }
            return captures
        }
    }

    @Test("Proof of the probe: without shaping at least 90 % of 16 texts are recognised")
    func unshaped() async throws {
        let rate = try await Self.captures(.off).bestRate()
        Leak.report("TCP, 16 texts, shaping off", rate)
        #expect(rate >= 0.9)
    }

    @Test("Cadence hiding: with shaping no more than luck explains")
    func shaped() async throws {
        let captures = try await Self.captures(.constantRate)
        Leak.report("TCP, 16 texts, shaped (guessing 6.3 %)", captures.bestRate())
        // Guessing 48 times finds 3. More than 13 happen once in a hundred thousand runs, of two attacks.
        #expect(captures.bestRate() <= 13.0 / 48)
        #expect(captures.all.allSatisfy { $0.fromServer.count % 64 == 0 && Set($0.fromServer.map(\.size)) == [256] })
    }
}
