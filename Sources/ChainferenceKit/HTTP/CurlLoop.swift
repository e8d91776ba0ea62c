import CCurl

/// What the driver's thread does, turn by turn.
///
/// Lives and dies on that thread.
final class CurlLoop {
    let multi: UnsafeMutableRawPointer
    private let configuration: HTTPClient.Configuration
    private var transfers: [ObjectIdentifier: CurlTransfer] = [:]
    private let clock = ContinuousClock()
    /// No deadline passes before this; nil when there is none.
    private var earliestDeadline: ContinuousClock.Instant?

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
                let curl = try CurlTransfer(transfer, startingAt: clock.now)
                let code = curl_multi_add_handle(multi, curl.easy)
                guard code == CURLM_OK else {
                    throw HTTPError.outOfResources(reason: String(cString: curl_multi_strerror(code)))
                }
                transfers[ObjectIdentifier(transfer)] = curl
                consider(curl.deadline()?.instant)
            } catch {
                transfer.finish(.failure(error))
            }
        case .resume(let transfer):
            guard let curl = transfers[ObjectIdentifier(transfer)] else { return }
            curl.touch(clock.now)
            consider(curl.deadline()?.instant)
            // May call the write callback at once.
            curl_easy_pause(curl.easy, CURLPAUSE_CONT)
        case .remove(let transfer):
            remove(ObjectIdentifier(transfer))
        case .reconsiderDeadlines:
            earliestDeadline = clock.now
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
            let outcome = curl.outcome(of: result)
            remove(ObjectIdentifier(curl.transfer))
            curl.transfer.finish(outcome)
        }
    }

    private func endOverdue() {
        guard let earliest = earliestDeadline, clock.now >= earliest else { return }
        let now = clock.now
        earliestDeadline = nil
        for curl in transfers.values {
            guard let deadline = curl.deadline() else { continue }
            if deadline.instant > now || curl.hasSentMore(by: now) {
                consider(curl.deadline()?.instant)
            } else {
                remove(ObjectIdentifier(curl.transfer))
                curl.transfer.finish(.failure(deadline.error))
            }
        }
    }

    private func endAll(_ error: HTTPError) {
        for curl in transfers.values {
            remove(ObjectIdentifier(curl.transfer))
            curl.transfer.finish(.failure(error))
        }
    }

    /// Takes a transfer out of libcurl's hands; its connection is closed unless the response was complete.
    private func remove(_ id: ObjectIdentifier) {
        guard let curl = transfers.removeValue(forKey: id) else { return }
        curl_multi_remove_handle(multi, curl.easy)
    }

    private func consider(_ deadline: ContinuousClock.Instant?) {
        guard let deadline else { return }
        earliestDeadline = min(earliestDeadline ?? deadline, deadline)
    }

    /// Milliseconds until the next deadline; libcurl cuts it short for its own timers, traffic and wake-ups.
    private var pollTimeout: Int32 {
        guard let earliestDeadline else { return 60_000 }
        let left = (earliestDeadline - clock.now).components
        guard left.seconds < 60 else { return 60_000 }
        let milliseconds = left.seconds * 1_000 + left.attoseconds / 1_000_000_000_000_000 + 1
        return Int32(max(0, milliseconds))
    }
}
