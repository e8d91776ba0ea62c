import CCurl

/// What the driver's thread does, turn by turn.
///
/// Lives and dies on that thread.
final class CurlLoop {
    let multi: UnsafeMutableRawPointer
    private let configuration: HTTPClient.Configuration
    private var transfers: [ObjectIdentifier: CurlTransfer] = [:]
    private let clock = ContinuousClock()
    private let alarm = Alarm()

    init?(configuration: HTTPClient.Configuration) {
        guard let multi = curl_multi_init() else { return nil }
        self.multi = multi
        self.configuration = configuration
        _ = chainference_curl_multi_set_long(
            multi,
            CURLMOPT_MAXCONNECTS,
            Int(max(configuration.maximumIdleConnections, 1))
        )
        if let limit = configuration.maximumConnectionsPerHost {
            _ = chainference_curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, Int(max(limit, 1)))
        }
    }

    /// Carries out commands, moves bytes, ends what has ended, then sleeps until something happens.
    func turn(_ commands: [CurlDriver.Command]) {
        for command in commands { carryOut(command) }
        var running: Int32 = 0
        let code = curl_multi_perform(multi, &running)
        if code != CURLM_OK { endAll(.outOfResources(reason: String(cString: curl_multi_strerror(code)))) }
        endDone()
        endOverdue()
        curl_multi_poll(multi, nil, 0, pollTimeout, nil)
    }

    /// Ends everything.
    func close() {
        endAll(.clientShutDown)
        curl_multi_cleanup(multi)
    }

    private func carryOut(_ command: CurlDriver.Command) {
        switch command {
        case .start(let transfer):
            do throws(HTTPError) {
                let curl = try CurlTransfer(transfer, startingAt: clock.now, alarm: alarm)
                let code = curl_multi_add_handle(multi, curl.easy)
                guard code == CURLM_OK else {
                    throw HTTPError.outOfResources(reason: String(cString: curl_multi_strerror(code)))
                }
                transfers[ObjectIdentifier(transfer)] = curl
                alarm.consider(curl.deadline()?.instant)
            } catch {
                transfer.finish(.failure(error))
            }
        case .resume(let transfer):
            guard let curl = transfers[ObjectIdentifier(transfer)] else { return }
            let code = curl.resume(at: clock.now)
            if code != CURLE_OK { end(curl, with: curl.outcome(of: code)) }
        case .remove(let transfer):
            remove(ObjectIdentifier(transfer))
        case .reconsiderDeadlines:
            alarm.consider(clock.now)
        }
    }

    private func endDone() {
        var easy: UnsafeMutableRawPointer?
        var result = CURLE_OK
        while chainference_curl_multi_next_done(multi, &easy, &result) != 0 {
            var context: UnsafeMutableRawPointer?
            guard let easy, chainference_curl_get_pointer(easy, CURLINFO_PRIVATE, &context) == CURLE_OK, let context
            else { continue }
            let curl = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            end(curl, with: curl.outcome(of: result))
        }
    }

    private func endOverdue() {
        let now = clock.now
        guard alarm.isDue(at: now) else { return }
        for curl in transfers.values {
            guard let deadline = curl.deadline() else { continue }
            if deadline.instant > now || curl.hasSentMore(by: now) {
                alarm.consider(curl.deadline()?.instant)
            } else {
                end(curl, with: .failure(deadline.error))
            }
        }
    }

    private func endAll(_ error: HTTPError) {
        for curl in transfers.values { end(curl, with: .failure(error)) }
    }

    private func end(_ curl: CurlTransfer, with outcome: Result<Void, HTTPError>) {
        remove(ObjectIdentifier(curl.transfer))
        curl.transfer.finish(outcome)
    }

    /// Takes a transfer out of libcurl's hands; its connection is closed unless the response was complete.
    private func remove(_ id: ObjectIdentifier) {
        guard let curl = transfers.removeValue(forKey: id) else { return }
        curl_multi_remove_handle(multi, curl.easy)
    }

    /// Milliseconds until the next deadline; libcurl cuts it short for its own timers, traffic and wake-ups.
    private var pollTimeout: Int32 {
        guard let next = alarm.instant else { return 60_000 }
        let left = (next - clock.now).components
        guard left.seconds < 60 else { return 60_000 }
        let milliseconds = left.seconds * 1_000 + left.attoseconds / 1_000_000_000_000_000 + 1
        return Int32(max(0, milliseconds))
    }
}

/// The instant before which no deadline of any transfer passes.
///
/// It may be early, when a deadline has moved on since; it is never late.
final class Alarm {
    /// When to look at the deadlines again; nil while there is none.
    private(set) var instant: ContinuousClock.Instant?

    /// Rings no later than at `deadline`.
    func consider(_ deadline: ContinuousClock.Instant?) {
        guard let deadline else { return }
        instant = min(instant ?? deadline, deadline)
    }

    /// Whether it rings; if so it is cleared, and every deadline must be considered again.
    func isDue(at now: ContinuousClock.Instant) -> Bool {
        guard let instant, now >= instant else { return false }
        self.instant = nil
        return true
    }
}
