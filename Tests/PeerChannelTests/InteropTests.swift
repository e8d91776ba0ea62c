import Foundation
import SodiumCrypto
import Synchronization
import Testing

@testable import PeerChannel

/// A peer that was written from the specification on somebody else's Noise.
enum OtherPeer: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// `Tests/Interop/noise/peer.py`, on the PyPI package `noiseprotocol`.
    case python
    /// `Tests/Interop/noise/go`, on flynn/noise as Debian has it.
    case go

    private static let environment = ProcessInfo.processInfo.environment
    private static let script = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Interop/noise/peer.py").path

    /// The command that starts it; `nil` if the variable that names it is not set.
    var command: [String]? {
        switch self {
        case .python: Self.environment["CHAINFERENCE_INTEROP_PYTHON"].map { [$0, Self.script] }
        case .go: Self.environment["CHAINFERENCE_INTEROP_GO"].map { [$0] }
        }
    }

    var testDescription: String { rawValue }

    static let present = allCases.filter { $0.command != nil }
}

/// Sessions over TCP with peers in other languages.
///
/// `Scripts/test` sets the variables; by hand:
/// `CHAINFERENCE_INTEROP_PYTHON=$(Scripts/venv Interop) CHAINFERENCE_INTEROP_GO=$(Tests/Interop/noise/go/build) swift test`.
@Suite(
    "Interop with noiseprotocol and flynn/noise over TCP",
    .enabled(if: !OtherPeer.present.isEmpty, "neither CHAINFERENCE_INTEROP_PYTHON nor _GO is set")
)
struct InteropTests {
    struct Options: Encodable {
        var port: Int?
        var `private`: String
        var server: String?
        var genesis = Fixture.context.genesisHash.hex
        var program = Fixture.context.program.hex
        var wallet = Fixture.context.serverWallet.hex
        var request = Fixture.requestAddress.hex
        var prompt: String?
        var unshaped = true
        var suite = PeerSuite.noiseXK.rawValue
        var vouchers = 0
        var records = 0
    }

    struct Finish: Decodable {
        var reason: Int
        var input: Int
        var output: Int
        var signature: String
    }

    struct ClientReport: Decodable {
        var hash: String
        var text: String
        var tokens: Int
        var accepted: [Int]
        var finish: Finish
        var sent: Int
        var received: Int
        /// How many records carried bytes of the answer, by how many tokens ended in them.
        var carried: [String: Int]
        var sizes: [Int]
        var hello: [Int]
    }

    struct ServerReport: Decodable {
        var hash: String
        var request: String
        var unshaped: Int
        var prompt: String
        var text: String
        var vouchers: [Int]
        var pong: Bool
        var closed: Bool
        var sent: Int
        var received: Int
    }

    /// A running peer, whose lines of output are read one by one.
    final class Peer: Sendable {
        private let process: Process
        private let chunks: AsyncStream<Data>
        private let rest = Mutex(Data())

        init(_ kind: OtherPeer, _ role: String, _ options: Options) throws {
            let output = Pipe()
            let (chunks, continuation) = AsyncStream.makeStream(of: Data.self)
            self.chunks = chunks
            process = Process()
            let command = kind.command ?? [""]
            process.executableURL = URL(fileURLWithPath: command[0])
            let json = String(decoding: try JSONEncoder().encode(options), as: UTF8.self)
            process.arguments = command.dropFirst() + [role, json]
            process.standardOutput = output
            try process.run()
            // Read by a thread of its own: Foundation's readability handler now and then misses the end of a process.
            DispatchQueue(label: "interop peer").async {
                while true {
                    let data = output.fileHandleForReading.availableData
                    guard !data.isEmpty else { break }
                    continuation.yield(data)
                }
                continuation.finish()
            }
        }

        /// The next line of output, decoded.
        func next<Report: Decodable>(_ type: Report.Type) async throws -> Report {
            var iterator = chunks.makeAsyncIterator()
            while true {
                let line = rest.withLock { rest -> Data? in
                    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
                    defer { rest = Data(rest[(end + 1)...]) }
                    return Data(rest[..<end])
                }
                if let line { return try JSONDecoder().decode(Report.self, from: line) }
                let chunk = try #require(await iterator.next(), "the peer ended early")
                rest.withLock { $0 += chunk }
            }
        }
    }

