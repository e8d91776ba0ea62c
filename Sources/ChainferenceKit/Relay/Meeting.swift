import PeerChannel
import Synchronization

/// Where a waiting client and the server that dials back for it find each other, once.
final class Meeting: Sendable {
    enum Outcome: Sendable {
        /// The server's connection, and whom to tell when the circuit is over.
        case server(any ByteStream, over: AsyncStream<Never>.Continuation)
        /// The server has no room.
        case declined
        /// It took too long, or the client has gone.
        case missed
    }

    private let outcome = Mutex<Outcome?>(nil)
    private let (news, bell) = AsyncStream.makeStream(of: Never.self)

    /// Waits on the client's side until there is an outcome or the task is cancelled.
    func wait() async {
        for await _ in news {}
    }

    /// Settles how it ends; only the first word counts.
    ///
    /// - Returns: The outcome that counts, and whether it is this one.
    @discardableResult
    func settle(_ proposal: Outcome) -> (outcome: Outcome, isMine: Bool) {
        let settled = outcome.withLock { outcome -> (Outcome, Bool) in
            if let outcome { return (outcome, false) }
            outcome = proposal
            return (proposal, true)
        }
        bell.finish()
        return settled
    }
}

/// A server's connection as the rest of the relay uses it.
struct ServerLink: Sendable {
    let outbox: AsyncStream<RelayMessage>.Continuation
}
