import SodiumCrypto

@testable import PeerChannel

/// A client and a server machine, joined by a wire that the test holds in its hands.
struct MachinePair: ~Copyable {
    var client: ClientSessionMachine
    var server: ServerSessionMachine
    var now = Duration.zero
    /// Everything that was ever on the wire, record by record or write by write.
    var clientWrites: [[UInt8]] = []
    var serverWrites: [[UInt8]] = []
    private var scratch: [UInt8] = []

    init(
        shaping: PeerShaping = .constantRate,
        window: UInt32 = 65_536,
        clientContext: PeerContext = Fixture.context,
        serverKeyAsClientKnowsIt: X25519.PublicKey = Fixture.serverKey.publicKey,
        hello: PeerServerParameters = Fixture.hello,
        sendBuffer: Int = 16_384,
        suite: PeerSuite = .noiseXK,
        suites: Set<PeerSuite> = Set(PeerSuite.allCases),
        olderServerKeys: [X25519.PrivateKey] = [],
        ephemerals: (client: X25519.PrivateKey, server: X25519.PrivateKey)? = nil
    ) throws {
        let newClient = try ClientSessionMachine(
            settings: .init(
                request: Fixture.request,
                shaping: shaping,
                handshakeTimeout: .seconds(10),
                window: window,
                firstPromptNumber: 1
            ),
            suite: suite,
            context: clientContext,
            serverKey: serverKeyAsClientKnowsIt,
            identity: Fixture.clientKey,
            ephemeral: ephemerals?.client,
            now: .zero
        )
        let newServer = ServerSessionMachine(
            settings: .init(
                hello: hello,
                handshakeTimeout: .seconds(10),
                authorizationTimeout: .seconds(45),
                sendBuffer: sendBuffer
            ),
            suites: suites,
            context: Fixture.context,
            identity: Fixture.serverKey,
            olderIdentities: olderServerKeys,
            ephemeral: ephemerals?.server,
            now: .zero
        )
        client = newClient
        server = newServer
    }

    /// What the client wants to write.
    mutating func takeFromClient() -> [UInt8] {
        guard client.hasOutput else { return [] }
        client.drainOutput(into: &scratch)
        clientWrites.append(scratch)
        return scratch
    }

    /// What the server wants to write.
    mutating func takeFromServer() -> [UInt8] {
        guard server.hasOutput else { return [] }
        server.drainOutput(into: &scratch)
        serverWrites.append(scratch)
        return scratch
    }

    mutating func giveToServer(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { server.receive($0, now: now) }
    }

    mutating func giveToClient(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { client.receive($0, now: now) }
    }

    /// Carries bytes in both directions until nothing moves.
    mutating func exchange() {
        while true {
            let fromClient = takeFromClient()
            if !fromClient.isEmpty { giveToServer(fromClient) }
            let fromServer = takeFromServer()
            if !fromServer.isEmpty { giveToClient(fromServer) }
            if fromClient.isEmpty, fromServer.isEmpty { break }
        }
        // Whoever is over hangs up.
        if server.isOver { client.disconnected(nil, now: now) }
        if client.isOver { server.disconnected(nil, now: now) }
    }

    /// Shakes hands and admits the client.
    mutating func open(_ admission: PeerAdmission = Fixture.admission()) {
        exchange()
        server.admit(admission, now: now)
        exchange()
    }

    /// Lets time pass in steps of 100 ms: the server beats at each, the client at every other.
    mutating func beat(_ ticks: Int = 1) {
        for _ in 0..<ticks {
            now += .milliseconds(100)
            server.beat(now: now)
            if now.wholeMilliseconds % 200 == 0 { client.beat(now: now) }
            exchange()
        }
    }

    /// Sends a prompt from the client and takes it at the server.
    mutating func prompt(_ bytes: [UInt8]) throws -> PeerPrompt? {
        _ = try client.submit(bytes)
        exchange()
        guard case .prompt(let prompt) = try server.takePrompt() else { return nil }
        return prompt
    }

    /// All events that the client can read now.
    mutating func events(_ number: UInt32) throws -> [PeerAnswerEvent] {
        var events: [PeerAnswerEvent] = []
        while case .event(let event) = try client.nextEvent(number) { events.append(event) }
        exchange()
        return events
    }
}

extension [PeerAnswerEvent] {
    var text: [UInt8] {
        flatMap { event -> [UInt8] in
            if case .data(let data) = event { data.bytes } else { [] }
        }
    }

    var tokens: Int {
        reduce(0) { sum, event in
            if case .data(let data) = event { sum + data.tokens } else { sum }
        }
    }

    var finish: AnswerFinish? {
        guard case .finished(let finish) = last else { return nil }
        return finish
    }
}
