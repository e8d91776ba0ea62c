/// Whether one direction of a session is running, and what a record looks like in it.
///
/// A shaped stream begins with a prompt. It ends when no answer is under way, some of the server's records have followed the
/// one that ended the last answer, and the number of the server's records in the session is a multiple of
/// ``StreamShape/endMultiple``: both sides count the same records and agree when that is.
struct StreamCadence: Hashable, Sendable {
    /// The form of the records; `nil` without shaping.
    var shape: StreamShape?
    /// How many of the server's records follow the end of an answer at least; see ``StreamShape/recordsAfterAnswer(client:server:)``.
    var recordsAfterAnswer = 0
    /// Whether every tick has a record, be it empty.
    private(set) var isRunning = false
    /// How many records the server has sent when the stream may end.
    private var earliestEnd: UInt64 = 0

    init(shape: StreamShape?, recordsAfterAnswer: Int = 0) {
        self.shape = shape
        self.recordsAfterAnswer = recordsAfterAnswer
    }

    /// A prompt began an answer.
    mutating func begin() { isRunning = true }

    /// The server's newest record was the last of an answer: FIN, or the ERROR in its stead.
    ///
    /// - Parameter serverRecords: How many records the server has sent in the session, that one included.
    mutating func answerEnded(serverRecords: UInt64) {
        earliestEnd = serverRecords + UInt64(recordsAfterAnswer)
    }

    /// Looks whether the stream has come to its end.
    ///
    /// - Parameters:
    ///   - answering: Whether an answer is under way.
    ///   - serverRecords: How many records the server has sent in the session.
    mutating func update(answering: Bool, serverRecords: UInt64) {
        guard isRunning, !answering else { return }
        let isAtEnd = serverRecords % UInt64(StreamShape.endMultiple) == 0 && serverRecords >= earliestEnd
        if shape == nil || isAtEnd { isRunning = false }
    }

    /// How many of the server's ticks a stream may go on after the end of an answer.
    var longestEnd: Int { StreamShape.endMultiple + recordsAfterAnswer }

    /// How many bytes of body a record of at most this form can have.
    var bodyLimit: Int {
        guard let shape else { return RecordLayout.maximumCiphertext - RecordLayout.minimumCiphertext }
        return shape.recordSize - RecordLayout.overhead
    }
}

/// Limits that both sides of a session share.
enum SessionTiming {
    /// After this long without a word from the other side it is asked for a sign of life.
    static let pingAfter = Duration.seconds(15)
    /// After this long without a word the connection counts as dead.
    static let deadAfter = Duration.seconds(45)
    /// How long bytes of an answer may wait for a client that reads nothing.
    static let stallLimit = Duration.seconds(120)
    /// The longest that a client stays for the padded end.
    static let longestEnd = Duration.seconds(120)
    /// How long a side that closed waits for the other to go.
    static let linger = Duration.seconds(2)
    /// How long the network may take for what a session that is over has still to say.
    static let lastWord = Duration.seconds(10)
    /// How long a program may take to finish after a session has ended in good order, before it is cancelled.
    static let programGrace = Duration.seconds(5)
    /// The beat of deadlines where no shape gives one.
    static let idleBeat = Duration.milliseconds(100)
}

/// The sign of life: when to ask, when to answer, when to give up.
struct Keepalive: Hashable, Sendable {
    private var lastHeard: Duration
    private var lastAsked: Duration?
    /// The newest question that waits for an answer; older ones are forgotten, so that questions can't pile up.
    var pendingPong: UInt64?

    init(now: Duration) {
        lastHeard = now
    }

    mutating func heard(at now: Duration) {
        lastHeard = now
        lastAsked = nil
    }

    /// What a beat demands.
    enum Demand {
        case nothing
        case ping
        case giveUp
    }

    mutating func beat(at now: Duration) -> Demand {
        let silence = now - lastHeard
        if silence >= SessionTiming.deadAfter { return .giveUp }
        guard silence >= SessionTiming.pingAfter, lastAsked.map({ now - $0 >= SessionTiming.pingAfter }) ?? true else {
            return .nothing
        }
        lastAsked = now
        return .ping
    }
}
