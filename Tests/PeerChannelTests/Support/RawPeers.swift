import SodiumCrypto

@testable import Noise
@testable import PeerChannel

/// A client that speaks Noise but writes whatever plaintexts a test wants.
final class RawClient {
    var server: ServerSessionMachine
    private var transport: NoiseTransport
    private(set) var underKey = 0
    /// Types of the records that the server sent after the handshake.
    private(set) var received: [UInt8] = []
    private var frames = FrameBuffer()

    init(shaping: PeerShaping = .off, hello: PeerServerParameters = Fixture.hello, admits: Bool = true) throws {
        var machine = ServerSessionMachine(
            settings: .init(
                hello: hello,
                handshakeTimeout: .seconds(10),
                authorizationTimeout: .seconds(45),
                sendBuffer: 16_384
            ),
            context: Fixture.context,
            identity: Fixture.serverKey,
            now: .zero
        )
        var handshake = try NoiseHandshake(
            pattern: .xk,
            role: .initiator,
            prologue: Fixture.context.prologue(suite: .noiseXK),
            localStatic: Fixture.clientKey,
            remoteStatic: Fixture.serverKey.publicKey
        )
        var message: [UInt8] = []
        try handshake.writeMessage(payload: .init(start: nil, count: 0), appendingTo: &message)
        ([1, 0, UInt8(message.count)] + message).withUnsafeBytes { machine.receive($0, now: .zero) }
        var output: [UInt8] = []
        machine.drainOutput(into: &output)
        var payload: [UInt8] = []
        try output.dropFirst(2).withUnsafeBytes { try handshake.readMessage($0, appendingTo: &payload) }
        message = []
        let hello = ClientHelloPayload(request: Fixture.request, shaping: shaping).encoded()
        try hello.withUnsafeBytes { try handshake.writeMessage(payload: $0, appendingTo: &message) }
        ([0, UInt8(message.count)] + message).withUnsafeBytes { machine.receive($0, now: .zero) }
        if admits { machine.admit(Fixture.admission(), now: .zero) }
        transport = try handshake.split()
        server = machine
    }

    /// Sends a plaintext as a record, as it is.
    func send(plaintext: [UInt8], now: Duration = .zero) {
        let ciphertext = transport.sending.sealed(plaintext)
        let length = [UInt8(ciphertext.count >> 8), UInt8(ciphertext.count & 255)]
        underKey += 1
        let endsPrompt = plaintext.count > 1 && plaintext[0] == RecordType.prompt.rawValue && plaintext[1] & 1 == 0
        if underKey == RecordLayer.rekeyInterval || endsPrompt {
            transport.sending.rekey()
            underKey = 0
        }
        (length + ciphertext).withUnsafeBytes { server.receive($0, now: now) }
    }

    func send(_ type: UInt8, flags: UInt8 = 0, _ body: [UInt8], padding: [UInt8] = []) {
        var plaintext: [UInt8] = [type, flags]
        plaintext.appendLittleEndian(UInt16(body.count))
        send(plaintext: plaintext + body + padding)
    }

    func send(_ record: PeerRecord) { send(record.type, record.encodedBody()) }

    static func prompt(_ bytes: [UInt8], number: UInt32 = 1, window: UInt32 = 65_536) -> PeerRecord {
        .prompt(PromptMessage(number: number, window: window, digest: SHA256.hash(bytes), bytes: bytes))
    }

    var ending: PeerError? { server.ending }

