import ArgumentParser
import PeerChannel
import SodiumCrypto
import Synchronization

/// So many clients in one process, each with a connection of its own.
struct Client: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The clients' process; started by measure.")

    @Option var port: UInt16
    @Option var streams: Int
    @Option(help: "Answers that each client asks for.") var answers: Int
    @Option(help: "Tokens of an answer.") var tokens: Int
    @Flag(help: "Without shaping.") var unshaped = false

    func run() async throws {
        ProcessUsage.raiseFileLimit()
        ProcessUsage.answerQuestions()
        guard let host = PeerHost("127.0.0.1") else { throw ExitCode.failure }
        let address = try PeerAddress(
            endpoint: .init(host: host, port: port),
            serverKey: X25519.PrivateKey(bytes: Server.identity).publicKey
        )
        let starting = Starting(count: streams)
        let latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for index in 0..<streams {
                // Not all at once: it is streams that are measured, not how a crowd gets in.
                if index % 20 == 0 { try await Task.sleep(for: .milliseconds(25)) }
                group.addTask { try await stream(to: address, starting) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        Line.print("added " + latencies.map { "\(Int($0 / .microseconds(1)))" }.joined(separator: " "))
    }

    /// One client's life.
    ///
    /// - Returns: For each answer the time from the prompt to its first token, without the time that the model took.
    private func stream(to address: PeerAddress, _ starting: Starting) async throws -> [Duration] {
        var request = [UInt8](repeating: 0, count: 32)
        for index in request.indices { request[index] = .random(in: 0...255) }
        return try await PeerClient().withSession(
            to: address,
            context: Server.context,
            identity: X25519.PrivateKey(),
            request: PeerRequest(address: request),
            options: .init(
                dialPolicy: .allowingLoopback,
                shaping: unshaped ? .off : .constantRate,
                connectTimeout: .seconds(60),
                handshakeTimeout: .seconds(60),
                waitsForPaddedEnd: false
            )
        ) { session in
            var latencies: [Duration] = []
            for _ in 0..<answers {
                // Prompts fall anywhere into the server's tick.
                try await Task.sleep(for: .milliseconds(.random(in: 0..<200)))
                let asked = ContinuousClock.now
                var isFirst = true
                for try await event in try await session.prompt(Array("\(tokens)".utf8)).events {
                    guard case .data(let data) = event, isFirst else { continue }
                    isFirst = false
                    let waited = asked.duration(to: .now)
                    let digits = String(decoding: data.bytes.prefix { $0 != 0x20 }, as: UTF8.self)
                    guard let model = Double(digits) else { throw ExitCode.failure }
                    latencies.append(waited - .microseconds(model))
                    starting.note()
                }
            }
            return latencies
        }
    }

    /// Says when every stream has begun.
    private final class Starting: Sendable {
        private let missing: Mutex<Int>

        init(count: Int) { missing = Mutex(count) }

        func note() {
            let isLast = missing.withLock { missing in
                missing -= 1
                return missing == 0
            }
            if isLast { Line.print("running") }
        }
    }
}
