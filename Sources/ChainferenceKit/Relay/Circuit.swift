import NIOCore
import PeerChannel

/// Passes bytes between a client and a server that only they can read.
///
/// What one side sends is read no faster than the other takes it: at most two pieces of 32 KiB a direction are held, one
/// that waits and one that is being written.
struct Circuit: Sendable {
    let client: any ByteStream
    let server: any ByteStream
    let limits: RelayLimits
    let clock: SessionClock

    /// Why a circuit ended, and what it carried.
    struct Report: Hashable, Sendable {
        /// The limit that ended it; `nil` when a side did.
        var end: CircuitMeter.End?
        var bytes: UInt64
    }

    private enum Ended: Sendable {
        case direction
        case limit(CircuitMeter.End)
    }

    /// Runs until both sides have finished, a limit is reached or the task is cancelled; closing the connections is left
    /// to their owners.
    func run() async -> Report {
        let meter = Shared(CircuitMeter(limits: limits, now: clock.now()))
        let end = await withTaskGroup(of: Ended.self) { group -> CircuitMeter.End? in
            group.addTask { await pass(from: client, to: server, meter) }
            group.addTask { await pass(from: server, to: client, meter) }
            group.addTask {
                while true {
                    let (time, end) = meter.withLock { $0.deadline }
                    if clock.now() >= time { return .limit(end) }
                    do {
                        // What one side's end changes is not later than this: it is looked at in time.
                        try await clock.sleep(min(time, clock.now() + CircuitMeter.linger))
                    } catch {
                        return .direction
                    }
                }
            }
            defer { group.cancelAll() }
            var directions = 2
            while directions > 0, let ended = await group.next() {
                switch ended {
                case .direction: directions -= 1
                case .limit(let end): return end
                }
            }
            return nil
        }
        return Report(end: end, bytes: meter.withLock { $0.carried })
    }

    private func pass(from source: any ByteStream, to target: any ByteStream, _ meter: Shared<CircuitMeter>) async
        -> Ended
    {
        do {
            while let bytes = try await source.receive() {
                guard meter.withLock({ $0.carry(bytes.readableBytes, now: clock.now()) }) else { return .limit(.bytes) }
                try await target.send(bytes)
            }
            // A cancelled reader has seen no end.
            try Task.checkCancellation()
            meter.withLock { $0.finishOneSide(now: clock.now()) }
            try await target.finishSending()
        } catch {
            // A broken side is of no use to the other.
            source.abort()
            target.abort()
        }
        return .direction
    }
}
