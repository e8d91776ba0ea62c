import ArgumentParser
import Logging
import PeerChannel
import SodiumCrypto

/// A server whose model thinks for a moment and then writes at a steady pace.
struct Server: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The server's process; started by measure.")

    /// The key that both processes know.
    static let identity = [UInt8](repeating: 0x11, count: 32)
    static let context = PeerContext(
        genesisHash: [UInt8](repeating: 1, count: 32),
        program: [UInt8](repeating: 2, count: 32),
        serverWallet: [UInt8](repeating: 3, count: 32)
    )
    /// How many steps the model thinks before its first token: about a tenth of a second.
    static let thinkingSteps = 3

    func run() async throws {
        ProcessUsage.raiseFileLimit()
        ProcessUsage.answerQuestions()
        let engine = Engine()
        let server = PeerServer(
            configuration: .init(host: "127.0.0.1", port: 0, halfOpenLimit: 4_096),
            identity: try X25519.PrivateKey(bytes: Self.identity),
            context: Self.context,
            logger: Logger(label: "peer-streams") { _ in SwiftLogNoOpLogHandler() },
            authorize: { _ in PeerAdmission { _ in } },
            serve: { try await Self.serve($0, engine) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            group.addTask { try await server.run { port in Line.print("listening \(port)") } }
            try await group.waitForAll()
        }
    }

    /// Answers each prompt with as many tokens as it names; the first says how many microseconds the model took for it.
    private static func serve(_ session: PeerServerSession, _ engine: Engine) async throws {
        while let prompt = try await session.nextPrompt() {
            let received = ContinuousClock.now
            let count = Int(String(decoding: prompt.bytes, as: UTF8.self)) ?? 1
            let answer = session.answer(to: prompt)
            try await answer.accept(
                AnswerParameters(inputTokens: 1, maximumOutputTokens: 100_000, voucherWindow: 1_024)
            )
            var step = 0
            for await _ in engine.steps() {
                step += 1
                guard step >= thinkingSteps else { continue }
                let took = step == thinkingSteps ? "\(Int(received.duration(to: .now) / .microseconds(1))) " : "word "
                try await answer.send(Array(took.utf8), tokens: 1)
                if step == thinkingSteps + count - 1 { break }
            }
            try await answer.finish(.stop, inputTokens: 1, outputTokens: UInt32(count))
        }
    }
}

/// The model of as many answers alone, without a channel: what it costs by itself.
struct Model: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The model without a channel; started by measure.")

    @Option var streams: Int

    func run() async throws {
        ProcessUsage.answerQuestions()
        Line.print("running")
        let engine = Engine()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            for _ in 0..<streams {
                group.addTask { for await _ in engine.steps() {} }
            }
            try await group.waitForAll()
        }
    }
}
