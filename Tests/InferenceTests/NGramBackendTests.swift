import Synchronization
import Testing

@testable import Inference

/// Gathers what a backend writes.
final class Gathered: Sendable {
    private let gathered = Mutex<[GenerationDelta]>([])
    private let beforeEach: @Sendable (Int) async throws -> Void

    init(beforeEach: @escaping @Sendable (Int) async throws -> Void = { _ in }) {
        self.beforeEach = beforeEach
    }

    var output: GenerationOutput {
        GenerationOutput { delta in
            try await self.beforeEach(self.deltas.count)
            self.gathered.withLock { $0.append(delta) }
        }
    }

    var deltas: [GenerationDelta] { gathered.withLock { $0 } }

    var text: String {
        deltas.map { if case .text(let text) = $0.content { text } else { "" } }.joined()
    }

    var tokens: Int { deltas.reduce(0) { $0 + $1.tokens } }
}

@Suite("The toy backend")
struct NGramBackendTests {
    private let backend = NGramBackend(tokensPerSecond: nil)

    private func request(
        _ prompt: String = "How does a voucher work?",
        limit: Int? = nil,
        stop: [String] = [],
        temperature: Double? = nil,
        seed: Int64? = nil
    ) throws -> GenerationRequest {
        try GenerationRequest(
            model: NGramBackend.modelName,
            messages: [.user(prompt)],
            maximumOutputTokens: limit,
            stopSequences: stop,
            temperature: temperature,
            seed: seed
        )
    }

    private func answer(_ request: GenerationRequest) async throws -> String {
        let gathered = Gathered()
        _ = try await backend.generate(request, into: gathered.output)
        return gathered.text
    }

    @Test("The same seed gives the same answer, another seed another one, and no seed one per prompt")
    func determinism() async throws {
        let first = try await answer(request(seed: 1))
        #expect(first == Self.golden)
        let again = try await answer(request(seed: 1))
        #expect(again == first)
        var answers: Set<String> = []
        for seed in 0..<50 { answers.insert(try await answer(request(seed: Int64(seed)))) }
        #expect(answers.count > 40)
        let unseeded = try await answer(request("What is a stake?"))
        let same = try await answer(request("What is a stake?"))
        let other = try await answer(request("What is a lock?"))
        #expect(unseeded == same)
        #expect(unseeded != other)
    }

    @Test("Answers take up a word of the prompt, and are sentences")
    func relevance() async throws {
        var hits = 0
        for seed in 0..<50 {
            let text = try await answer(request(seed: Int64(seed)))
            if text.lowercased().contains("voucher") { hits += 1 }
            #expect(text.first?.isUppercase == true)
        }
        #expect(hits > 25)
    }

    @Test("Temperature 0 needs no dice, and extreme temperatures no mercy")
    func temperature() async throws {
        let one = try await answer(request(temperature: 0, seed: 1))
        let other = try await answer(request(temperature: 0, seed: 2))
        #expect(one == other)
        for temperature in [-1, 1e-9, 1e9, 2] { #expect(try await !answer(request(temperature: temperature)).isEmpty) }
    }

    @Test("The limit on tokens is kept, and counts are exact", arguments: [0, 1, 7, 100_000])
    func limit(_ limit: Int) async throws {
        let gathered = Gathered()
        let summary = try await backend.generate(request(limit: limit, seed: 3), into: gathered.output)
        #expect(gathered.tokens <= limit)
        #expect(summary.usage?.outputTokens == gathered.tokens)
        #expect(summary.usage?.inputTokens == 6)
        #expect(try await backend.inputTokens(of: request()) == 6)
        if gathered.tokens < limit {
            #expect(summary.finishReason == .stop)
        } else {
            #expect(summary.finishReason == .length)
        }
    }

    @Test("A stop sequence ends the answer and is not part of it")
    func stop() async throws {
        let whole = try await answer(request(seed: 5))
        let stop = String(whole.dropFirst(20).prefix(6))
        let gathered = Gathered()
        let summary = try await backend.generate(
            request(stop: ["nowhere to be found", stop], seed: 5),
            into: gathered.output
        )
        #expect(whole.hasPrefix(gathered.text + stop))
        #expect(!gathered.text.contains(stop))
        #expect(summary.finishReason == .stop)
    }

    @Test("Cancellation stops it in the middle, also while it waits for its pace")
    func cancellation() async throws {
        for backend in [self.backend, NGramBackend(tokensPerSecond: 0.01)] {
            let isWaiting = backend.tokensPerSecond != nil
            let started = Signal<Void>()
            let gathered = Gathered { count in
                started.send(())
                if count == 2 { try await Task.sleep(for: .seconds(3_600)) }
            }
            let request = try request(seed: 1)
            let error = await withTaskGroup(of: (any Error)?.self) { group in
                group.addTask {
                    do {
                        if isWaiting { started.send(()) }
                        _ = try await backend.generate(request, into: gathered.output)
                        return nil
                    } catch {
                        return error
                    }
                }
                _ = await started.next()
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(error is CancellationError)
            #expect(gathered.deltas.count <= 2)
        }
    }

    @Test("A receiver that wants no more stops it")
    func refusal() async throws {
        struct Enough: Error {}
        let gathered = Gathered { count in if count == 3 { throw Enough() } }
        await #expect(throws: Enough.self) { try await backend.generate(request(seed: 1), into: gathered.output) }
        #expect(gathered.deltas.count == 3)
    }

    @Test("It keeps the pace that it was given")
    func pace() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let summary = try await NGramBackend(tokensPerSecond: 200).generate(
            request(limit: 20, seed: 1),
            into: Gathered().output
        )
        #expect(summary.usage?.outputTokens == 20)
        #expect(clock.now - start >= .milliseconds(100))
    }

    @Test("It has one model and says so")
    func models() async throws {
        #expect(try await backend.models() == ["chainference/ngram-toy"])
        let other = try GenerationRequest(model: "gpt-5", messages: [.user("a")])
        await #expect(throws: InferenceError.unknownModel("gpt-5")) {
            try await backend.generate(other, into: Gathered().output)
        }
    }

    private static let golden = """
        The provider needs only the last voucher. The program holds the stake of the client until the answer has come, \
        and it does not know what a market for inference needs three things: somebody who asks, somebody who answers, \
        and a way to pay is a question and a budget. It looks at the servers that are listed on the provider waits for \
        the client at its address.
        """
}