    /// The records that the server has written since the last time.
    func read() throws -> [PeerRecord] {
        var output: [UInt8] = []
        var records: [PeerRecord] = []
        while server.hasOutput {
            server.drainOutput(into: &output)
            output.withUnsafeBytes { frames.append($0) }
        }
        while true {
            let record = try frames.withNextFrame(lengths: 20...16_400) { frame throws(PeerError) -> PeerRecord? in
                guard let plaintext = try? self.transport.receiving.opened([UInt8](frame)) else {
                    return nil
                }
                let count = Int(plaintext[2]) | Int(plaintext[3]) << 8
                self.received.append(plaintext[0])
                return try plaintext[4..<4 + count].withUnsafeBufferPointer { body throws(PeerError) in
                    try PeerRecord(type: plaintext[0], body: UnsafeRawBufferPointer(body))
                }
            }
            guard let record else { return records }
            if let record { records.append(record) }
        }
    }
}

/// A server that speaks Noise but writes whatever plaintexts a test wants.
final class RawServer {
    var client: ClientSessionMachine
    private var transport: NoiseTransport
    private var underKey = 0

    init(window: UInt32 = 65_536) throws {
        var machine = try ClientSessionMachine(
            settings: .init(
                request: Fixture.request,
                shaping: .off,
                handshakeTimeout: .seconds(10),
                window: window,
                firstPromptNumber: 1
            ),
            context: Fixture.context,
            serverKey: Fixture.serverKey.publicKey,
            identity: Fixture.clientKey,
            now: .zero
        )
        var handshake = try NoiseHandshake(
            pattern: .xk,
            role: .responder,
            prologue: Fixture.context.prologue(suite: .noiseXK),
            localStatic: Fixture.serverKey
        )
        var output: [UInt8] = []
        var payload: [UInt8] = []
        machine.drainOutput(into: &output)
        try output.dropFirst(3).withUnsafeBytes { try handshake.readMessage($0, appendingTo: &payload) }
        var message: [UInt8] = []
        try ServerHelloPayload.encode(Fixture.hello).withUnsafeBytes {
            try handshake.writeMessage(payload: $0, appendingTo: &message)
        }
        ([0, UInt8(message.count)] + message).withUnsafeBytes { machine.receive($0, now: .zero) }
        machine.drainOutput(into: &output)
        try output.dropFirst(2).withUnsafeBytes { try handshake.readMessage($0, appendingTo: &payload) }
        transport = try handshake.split()
        _ = try machine.submit(Array("prompt".utf8))
        machine.drainOutput(into: &output)
        client = machine
    }

    func send(_ type: UInt8, flags: UInt8 = 0, _ body: [UInt8], padding: [UInt8] = []) {
        var plaintext: [UInt8] = [type, flags]
        plaintext.appendLittleEndian(UInt16(body.count))
        let ciphertext = transport.sending.sealed(plaintext + body + padding)
        underKey += 1
        if underKey == RecordLayer.rekeyInterval {
            transport.sending.rekey()
            underKey = 0
        }
        let length = [UInt8(ciphertext.count >> 8), UInt8(ciphertext.count & 255)]
        (length + ciphertext).withUnsafeBytes { client.receive($0, now: .zero) }
    }

    func send(_ record: PeerRecord) { send(record.type, record.encodedBody()) }

    func accept() {
        send(.accept(AcceptMessage(number: 1, parameters: Fixture.parameters, tickMilliseconds: 0, recordSize: 0)))
    }

    func data(_ bytes: [UInt8], offset: UInt64, tokens: UInt32 = 1, number: UInt32 = 1) {
        send(.data(DataHeader(number: number, totalTokens: tokens, offset: offset), bytes: bytes))
    }

    func fin(_ text: [UInt8], reason: PeerFinishReason = .stop, length: UInt64? = nil, tokens: UInt32 = 9) {
        let fin = FinMessage(
            number: 1,
            reason: reason,
            length: length ?? UInt64(text.count),
            digest: SHA256.hash(text),
            inputTokens: 1,
            outputTokens: tokens,
            signature: []
        )
        send(.fin(fin))
    }

    var ending: PeerError? { client.ending }

    func events() throws -> [PeerAnswerEvent] {
        var events: [PeerAnswerEvent] = []
        while case .event(let event) = try client.nextEvent(1) { events.append(event) }
        return events
    }
}
