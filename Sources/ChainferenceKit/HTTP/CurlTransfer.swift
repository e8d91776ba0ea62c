import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One easy handle and what its callbacks gather.
///
/// Lives and dies on the driver's thread.
final class CurlTransfer {
    let transfer: Transfer
    let easy: UnsafeMutableRawPointer
    var headers: UnsafeMutablePointer<curl_slist>?
    private let alarm: Alarm
    private let started: ContinuousClock.Instant
    private var lastActivity: ContinuousClock.Instant
    private var sentSoFar: curl_off_t = 0
    private var isConnected = false
    /// Whether libcurl holds the server back because the reader had no room.
    private var isPaused = false
    private var response = ResponseHeaderReader()
    private var received = 0
    /// Why a callback stopped the transfer; libcurl itself would only say "write error".
    private var ownFailure: HTTPError?

    var request: PreparedRequest { transfer.request }

    init(_ transfer: Transfer, startingAt now: ContinuousClock.Instant, alarm: Alarm) throws(HTTPError) {
        guard let easy = curl_easy_init() else { throw .outOfResources(reason: "no memory for a transfer") }
        self.transfer = transfer
        self.easy = easy
        self.alarm = alarm
        started = now
        lastActivity = now
        try setUp()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headers)
    }

    // MARK: Deadlines

    /// The next deadline and what passing it means.
    func deadline() -> (instant: ContinuousClock.Instant, error: HTTPError)? {
        let timeouts = request.timeouts
        var next: (instant: ContinuousClock.Instant, error: HTTPError)?
        func consider(_ instant: ContinuousClock.Instant, _ phase: HTTPError.Phase, _ limit: Duration) {
            if let next, next.instant <= instant { return }
            next = (instant, .timedOut(phase, limit: limit))
        }
        if !isConnected { consider(started + timeouts.connect, .connecting, timeouts.connect) }
        if isConnected, !isPaused, let idle = transfer.idleTimeout {
            consider(lastActivity + idle, response.isComplete ? .body : .waitingForResponse, idle)
        }
        if let total = timeouts.total { consider(started + total, .wholeRequest, total) }
        return next
    }

    /// Lets the server go on; libcurl offers what the reader had no room for again, at once.
    func resume(at now: ContinuousClock.Instant) -> CURLcode {
        guard isPaused else { return CURLE_OK }
        isPaused = false
        touch(now)
        alarm.consider(deadline()?.instant)
        return curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    /// Notes a sign of life.
    func touch(_ now: ContinuousClock.Instant) {
        lastActivity = now
    }

    /// Whether silence was none because bytes of the request went out since the last look.
    func hasSentMore(by now: ContinuousClock.Instant) -> Bool {
        var sent: curl_off_t = 0
        guard chainference_curl_get_size(easy, CURLINFO_SIZE_UPLOAD_T, &sent) == CURLE_OK, sent > sentSoFar else {
            return false
        }
        sentSoFar = sent
        touch(now)
        return true
    }

    // MARK: The end

    /// What the end of the transfer means.
    func outcome(of code: CURLcode) -> Result<Void, HTTPError> {
        if code == CURLE_OK { return transfer.wantsSocket ? handOverSocket() : .success(()) }
        return .failure(ownFailure ?? error(for: code))
    }

    private func error(for code: CURLcode) -> HTTPError {
        let server = request.target.origin
        let reason = String(cString: curl_easy_strerror(code))
        let proxy = request.configuration.proxy
        switch code {
        case CURLE_OPERATION_TIMEDOUT:
            return .timedOut(.connecting, limit: request.timeouts.connect)
        case CURLE_COULDNT_RESOLVE_HOST:
            return .couldNotResolve(server: server)
        case CURLE_COULDNT_RESOLVE_PROXY:
            return .proxyFailed(proxy: proxy?.address ?? "", reason: .unreachable(reason))
        case CURLE_PROXY:
            return .proxyFailed(proxy: proxy?.address ?? "", reason: proxyFailure ?? .noProxy(reason))
        case CURLE_COULDNT_CONNECT:
            if let proxy { return .proxyFailed(proxy: proxy.address, reason: .unreachable(systemReason ?? reason)) }
            return .couldNotConnect(server: server, reason: systemReason ?? reason)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_NOTFOUND:
            return .tlsFailed(server: server, reason: reason)
        case CURLE_OUT_OF_MEMORY where isConnected && !response.isComplete:
            // What libcurl says to a header line of more than 100 KB.
            return .headersTooLarge(limit: ResponseHeaderReader.limit)
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT:
            return .outOfResources(reason: reason)
        default:
            break
        }
        if !isConnected {
            if let proxy { return .proxyFailed(proxy: proxy.address, reason: proxyFailure ?? .noProxy(reason)) }
            if request.target.isEncrypted { return .tlsFailed(server: server, reason: reason) }
            return .couldNotConnect(server: server, reason: reason)
        }
        switch code {
        case CURLE_PARTIAL_FILE:
            return .bodyTruncated(received: received)
        case CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            if response.isComplete { return .bodyTruncated(received: received) }
            return .connectionLost(server: server, reason: reason)
        default:
            return .protocolError(server: server, reason: reason)
        }
    }

    private var systemReason: String? {
        var code = 0
        guard chainference_curl_get_long(easy, CURLINFO_OS_ERRNO, &code) == CURLE_OK, code != 0 else { return nil }
        return String(cString: strerror(Int32(truncatingIfNeeded: code)))
    }

    /// Gives the transfer a descriptor of its own for the connection, which libcurl closes when the handle is removed.
    private func handOverSocket() -> Result<Void, HTTPError> {
        var socket = curl_socket_t(CURL_SOCKET_BAD)
        guard chainference_curl_get_active_socket(easy, &socket) == CURLE_OK, socket != CURL_SOCKET_BAD else {
            return .failure(.connectionLost(server: request.target.origin, reason: "closed at once"))
        }
        let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return .failure(.outOfResources(reason: String(cString: strerror(errno)))) }
        transfer.receive(ConnectedSocket(owning: copy))
        return .success(())
    }

    // MARK: Callbacks

    func connected() {
        isConnected = true
        touch(ContinuousClock.now)
        alarm.consider(deadline()?.instant)
    }

    func receive(headerLine bytes: UnsafeRawBufferPointer) -> Bool {
        touch(ContinuousClock.now)
        do throws(HTTPError) {
            guard let head = try response.read(bytes, server: request.target.origin) else { return true }
            if request.method != .head, let announced = head.headers["Content-Length"].flatMap(Int.init),
                announced > request.maximumBodySize
            {
                throw .bodyTooLarge(limit: request.maximumBodySize)
            }
            transfer.receive(head)
            return true
        } catch {
            ownFailure = error
            return false
        }
    }

    /// Returns how many bytes were taken, or one of libcurl's special answers.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        touch(ContinuousClock.now)
        guard bytes.count <= request.maximumBodySize - received else {
            ownFailure = .bodyTooLarge(limit: request.maximumBodySize)
            return 0
        }
        guard transfer.receive(bytes) else {
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        received += bytes.count
        return bytes.count
    }
}
