import Noise
import SodiumCrypto
import Synchronization
import Testing

@testable import PeerChannel

/// The rows of the property table in Documentation/peer-protocol.md that no other suite has.
@Suite("Properties of the channel")
struct PropertyTests {
    @Test("Server authentication: a client that has another key in its address gets not a byte")
    func serverAuthentication() throws {
        var pair = try MachinePair(serverKeyAsClientKnowsIt: Fixture.key(0x55).publicKey)
        pair.giveToServer(pair.takeFromClient())
        let (isOver, hasOutput, ending) = (pair.server.isOver, pair.server.hasOutput, pair.server.ending)
        #expect(isOver && !hasOutput)
        #expect(ending == .handshakeFailed(.notAuthentic))
    }

    @Test("Client authentication: the program decides on a proven key, and serves nobody whom it refuses")
    func clientAuthentication() async throws {
        let served = Mutex(0)
        let server = ResumeTests.server(
            authorize: { applicant in
                guard applicant.clientKey == Fixture.clientKey.publicKey else {
                    throw PeerErrorMessage(.clientKeyMismatch)
                }
                guard applicant.request.address == Fixture.requestAddress else {
                    throw PeerErrorMessage(.requestUnknown)
                }
                #expect(applicant.serverKey == Fixture.serverKey.publicKey)
                return PeerAdmission { _ in }
            },
            serve: { _ in served.withLock { $0 += 1 } }
        )
        let network = FlakyNetwork(server: server)
        @Sendable func attempt(key: UInt8, request: PeerRequest) async throws -> PeerError? {
            do {
                try await PeerClient().runSession(
                    connecting: network.connect,
                    serverKey: Fixture.serverKey.publicKey,
                    context: Fixture.context,
                    identity: Fixture.key(key),
                    request: request,
                    options: ResumeTests.options()
                ) { session in
                    _ = try await LoopbackTests.collect(try await session.prompt([1]))
                }
                return nil
            } catch { return error as? PeerError }
        }
        let errors = try await network.serving {
            [
                try await attempt(key: 0x77, request: Fixture.request),
                try await attempt(key: 0x22, request: PeerRequest(address: [UInt8](repeating: 8, count: 32))),
            ]
        }
        let codes: [PeerErrorCode] = [.clientKeyMismatch, .requestUnknown]
        #expect(errors == codes.map { .server(PeerErrorMessage($0)) })
        #expect(served.withLock { $0 } == 0)
    }

