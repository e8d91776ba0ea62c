@testable import PeerChannel

/// What somebody on the wire notes of a session after its handshake: when which side sent a record of which size.
///
/// Lengths of records are in clear, so segments that TCP joins or cuts hide nothing.
struct WireCapture {
    struct Record {
        /// Since the client's first record, which is its prompt.
        var milliseconds: Double
        var size: Int
    }

    var fromServer: [Record] = []
    var fromClient: [Record] = []

    /// How long the session was, as far as the wire shows it.
    var milliseconds: Double { max(fromServer.last?.milliseconds ?? 0, fromClient.last?.milliseconds ?? 0) }
}

/// What a client does besides reading, as far as the wire may show it.
enum ClientHabit: Hashable {
    /// Closes the session when the answer is there, and waits for the stream's padded end.
    case closes
    /// Leaves without waiting.
    case leaves
    /// Stops the answer after so many tokens, then closes.
    case cancels(afterTokens: Int)
    /// Asks its next question as soon as the answer is there, as programs that call tools do; then closes.
    case goesOn
}

/// Runs one session through both real state machines on a clock that the run moves itself.
///
/// What a real run adds is added here: the model's noise, beats that come late by a scheduler's whim, the network's delays.
struct SimulatedSession {
    var shaping = PeerShaping.constantRate
    var habit = ClientHabit.closes
    /// How many milliseconds the network blurs what the observer notes, at most.
    ///
    /// By default it sits at the server's socket and
    /// sees every time as it is; a blur helps whoever hides.
    var networkNoise = 0.0

    private enum Event {
        case serverBeat
        case clientBeat
        case token(Int)
    }

    func capture(_ text: KnownText, seed: UInt64) throws -> WireCapture {
        var random = SeededRandom(seed: seed)
        var pair = try MachinePair(shaping: shaping)
        pair.open()
        var wire = Wire(networkNoise: networkNoise, random: SeededRandom(seed: seed &+ 1), skipping: pair)

        // The question is asked at time 0; beats have been going on for long.
        guard let prompt = try pair.prompt(Array("What do you know about it?".utf8)) else { throw CancellationError() }
        wire.note(pair, at: 0)
        try pair.server.accept(prompt.number, Fixture.parameters)
        var serverBeat = Double.random(in: 0..<100, using: &random)
        var clientBeat = Double.random(in: 0..<200, using: &random)
        var nextToken = 0
        var tokenTime = text.firstTokenMilliseconds * random.noise(0.15)
        var hasFinished = false
        var hasAskedAgain = false
        while true {
            let (time, event): (Double, Event) =
                if nextToken < text.tokens.count, tokenTime <= min(serverBeat, clientBeat) {
                    (tokenTime, .token(nextToken))
                } else if serverBeat <= clientBeat {
                    (serverBeat, .serverBeat)
                } else {
                    (clientBeat, .clientBeat)
                }
            pair.now = .microseconds(Int64(time * 1_000))
            switch event {
            case .serverBeat:
                serverBeat += 100
                pair.server.beat(now: pair.now)
            case .clientBeat:
                clientBeat += 200
                pair.client.beat(now: pair.now)
            case .token(let index):
                // A model that is told to stop gives no more.
                let isCancelled = pair.server.isCancelled(1)
                if isCancelled { nextToken = text.tokens.count - 1 }
                let wasTaken = try isCancelled || pair.server.send(1, text.tokens[index].bytes[...], tokens: 1)
                guard wasTaken else {
                    tokenTime = serverBeat + 1
                    continue
                }
                nextToken += 1
                if nextToken < text.tokens.count {
                    tokenTime += text.tokens[nextToken].milliseconds * random.noise(0.3)
                } else {
                    try finish(&pair, prompt)
                }
            }
            pair.exchange()
            for event in try pair.events(hasAskedAgain ? 2 : 1) {
                switch event {
                case .data(let data):
                    // A voucher for every 32 tokens.
                    if data.totalTokens / 32 != (Int(data.totalTokens) - data.tokens) / 32, !hasAskedAgain {
                        try pair.client.send(Fixture.voucher(UInt64(data.totalTokens)))
                    }
                    if case .cancels(let count) = habit, data.totalTokens >= count { pair.client.cancel() }
                case .finished where hasAskedAgain || habit != .goesOn:
                    hasFinished = true
                    if habit == .leaves { pair.client.leave() } else { pair.client.close(now: pair.now) }
                case .finished:
                    hasAskedAgain = true
                    _ = try pair.client.submit(Array("And then?".utf8))
                    pair.exchange()
                    guard case .prompt(let second) = try pair.server.takePrompt() else { throw CancellationError() }
                    // The second answer is the same for all texts, and is there at once.
                    try pair.server.accept(2, Fixture.parameters)
                    _ = try pair.server.send(2, Array("Nothing.".utf8)[...], tokens: 2)
                    try finish(&pair, second)
                case .accepted: break
                }
            }
            pair.exchange()
            wire.note(pair, at: time)
            let (clientIsOver, serverIsOver) = (pair.client.isOver, pair.server.isOver)
            if hasFinished, clientIsOver || serverIsOver { return wire.capture }
            // An hour is longer than any session.
            guard time < 3_600_000 else { throw CancellationError() }
        }
    }

    private func finish(_ pair: inout MachinePair, _ prompt: PeerPrompt) throws {
        var receipt = try pair.server.receipt(prompt, reason: .stop, inputTokens: 7, outputTokens: 1_000)
        receipt.signature = [UInt8](repeating: 5, count: 64)
        try pair.server.finish(receipt)
    }
}

/// The observer's notebook.
private struct Wire {
    private(set) var capture = WireCapture()
    private let networkNoise: Double
    private var random: SeededRandom
    private var clientWrites: Int
    private var serverWrites: Int

    init(networkNoise: Double, random: SeededRandom, skipping pair: borrowing MachinePair) {
        self.networkNoise = networkNoise
        self.random = random
        clientWrites = pair.clientWrites.count
        serverWrites = pair.serverWrites.count
    }

    mutating func note(_ pair: borrowing MachinePair, at time: Double) {
        for write in pair.serverWrites[serverWrites...] { note(write, at: time, in: \.fromServer) }
        for write in pair.clientWrites[clientWrites...] { note(write, at: time, in: \.fromClient) }
        serverWrites = pair.serverWrites.count
        clientWrites = pair.clientWrites.count
    }

    private mutating func note(
        _ write: [UInt8],
        at time: Double,
        in direction: WritableKeyPath<WireCapture, [WireCapture.Record]>
    ) {
        // A delay on the way can't let a record overtake the one before.
        let delay = networkNoise > 0 ? Double.random(in: 0..<networkNoise, using: &random) : 0
        let arrival = max(time + delay, capture[keyPath: direction].last?.milliseconds ?? 0)
        var rest = write[...]
        while rest.count >= 2 {
            let size = 2 + Int(rest[rest.startIndex]) << 8 + Int(rest[rest.startIndex + 1])
            capture[keyPath: direction].append(.init(milliseconds: arrival, size: size))
            rest = rest.dropFirst(size)
        }
    }
}

extension SeededRandom {
    /// A factor about 1 whose logarithm is normally distributed with this deviation, near enough.
    fileprivate mutating func noise(_ deviation: Double) -> Double {
        // The sum of twelve uniform numbers is normal enough, and needs no C library. exp(x) by its product.
        let normal = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &self) }
        let step = 1 + normal * deviation / 64
        return (0..<6).reduce(step) { power, _ in power * power }
    }
}
