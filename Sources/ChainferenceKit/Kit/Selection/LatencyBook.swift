import Solana
import Synchronization

/// What a client has seen of servers itself: how fast they answer, and whether they failed it.
final class LatencyBook: Sendable {
    private struct Entry: Sendable {
        var latency: Duration?
        var failures = 0
        var failedAt: ContinuousClock.Instant?
    }

    /// After how long without a new one failures are forgiven.
    private static let forgiveness = Duration.seconds(600)

    private let entries = Mutex<[Address: Entry]>([:])

    /// Counts a handshake.
    func measured(_ duration: Duration, with server: Address) {
        entries.withLock { entries in
            var entry = entries[server] ?? Entry()
            // An exponential average: a quarter of the news, so that one slow packet is forgotten soon.
            entry.latency = entry.latency.map { $0 * 3 / 4 + duration / 4 } ?? duration
            entries[server] = entry
        }
    }

    /// Counts a failure.
    func failed(_ server: Address, now: ContinuousClock.Instant = .now) {
        entries.withLock { entries in
            var entry = entries[server] ?? Entry()
            entry.failures = failures(entry, now: now) + 1
            entry.failedAt = now
            entries[server] = entry
        }
    }

    /// A good end makes up for the failures before.
    func succeeded(_ server: Address) {
        entries.withLock { entries in
            entries[server]?.failures = 0
            entries[server]?.failedAt = nil
        }
    }

    /// What is known of a server.
    func record(of server: Address, now: ContinuousClock.Instant = .now) -> (latency: Duration?, failures: Int) {
        entries.withLock { entries in
            guard let entry = entries[server] else { return (nil, 0) }
            return (entry.latency, failures(entry, now: now))
        }
    }

    private func failures(_ entry: Entry, now: ContinuousClock.Instant) -> Int {
        guard let failedAt = entry.failedAt, failedAt.duration(to: now) < Self.forgiveness else { return 0 }
        return entry.failures
    }
}
