import InferenceMarket
import Solana

/// Decides when a lock is settled, and with what.
///
/// A value without clocks or sockets.
struct ClaimPolicy: Hashable, Sendable {
    /// How long before the deadline the claim goes out at the latest, in seconds.
    var secondsBeforeDeadline: Int64 = 300

    /// How long a client may take to connect after the lock, in seconds; then its slot is given to another.
    var secondsToConnect: Int64 = 15

    /// How long a shutdown waits for the last voucher of a client that is still connected, in seconds.
    var secondsForLastVoucher: Int64 = 5

    /// How long a client that has connected may stay away or silent before its session is settled, in seconds.
    var idleSeconds: Int64

    /// The settlement after a good end is put off by up to so many seconds, so that the chain does not show when exactly
    /// an answer ended.
    var maximumDelay: Int64

    /// What the chain takes for each step.
    var fees = FeeSchedule()

    /// What is known about a lock.
    struct Situation: Hashable, Sendable {
        /// The time of the lock.
        var lockedAt: UnixTime
        /// The last moment for a claim.
        var deadline: UnixTime
        /// Whether the client has begun to close.
        var isClosing: Bool
        /// Whether a session is open now.
        var isConnected: Bool
        /// Whether an answer is being generated now.
        var isAnswering: Bool
        /// When the last session ended or the last prompt was answered; nil if the client never connected.
        var lastActivity: UnixTime?
        /// When the client closed its session in good order, if it did.
        var closedAt: UnixTime?
        /// A number from 0 to 1 that was drawn for this lock.
        var jitter: Double
        /// Whether the provider is shutting down.
        var isDraining: Bool
    }

    /// When to settle.
    ///
    /// An answer that is being generated is settled when it ends, but never later than the limit before the deadline; when
    /// the client has begun to close, or the provider shuts down, everything else is settled at once.
    func settlementTime(_ lock: Situation, now: UnixTime) -> UnixTime {
        let latest = lock.deadline.advanced(bySeconds: -secondsBeforeDeadline)
        if lock.isClosing { return now }
        if lock.isAnswering { return latest }
        if lock.isDraining {
            // A client that is still connected may be about to vouch for the last tokens.
            guard lock.isConnected else { return now }
            return min(latest, (lock.lastActivity ?? lock.lockedAt).advanced(bySeconds: secondsForLastVoucher))
        }
        if let closedAt = lock.closedAt, !lock.isConnected {
            let delay = Int64((Double(maximumDelay) * min(1, max(0, lock.jitter))).rounded(.down))
            return min(latest, closedAt.advanced(bySeconds: delay))
        }
        return min(latest, (lock.lastActivity ?? lock.lockedAt).advanced(bySeconds: idleSeconds))
    }

    /// Whether a settlement whose time has not come may go out together with one whose time has.
    ///
    /// The session is over, so that nothing more can be vouched for, and the time of somebody else's claim says as little
    /// about when it ended as a time of its own would.
    func mayJoin(_ lock: Situation) -> Bool {
        lock.closedAt != nil && !lock.isConnected && !lock.isAnswering
    }

    /// Whether the lock still takes one of the provider's slots.
    func occupiesSlot(_ lock: Situation, now: UnixTime) -> Bool {
        if lock.isConnected || lock.isAnswering { return true }
        if lock.closedAt != nil { return false }
        guard let lastActivity = lock.lastActivity else {
            return lock.lockedAt.seconds(until: now) <= secondsToConnect
        }
        return lastActivity.seconds(until: now) <= secondsToConnect
    }

    /// How to settle.
    enum Settlement: Hashable, Sendable {
        /// Claim so much with the newest voucher.
        case claim(Voucher, amount: Lamports)
        /// Claim so much without a voucher.
        case claimCredit(Lamports)
        /// Give the request back, so that another server can take it.
        case release
        /// Send nothing: a direct request that nothing came of counts for nobody, and its client has the way out.
        case leave
    }

    /// How a lock ended, from the provider's point of view.
    enum Ending: Hashable, Sendable {
        /// The client had what it asked for, or never asked.
        case served
        /// The provider could not serve, and delivered nothing: what was vouched for in advance is not taken.
        case failedToServe
        /// The provider was killed and started again: what was vouched for was earned, and nothing more can be.
        case abandoned
    }

    /// How to settle.
    ///
    /// - Parameters:
    ///   - voucher: The newest voucher on disk.
    ///   - dueWithinCredit: What may be claimed without a voucher.
    ///   - ending: How it ended.
    ///   - isDirect: Whether it is a direct request, which counts for nobody when it is left alone.
    ///   - hasDelivered: Whether any of an answer was delivered; after a crash, whether one was begun on the credit.
    ///   - secondsSinceLock: How long the lock has been held.
    ///   - graceSeconds: How long a release does not count against the server.
    /// - Returns: What to send.
    func settlement(
        voucher: Voucher?,
        dueWithinCredit: Lamports,
        ending: Ending,
        isDirect: Bool = false,
        hasDelivered: Bool = true,
        secondsSinceLock: Int64,
        graceSeconds: Int64
    ) -> Settlement {
        if let voucher, voucher.cumulative > .zero, ending != .failedToServe {
            let amount = ending == .served ? max(voucher.cumulative, dueWithinCredit) : voucher.cumulative
            let costs = fees.claimWithVoucher.saturatingSubtracting(fees.claimWithoutVoucher)
            // For an answer the voucher is worth its fee: the claim counts as a completed session. A voucher for nothing
            // that was delivered is worth no more than what it brings.
            if hasDelivered || ending != .served || amount > dueWithinCredit.saturatingAdding(costs) {
                return .claim(voucher, amount: amount)
            }
        }
        switch ending {
        case .served where isDirect && !hasDelivered && dueWithinCredit <= fees.claimWithoutVoucher:
            return .leave
        case .served:
            return .claimCredit(dueWithinCredit)
        case .abandoned where hasDelivered && dueWithinCredit > fees.claimWithoutVoucher:
            return .claimCredit(dueWithinCredit)
        case .failedToServe, .abandoned:
            // Within the grace a release costs nothing and another server may help; later a claim of nothing gives the
            // client its stake back at once, which a release would not, and does not count as a failure either.
            return secondsSinceLock < graceSeconds - 5 ? .release : .claimCredit(.zero)
        }
    }
}