    /// What a Swift server saw.
    struct Seen: Sendable {
        var binding: [UInt8] = []
        var request: [UInt8] = []
        var clientKey: X25519.PublicKey?
        var vouchers = 0
        /// Records that the server has sealed.
        var sent: UInt64?
    }

    /// Which peer, in which suite, with how many records of the answer.
    struct Case: Sendable, CustomTestStringConvertible {
        var peer: OtherPeer
        var suite = PeerSuite.noiseXK
        var records: Int

        var testDescription: String { "\(peer), suite \(suite.rawValue), \(records) records" }

        static let all: [Case] = OtherPeer.present.flatMap { peer -> [Case] in
            var cases = [Case(peer: peer, records: peer == .go ? 10_000 : 2_200)]
            if peer == .python, PeerSuite.noiseXKpsk3MLKEM768.isBuilt {
                cases.append(Case(peer: peer, suite: .noiseXKpsk3MLKEM768, records: 1_100))
            }
            return cases
        }
    }

    @Test(
        "Another's client against the Swift server: thousands of records, several keys, equal handshake hash",
        arguments: Case.all
    )
    func otherClient(_ test: Case) async throws {
        let records = test.records
        let seen = Mutex(Seen())
        let text = Array("The quick brown fox jumps over the lazy dog. ".utf8)
        let prompt = SeededRandom.bytes(9_000, seed: 1)
        let authorize: PeerServer.Authorize = { applicant in
            seen.withLock {
                $0.binding = applicant.channelBinding
                $0.request = applicant.request.address
                $0.clientKey = applicant.clientKey
            }
            return PeerAdmission { _ in seen.withLock { $0.vouchers += 1 } }
        }
        let serve: PeerServer.Serve = { session in
            while let received = try await session.nextPrompt() {
                #expect(received.bytes == prompt)
                let answer = session.answer(to: received)
                try await answer.accept(Fixture.parameters)
                try await session.waitForVoucher(timeout: .seconds(120)) { $0.cumulative >= 1_100 }
                for _ in 0..<records {
                    try await answer.send(text, tokens: 1)
                    // Each token has left before the next one is there: none travel together, however slow the other side is.
                    _ = try await session.link.wait { machine in
                        machine.isOver || !machine.hasOutput && machine.answer?.waitingCount == 0 ? true : nil
                    }
                }
                try await answer.finish(.stop, inputTokens: 7, outputTokens: UInt32(records)) { receipt in
                    [UInt8](repeating: UInt8(receipt.outputLength % 251), count: 64)
                }
            }
            // The client has said its last word and waits for the end: nothing more is sent.
            let sent = session.link.change { $0.layer?.sentCount }
            seen.withLock { $0.sent = sent }
        }
        var configuration = PeerServer.Configuration(host: "127.0.0.1", port: 0, handshakeTimeout: .seconds(120))
        configuration.suites = [test.suite]
        let report = try await LoopbackTests.withServer(
            configuration: configuration,
            authorize: authorize,
            serve: serve
        ) { _, address in
            let options = Options(
                port: Int(address.endpoint.port),
                private: [UInt8](repeating: 0x22, count: 32).hex,
                server: Fixture.serverKey.publicKey.bytes.hex,
                prompt: prompt.hex,
                suite: test.suite.rawValue,
                vouchers: 1_100
            )
            return try await Peer(test.peer, "client", options).next(ClientReport.self)
        }
        let expected = [UInt8]((0..<records).map { _ in text }.joined())
        #expect(report.text == expected.hex)
        #expect(report.tokens == records)
        #expect(report.finish.output == records && report.finish.input == 7 && report.finish.reason == 0)
        #expect(report.finish.signature == [UInt8](repeating: UInt8(expected.count % 251), count: 64).hex)
        // A token that meets the end of the window has its first bytes in a record in which none ends.
        #expect(report.carried["1"] == records)
        #expect(Set(report.carried.keys).isSubset(of: ["0", "1"]))
        // ACCEPT came before there was a token; FIN is the other record that carries none.
        #expect(report.received == report.carried.values.reduce(2, +))
        #expect(report.sent > 2_048, "the client changed its key twice by count, and once after the prompt")
        #expect(report.accepted == [7, 1_000, 256, 0, 0])
        #expect(report.hello == [1_048_576, 3_600, 600, 100, 256, 200, 256])
        let server = seen.withLock { $0 }
        #expect(server.binding.hex == report.hash)
        #expect(server.request == Fixture.requestAddress)
        #expect(server.clientKey == Fixture.clientKey.publicKey)
        #expect(server.vouchers > 0)
        #expect(server.sent == UInt64(report.received))
    }

