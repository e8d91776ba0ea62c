/// When a client whose connection was lost connects again.
///
/// A server goes on with the answer meanwhile, and the client goes on reading where it was: nothing is generated or paid
/// twice.
public struct PeerReconnection: Sendable {
    /// How long to wait before an attempt; `nil` to give up.
    ///
    /// Attempts are counted from 1 for each lost connection. The cause is why the connection was lost, or why the attempt
    /// before failed.
    public var pause: @Sendable (_ attempt: Int, _ cause: PeerError) -> Duration?

    /// A policy of one's own.
    public init(pause: @escaping @Sendable (_ attempt: Int, _ cause: PeerError) -> Duration?) {
        self.pause = pause
    }

    /// A lost connection ends the session.
    public static let never = PeerReconnection { _, _ in nil }

    /// At once, then after pauses that double from a quarter of a second to eight seconds, each shortened at random by up
    /// to a half; ten attempts in all, about half a minute.
    public static let standard = doubling(attempts: 10)

    /// As ``standard``, but three attempts within a second: for a caller who has other servers to go to.
    public static let brief = doubling(attempts: 3)

    private static func doubling(attempts: Int) -> PeerReconnection {
        PeerReconnection { attempt, _ in
            guard attempt <= attempts else { return nil }
            guard attempt > 1 else { return .zero }
            let longest = 250 << min(5, attempt - 2)
            return .milliseconds(Int.random(in: longest / 2...longest))
        }
    }
}

/// What becomes of a session's connection.
public enum PeerConnectionEvent: Hashable, Sendable {
    /// The connection is lost; the session goes on as soon as there is another one.
    case lost(PeerError)
    /// Another connection carries the session.
    case restored(attempts: Int)
}
