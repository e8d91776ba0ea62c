/// A client's session with a server, for the duration of the scope that lends it.
///
/// It outlives connections: when one is lost, and the client's options say so, another takes over, and answers go on where
/// they broke.
public final class PeerSession: Sendable {
    /// What the server said about itself in the handshake.
    public let server: PeerServerParameters
    /// The handshake hash of the newest connection: the same 32 bytes on both sides and in no other connection.
    public var channelBinding: [UInt8] { link.read { $0.channelBinding } }

    let link: SessionLink<ClientSessionMachine>
    private let clock: SessionClock

    init(link: SessionLink<ClientSessionMachine>, clock: SessionClock, server: PeerServerParameters) {
        self.link = link
        self.clock = clock
        self.server = server
    }

    /// Sends a prompt; its number is the next in the session.
    ///
    /// - Parameter bytes: The JSON of an OpenAI chat-completions request.
    /// - Returns: The answer, whose events must be read for it to go on.
    /// - Throws: ``PeerError/promptTooLarge(bytes:limit:)``, ``PeerError/promptInProgress``, or why the session ended.
    public func prompt(_ bytes: [UInt8]) async throws -> PeerAnswer {
        let (number, digest) = try await link.wait { machine in
            machine.isParked ? nil : try machine.submit(bytes)
        }
        return PeerAnswer(number: number, promptDigest: digest, session: self)
    }

    /// Sends a voucher as soon as the stream's cadence allows; only the newest that waits is sent.
    ///
    /// - Throws: Why the session ended, if it has.
    public func send(voucher: PeerVoucher) throws {
        try link.change { machine throws(PeerError) in try machine.send(voucher) }
    }

    /// Makes sure that the session has not ended, as far as is known: to be asked before something is paid for it.
    ///
    /// - Throws: Why the session ended, if it has, such as ``PeerError/server(_:)`` with the server's refusal.
    public func check() throws {
        if let ending = link.read({ $0.isParked ? nil : $0.ending }) { throw ending }
    }

    /// Asks the server to stop the answer under way; its events then end with `finished`, reason ``PeerFinishReason/cancelled``.
    public func cancel() {
        link.change { $0.cancel() }
    }

    /// Begins to close the session; no prompt can be given any more.
    public func close() {
        let now = clock.now()
        link.change { $0.close(now: now) }
    }

    fileprivate func nextEvent(of number: UInt32) async throws -> PeerAnswerEvent? {
        let reading = try await link.wait { machine -> IncomingAnswer.Reading? in
            let reading = try machine.nextEvent(number)
            if case .notYet = reading { return nil }
            return reading
        }
        guard case .event(let event) = reading else { return nil }
        return event
    }
}

/// The answer to one prompt, as it arrives.
public struct PeerAnswer: Sendable {
    /// The prompt's number.
    public let number: UInt32
    /// SHA-256 of the prompt.
    public let promptDigest: [UInt8]
    let session: PeerSession

    /// What happens, in order; to be read once, by one task.
    ///
    /// Reading is what lets the server go on (64 KiB at most wait).
    ///
    /// Throws ``PeerError/server(_:)`` when the server breaks off, ``PeerError/truncated(received:)`` when the connection
    /// ends before the answer, ``PeerError/digestMismatch``, and other reasons why the session ended.
    public var events: Events { Events(answer: self) }

    /// The events of an answer.
    public struct Events: AsyncSequence, Sendable {
        /// What happens in the course of an answer.
        public typealias Element = PeerAnswerEvent

        let answer: PeerAnswer

        /// Begins to read.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(answer: answer) }

        /// Reads the events one by one.
        public struct AsyncIterator: AsyncIteratorProtocol {
            let answer: PeerAnswer

            /// The next event, `nil` after `finished`.
            public mutating func next() async throws -> PeerAnswerEvent? {
                try await answer.session.nextEvent(of: answer.number)
            }
        }
    }
}

/// What a server says about itself in the handshake.
public struct PeerServerParameters: Hashable, Sendable {
    /// The server's clock, in milliseconds since 1970.
    public var time: Int64
    /// The largest prompt, in bytes.
    public var promptByteLimit: UInt32
    /// How long a session may last.
    public var sessionLimit: Duration
    /// After how long without a prompt the server closes.
    public var idleLimit: Duration
    /// The form of the server's stream; an admission may choose another for the session.
    public var serverShape: StreamShape
    /// The form that the client's stream shall have.
    public var clientShape: StreamShape

    /// Puts the parts together.
    public init(
        time: Int64,
        promptByteLimit: UInt32,
        sessionLimit: Duration,
        idleLimit: Duration,
        serverShape: StreamShape,
        clientShape: StreamShape
    ) {
        self.time = time
        self.promptByteLimit = promptByteLimit
        self.sessionLimit = sessionLimit
        self.idleLimit = idleLimit
        self.serverShape = serverShape
        self.clientShape = clientShape
    }
}