    @Test("A Python client sees a shaped stream: one record size, and a number of records that 64 divides")
    func pythonClientShaped() async throws {
        let fast = StreamShape(tick: .milliseconds(10), recordSize: 256)!
        let report = try await LoopbackTests.withServer(
            configuration: .init(
                host: "127.0.0.1",
                port: 0,
                handshakeTimeout: .seconds(120),
                shape: fast,
                clientShape: fast
            ),
            serve: LoopbackTests.echo
        ) { _, address in
            let options = Options(
                port: Int(address.endpoint.port),
                private: [UInt8](repeating: 0x22, count: 32).hex,
                server: Fixture.serverKey.publicKey.bytes.hex,
                prompt: Array("short".utf8).hex,
                unshaped: false
            )
            return try await Peer(.python, "client", options).next(ClientReport.self)
        }
        #expect(report.text == Array("short".utf8).hex)
        #expect(report.sizes == [256])
        #expect(report.received % 64 == 0 && report.received > 0)
        #expect(report.accepted == [7, 1_000, 256, 10, 256])
    }

    @Test(
        "The Swift client against another's server: thousands of records, several keys, equal handshake hash",
        arguments: Case.all,
        [PeerShaping.off, .constantRate]
    )
    func otherServer(_ test: Case, shaping: PeerShaping) async throws {
        let options = Options(
            private: [UInt8](repeating: 0x11, count: 32).hex,
            suite: test.suite.rawValue,
            records: test.records
        )
        struct Port: Decodable { var port: Int }
        let peer = try Peer(test.peer, "server", options)
        let port = try await peer.next(Port.self).port
        let address = try PeerAddress(
            endpoint: .init(host: PeerHost("127.0.0.1")!, port: UInt16(port)),
            suites: [test.suite],
            serverKey: Fixture.serverKey.publicKey
        )
        let prompt = SeededRandom.bytes(70_000, seed: 2)
        let (binding, events, received) = try await PeerClient().withSession(
            to: address,
            context: Fixture.context,
            identity: Fixture.clientKey,
            request: Fixture.request,
            options: .init(
                dialPolicy: .allowingLoopback,
                shaping: shaping,
                connectTimeout: .seconds(120),
                handshakeTimeout: .seconds(120),
                waitsForPaddedEnd: false
            )
        ) { session in
            let answer = try await session.prompt(prompt)
            var events: [PeerAnswerEvent] = []
            for try await event in answer.events {
                events.append(event)
                if case .accepted = event { try session.send(voucher: Fixture.voucher(1)) }
                if case .data(let data) = event, data.totalTokens % 2 == 0 {
                    try session.send(voucher: Fixture.voucher(UInt64(data.totalTokens)))
                }
            }
            // The end has arrived, and after it the other side says nothing more.
            return (session.channelBinding, events, session.link.change { $0.layer?.receivedCount })
        }
        let report = try await peer.next(ServerReport.self)
        #expect(report.hash == binding.hex)
        #expect(report.request == Fixture.requestAddress.hex)
        #expect(report.prompt == SHA256.hash(prompt).hex)
        #expect(report.unshaped == (shaping == .off ? 1 : 0))
        #expect(report.text == SHA256.hash(events.text).hex)
        #expect(events.tokens == test.records)
        #expect(events.finish?.outputTokens == UInt32(test.records))
        #expect(events.finish?.receipt?.signature == Array(0..<64))
        #expect(report.vouchers.first == 1 && report.vouchers == report.vouchers.sorted())
        // ACCEPT, PING, FIN and a record for each token; the first of the Go peer's comes with ACCEPT.
        #expect(report.sent == test.records + (test.peer == .go ? 2 : 3))
        #expect(received == UInt64(report.sent))
        #expect(report.closed)
        #expect(report.pong)
    }
}
