import Synchronization

/// What the caller's side and the driver's side of a request share.
///
/// The driver puts in a head, chunks and an outcome, in this order; the caller takes them out. Nothing waits here but
/// suspended tasks.
final class Transfer: Sendable {
    /// How the body is handed over.
    enum Delivery {
        /// In one piece when it is complete.
        case whole
        /// As it comes; with more than `window` bytes waiting, the server is held back.
        case streamed(window: Int)
        /// No message at all: the connection is handed over once it stands.
        case socket
    }

    private struct State {
        var head: HTTPResponseHead?
        var headReader: CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>?
        var buffer: [UInt8] = []
        var chunkReader: CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>?
        var socket: ConnectedSocket?
        var socketReader: CheckedContinuation<Result<ConnectedSocket, HTTPError>, Never>?
        var outcome: Result<Void, HTTPError>?
        var isHeldBack = false
        var idleTimeout: Duration?
    }

    let request: PreparedRequest
    private let delivery: Delivery
    private let driver: CurlDriver
    private let state: Mutex<State>

    init(request: PreparedRequest, delivery: Delivery, driver: CurlDriver) {
        self.request = request
        self.delivery = delivery
        self.driver = driver
        state = Mutex(State(idleTimeout: request.timeouts.idle))
    }

    /// Whether compression may be offered.
    var isWhole: Bool {
        if case .whole = delivery { true } else { false }
    }

    /// Whether the connection itself is wanted.
    var wantsSocket: Bool {
        if case .socket = delivery { true } else { false }
    }

    // MARK: The caller's side

    /// Waits for status and headers.
    func head() async throws(HTTPError) -> HTTPResponseHead {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (reader: CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>) in
                let ready: Result<HTTPResponseHead, HTTPError>? = state.withLock { state in
                    // A whole response that failed in its body has failed.
                    if case .failure(let error) = state.outcome, state.head == nil || isWhole { return .failure(error) }
                    if let head = state.head { return .success(head) }
                    precondition(state.headReader == nil, "a response is awaited once")
                    state.headReader = reader
                    return nil
                }
                if let ready { reader.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Waits for the connection.
    func socket() async throws(HTTPError) -> ConnectedSocket {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (reader: CheckedContinuation<Result<ConnectedSocket, HTTPError>, Never>) in
                let ready: Result<ConnectedSocket, HTTPError>? = state.withLock { state in
                    if let outcome = state.outcome { return takeSocket(from: &state, after: outcome) }
                    precondition(state.socketReader == nil, "a connection is awaited once")
                    state.socketReader = reader
                    return nil
                }
                if let ready { reader.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Waits for bytes; nil at the body's proper end.
    func nextChunk() async throws(HTTPError) -> [UInt8]? {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (reader: CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>) in
                var resumesServer = false
                let ready: Result<[UInt8]?, HTTPError>? = state.withLock { state in
                    if let ready = takeReady(from: &state) {
                        resumesServer = state.isHeldBack
                        state.isHeldBack = false
                        return ready
                    }
                    precondition(state.chunkReader == nil, "a response body is read by one task at a time")
                    state.chunkReader = reader
                    return nil
                }
                if resumesServer { driver.resume(self) }
                if let ready { reader.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Ends the transfer from the caller's side; does nothing when it has ended.
    func cancel() {
        if finish(.failure(.cancelled), dropsBuffer: true) { driver.remove(self) }
    }

    /// Changes the longest silence from now on.
    func setIdleTimeout(_ timeout: Duration?) {
        state.withLock { $0.idleTimeout = timeout }
        driver.reconsiderDeadlines()
    }

    // MARK: The driver's side

    /// The longest silence that is allowed now.
    var idleTimeout: Duration? {
        state.withLock { $0.idleTimeout }
    }

    /// Takes status and headers.
    func receive(_ head: HTTPResponseHead) {
        let reader = state.withLock { state in
            state.head = head
            guard !isWhole else { return nil as CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>? }
            defer { state.headReader = nil }
            return state.headReader
        }
        reader?.resume(returning: .success(head))
    }

    /// Takes the connection; the outcome follows.
    func receive(_ socket: ConnectedSocket) {
        // A caller who has gone leaves it to be closed with its last reference.
        state.withLock { if $0.outcome == nil { $0.socket = socket } }
    }

    /// Takes bytes of the body.
    ///
    /// - Returns: Whether they were taken; otherwise they must be offered again after ``CurlDriver/resume(_:)``.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var reader: CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>?
        let wasTaken = state.withLock { state in
            // Cancelled a moment ago; the driver will remove the transfer.
            if state.outcome != nil { return true }
            if case .streamed(let window) = delivery {
                if state.chunkReader != nil {
                    swap(&reader, &state.chunkReader)
                    return true
                }
                if !state.buffer.isEmpty, state.buffer.count + bytes.count > window {
                    state.isHeldBack = true
                    return false
                }
            }
            state.buffer.append(contentsOf: bytes)
            return true
        }
        reader?.resume(returning: .success(Array(bytes)))
        return wasTaken
    }

    /// Ends the transfer from the driver's side.
    func finish(_ outcome: Result<Void, HTTPError>) {
        _ = finish(outcome, dropsBuffer: false)
    }

    private func finish(_ outcome: Result<Void, HTTPError>, dropsBuffer: Bool) -> Bool {
        typealias Resumption = @Sendable () -> Void
        let (isFirst, resumptions): (Bool, [Resumption]) = state.withLock { state in
            // A reader that gives up after the end has no use for the rest.
            if dropsBuffer { state.buffer = [] }
            guard state.outcome == nil else { return (false, []) }
            state.outcome = outcome
            var resumptions: [Resumption] = []
            if let reader = state.headReader {
                state.headReader = nil
                let result: Result<HTTPResponseHead, HTTPError> =
                    switch (outcome, state.head) {
                    case (.failure(let error), _): .failure(error)
                    case (.success, let head?): .success(head)
                    case (.success, nil): .failure(.protocolError(server: request.target.origin, reason: "no status"))
                    }
                resumptions.append { reader.resume(returning: result) }
            }
            if let reader = state.socketReader {
                state.socketReader = nil
                let result = takeSocket(from: &state, after: outcome)
                resumptions.append { reader.resume(returning: result) }
            }
            if let reader = state.chunkReader, let ready = takeReady(from: &state) {
                state.chunkReader = nil
                resumptions.append { reader.resume(returning: ready) }
            }
            return (true, resumptions)
        }
        for resume in resumptions { resume() }
        return isFirst
    }

    private func takeSocket(
        from state: inout State,
        after outcome: Result<Void, HTTPError>
    ) -> Result<ConnectedSocket, HTTPError> {
        defer { state.socket = nil }
        if case .failure(let error) = outcome { return .failure(error) }
        guard let socket = state.socket else {
            return .failure(.connectionLost(server: request.target.origin, reason: "no socket"))
        }
        return .success(socket)
    }

    private func takeReady(from state: inout State) -> Result<[UInt8]?, HTTPError>? {
        if isWhole {
            guard let outcome = state.outcome else { return nil }
            return outcome.map { takeBuffer(from: &state) }
        }
        if !state.buffer.isEmpty { return .success(takeBuffer(from: &state)) }
        return state.outcome?.map { nil }
    }

    private func takeBuffer(from state: inout State) -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &state.buffer)
        return taken
    }
}