    @Test("Forward secrecy: with both static keys, nothing of a recorded session decrypts after the second message")
    func forwardSecrecy() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt(Array("the prompt".utf8))
        // The thief plays the server again with the stolen keys; the ephemeral keys are gone.
        var handshake = try NoiseHandshake(
            pattern: .xk,
            role: .responder,
            prologue: Fixture.context.prologue(suite: .noiseXK),
            localStatic: Fixture.serverKey
        )
        var (payload, second, third): ([UInt8], [UInt8], [UInt8]) = ([], [], [])
        let messages = (pair.clientWrites[0].dropFirst(3), pair.clientWrites[1].dropFirst(2).prefix(128))
        try messages.0.withUnsafeBytes { try handshake.readMessage($0, appendingTo: &payload) }
        try handshake.writeMessage(payload: UnsafeRawBufferPointer(start: nil, count: 0), appendingTo: &second)
        var failure: NoiseError?
        messages.1.withUnsafeBytes { message in
            do throws(NoiseError) {
                try handshake.readMessage(message, appendingTo: &third)
            } catch { failure = error }
        }
        #expect(failure == .notAuthentic && third.isEmpty)
        // Nor does it help to play the client: what it sent hangs on a key that nobody has any more.
        var client = try NoiseHandshake(
            pattern: .xk,
            role: .initiator,
            prologue: Fixture.context.prologue(suite: .noiseXK),
            localStatic: Fixture.clientKey,
            remoteStatic: Fixture.serverKey.publicKey
        )
        var again: [UInt8] = []
        try client.writeMessage(payload: UnsafeRawBufferPointer(start: nil, count: 0), appendingTo: &again)
        #expect(throws: NoiseError.notAuthentic) {
            try pair.serverWrites[0].dropFirst(2).withUnsafeBytes { try client.readMessage($0, appendingTo: &payload) }
        }
    }

    @Test("Constant error surface: before message 3 every failure is silence, after it every refusal has one size")
    func constantErrors() throws {
        /// What the server writes after the handshake's own messages.
        func written(_ spoil: (inout MachinePair) -> Void) throws -> [[UInt8]] {
            var pair = try MachinePair()
            spoil(&pair)
            _ = pair.takeFromServer()
            return pair.serverWrites
        }
        let spoiled: [(inout MachinePair) -> Void] = [
            { pair in pair.giveToServer([9]) },
            { pair in pair.giveToServer([1, 0, 47]) },
            { pair in
                var first = pair.takeFromClient()
                first[10] ^= 1
                pair.giveToServer(first)
            },
            { pair in
                var first = pair.takeFromClient()
                first[first.count - 1] ^= 1
                pair.giveToServer(first)
            },
            { pair in pair.giveToServer([1, 0, 48] + [UInt8](repeating: 0, count: 48)) },
        ]
        for spoil in spoiled { #expect(try written(spoil).isEmpty) }
        let third: [Int] = [2, 60, 129]
        for position in third {
            let writes = try written { pair in
                pair.giveToServer(pair.takeFromClient())
                pair.giveToClient(pair.takeFromServer())
                var message = pair.takeFromClient()
                message[position] ^= 1
                pair.giveToServer(message)
            }
            #expect(writes.count == 1, "the second message of the handshake and nothing more")
        }
        for code in [PeerErrorCode.requestUnknown, .clientKeyMismatch, .busy] {
            var pair = try MachinePair()
            pair.exchange()
            let text = String(repeating: "x", count: Int(code.rawValue))
            pair.server.refuse(PeerErrorMessage(code, text: text), now: .zero)
            pair.exchange()
            let sizes = pair.serverWrites.dropFirst().map(\.count)
            #expect(sizes == [256])
        }
    }

    @Test("Cancel: the word goes out with the client's next record, and the program is stopped when it arrives")
    func cancelWithinOneTick() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt([1])
        try pair.server.accept(1, Fixture.parameters)
        pair.beat(5)
        // A voucher and a widened window wait, too: neither comes before the word.
        try pair.client.send(Fixture.voucher(5))
        pair.client.cancel()
        let before = pair.now
        while !pair.server.isUnwanted(1) { pair.beat() }
        #expect(pair.now - before <= .milliseconds(200))
    }

    @Test("Cancel: CANCELLED bills what was given and no more, and nothing but FIN follows")
    func cancelledUsage() throws {
        let client = try RawClient()
        client.send(RawClient.prompt([1]))
        guard case .prompt(let prompt) = try client.server.takePrompt() else { throw CancellationError() }
        try client.server.accept(1, Fixture.parameters)
        #expect(try client.server.send(1, [1, 2, 3], tokens: 2))
        _ = try client.read()
        client.send(.cancel(number: 1))
        try client.server.finish(client.server.receipt(prompt, reason: .stop, inputTokens: 7, outputTokens: 2))
        let records = try client.read()
        let bill = CancelledMessage(number: 1, inputTokens: 7, outputTokens: 2, length: 3)
        #expect(records.count == 2 && records.first == .cancelled(bill))
        guard case .fin(let fin)? = records.last else { throw CancellationError() }
        #expect(fin.reason == .cancelled && fin.outputTokens == 2 && fin.length == 3)
    }

    @Test("Several server keys: who comes under an older key is served, and the program is told which")
    func olderKeys() throws {
        let old = [Fixture.key(0x71), Fixture.key(0x72)]
        for key in [Fixture.serverKey] + old {
            var pair = try MachinePair(serverKeyAsClientKnowsIt: key.publicKey, olderServerKeys: old)
            pair.open()
            let candidate = try pair.prompt([1])
            #expect(candidate != nil)
            let used = pair.server.applicant?.serverKey
            #expect(used == key.publicKey)
        }
        var stranger = try MachinePair(serverKeyAsClientKnowsIt: Fixture.key(0x73).publicKey, olderServerKeys: old)
        stranger.giveToServer(stranger.takeFromClient())
        #expect(stranger.server.isOver && !stranger.server.hasOutput)
    }

    @Test("Keepalive: a half-open connection is noticed within 45 s, and what it carried can be continued")
    func halfOpen() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt([1])
        try pair.server.accept(1, Fixture.parameters)
        var seconds = 0
        while !pair.server.isOver, seconds < 60 {
            seconds += 1
            pair.server.beat(now: .seconds(seconds))
            var output: [UInt8] = []
            pair.server.drainOutput(into: &output)
        }
        #expect(seconds <= 45)
        let (ending, isParked) = (pair.server.ending, pair.server.isParked)
        #expect(ending == .deadlineExceeded(.silence) && isParked)
        #expect(try pair.server.send(1, [1, 2, 3], tokens: 1))
    }

    // MARK: Receipts

    static func receipt(_ wallet: Ed25519.PrivateKey, prompt: [UInt8], answer: [UInt8]) -> PeerReceipt {
        var receipt = PeerReceipt(
            channelBinding: SHA256.hash([1]),
            request: Fixture.requestAddress,
            promptNumber: 3,
            promptDigest: SHA256.hash(prompt),
            outputDigest: SHA256.hash(answer),
            outputLength: UInt64(answer.count),
            inputTokens: 5,
            outputTokens: 9,
            reason: .length
        )
        receipt.signature = wallet.sign(receipt.signedMessage)
        return receipt
    }

    @Test("Receipts: a file says who answered what, and is checked without anybody's help")
    func receiptFile() throws {
        let wallet = try #require(Ed25519.PrivateKey(seed: [UInt8](repeating: 4, count: 32)))
        let (prompt, answer) = (Array("Why?".utf8), Array("Because.".utf8))
        let receipt = Self.receipt(wallet, prompt: prompt, answer: answer)
        let file = PeerReceiptFile(serverWallet: wallet.publicKey, receipt: receipt)
        let read = try PeerReceiptFile(parsing: file.text)
        #expect(read == file)
        try read.verify(prompt: prompt, answer: answer)
        #expect(throws: PeerReceiptFault.prompt) { try read.verify(prompt: answer) }
        #expect(throws: PeerReceiptFault.answer) { try read.verify(answer: prompt) }
        #expect(throws: PeerReceiptFault.answer) { try read.verify(answer: answer + [0]) }
        // Every changed number, and another wallet, spoil the signature.
        for change in [
            { (receipt: inout PeerReceipt) in receipt.outputTokens += 1 }, { $0.inputTokens -= 1 },
            { $0.promptNumber = 4 }, { $0.outputLength = 0 }, { $0.reason = .stop }, { $0.request[0] ^= 1 },
            { $0.channelBinding[31] ^= 1 }, { $0.promptDigest[0] ^= 1 }, { $0.outputDigest[0] ^= 1 },
            { $0.signature[0] ^= 1 },
        ] as [(inout PeerReceipt) -> Void] {
            var changed = receipt
            change(&changed)
            #expect(throws: PeerReceiptFault.signature) { try changed.verify(by: wallet.publicKey) }
        }
        #expect(throws: PeerReceiptFault.signature) { try receipt.verify(by: [UInt8](repeating: 0, count: 32)) }
    }

    @Test("A receipt's text has one spelling: every other is refused, with the line")
    func receiptSpelling() throws {
        let wallet = try #require(Ed25519.PrivateKey(seed: [UInt8](repeating: 4, count: 32)))
        let file = PeerReceiptFile(
            serverWallet: wallet.publicKey,
            receipt: Self.receipt(wallet, prompt: [1], answer: [2])
        )
        let text = file.text
        #expect(text.utf8.allSatisfy { $0 == 0x0a || (0x20..<0x7f).contains($0) })
        let bytes = Array(text.utf8)
        for end in bytes.indices {
            #expect(throws: PeerReceiptFile.Fault.self) {
                try PeerReceiptFile(parsing: String(decoding: bytes[..<end], as: UTF8.self))
            }
        }
        var random = SeededRandom(seed: 77)
        for _ in 0..<20_000 {
            var changed = bytes
            changed[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...127, using: &random)
            guard let read = try? PeerReceiptFile(parsing: String(decoding: changed, as: UTF8.self)) else { continue }
            #expect(Array(read.text.utf8) == changed)
        }
        for (wrong, line) in [
            ("input-tokens 05", 7), ("input-tokens +5", 7), ("input-tokens 5 ", 7), ("input-tokens 4294967296", 7),
            ("Input-tokens 5", 7),
        ] {
            let spoiled = text.replacing("input-tokens 5", with: wrong)
            #expect(throws: PeerReceiptFile.Fault(line: line)) { try PeerReceiptFile(parsing: spoiled) }
        }
        #expect(throws: PeerReceiptFile.Fault(line: 11)) { try PeerReceiptFile(parsing: text + "\n") }
    }
}
