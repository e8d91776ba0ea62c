import CurlHTTP

/// One generation at an OpenAI-compatible engine, over all its attempts.
struct OpenAIRun {
    /// Whether anything of the answer was written: from then on nothing may be tried again.
    private(set) var hasWritten = false

    private let request: GenerationRequest
    private let limits: OpenAICompatibleBackend.Limits
    private let clock = ContinuousClock()
    private let started: ContinuousClock.Instant
    private var writtenTokens = 0

    init(request: GenerationRequest, limits: OpenAICompatibleBackend.Limits) {
        self.request = request
        self.limits = limits
        started = clock.now
    }

    /// What is left of the time for the first token; never zero, so that it can be a deadline.
    var timeLeft: Duration {
        max(.milliseconds(1), limits.firstToken - (clock.now - started))
    }

    /// Sends the request once and writes what comes.
    mutating func perform(
        _ httpRequest: HTTPRequest,
        with client: HTTPClient,
        into output: GenerationOutput
    ) async throws -> GenerationSummary {
        var reader = OpenAIStreamReader()
        do {
            let response = try await client.stream(httpRequest)
            // Closes the connection, which is how an engine learns that nobody listens any more.
            defer { response.body.cancel() }
            guard response.head.isSuccess else {
                let body = try await Self.errorBody(of: response)
                throw Self.error(for: response.head, body: body, model: request.model)
            }
            let type = response.headers["Content-Type"]?.lowercased() ?? ""
            if type.hasPrefix("application/json") {
                return try await readWhole(response.body, into: output)
            }
            guard type.isEmpty || type.hasPrefix("text/event-stream") else {
                let body = try await Self.errorBody(of: response)
                throw InferenceError.malformedAnswer(reason: "no event stream but \(EngineText.describe(body: body))")
            }
            return try await read(response.body, with: &reader, into: output)
        } catch let error as HTTPError {
            // The answer was complete; only what servers send for politeness' sake is missing.
            if hasWritten, error != .cancelled, let summary = try? reader.summary() { return summary }
            throw translated(error)
        }
    }

    private mutating func read(
        _ body: HTTPResponseBody,
        with reader: inout OpenAIStreamReader,
        into output: GenerationOutput
    ) async throws -> GenerationSummary {
        var parser = ServerSentEventParser()
        var lastPiece = clock.now
        func checkSilence(_ hasWritten: Bool) throws {
            let limit = hasWritten ? limits.nextToken : limits.firstToken
            guard clock.now - (hasWritten ? lastPiece : started) <= limit else {
                throw InferenceError.timedOut(hasWritten ? .nextToken : .firstToken, limit: limit)
            }
        }
        for try await chunk in body {
            let events: [ServerSentEvent]
            do {
                events = try parser.read(chunk)
            } catch {
                throw InferenceError.malformedAnswer(reason: "an event of more than \(error.limit) bytes")
            }
            for event in events {
                let deltas = try reader.read(event)
                if let summary = try await write(deltas, of: body, into: output) { return summary }
                if !deltas.isEmpty { lastPiece = clock.now }
                if reader.isDone { return try reader.summary() }
                // All that can still come is the usage, and it comes at once or never.
                if reader.finishReason != nil { body.setIdleTimeout(min(limits.nextToken, .seconds(5))) }
            }
            // Comments keep the connection alive; they must not keep a hung engine alive.
            try checkSilence(hasWritten)
        }
        if let event = try? parser.finish() {
            // Cut off in the middle of an event: what is readable counts, what is not is the end's business.
            let deltas = (try? reader.read(event)) ?? []
            if let summary = try await write(deltas, of: body, into: output) { return summary }
        }
        return try reader.summary()
    }

    /// Writes pieces; returns a summary when the limit on tokens ends the answer.
    private mutating func write(
        _ deltas: [GenerationDelta],
        of body: HTTPResponseBody,
        into output: GenerationOutput
    ) async throws -> GenerationSummary? {
        for delta in deltas {
            if let limit = request.maximumOutputTokens, writtenTokens >= limit, delta.tokens > 0 {
                return GenerationSummary(finishReason: .length)
            }
            if !hasWritten { body.setIdleTimeout(limits.nextToken) }
            hasWritten = true
            writtenTokens += delta.tokens
            try await output.write(delta)
        }
        return nil
    }

    /// Reads a completion from a server that ignores `stream`.
    private mutating func readWhole(
        _ body: HTTPResponseBody,
        into output: GenerationOutput
    ) async throws -> GenerationSummary {
        let json = try await body.collect(upTo: 64 << 20)
        guard let chunk = OpenAIChunk(json: json) else {
            throw InferenceError.malformedAnswer(reason: EngineText.describe(body: json))
        }
        var reader = OpenAIStreamReader()
        let deltas = try reader.read(chunk)
        let summary = try reader.summary()
        hasWritten = true
        for delta in deltas { try await output.write(delta) }
        return summary
    }

    // MARK: Errors

    private static func errorBody(of response: HTTPResponseStream) async throws -> [UInt8] {
        do {
            return try await response.body.collect(upTo: 64 << 10)
        } catch .cancelled {
            throw CancellationError()
        } catch {
            // The status says enough.
            return []
        }
    }

    /// What a status outside 200…299 means.
    static func error(for head: HTTPResponseHead, body: [UInt8], model: String) -> InferenceError {
        let reason = OpenAIChunk(json: body)?.error.map(EngineText.shortened) ?? EngineText.describe(body: body)
        switch head.status {
        case 429, 503:
            return .overloaded(retryAfter: head.headers.retryAfter)
        case 404 where reason.lowercased().contains("model"):
            return .unknownModel(model)
        case 401, 403:
            return .refused(status: head.status, reason: "\(reason) (check the API key)")
        case 404, 405:
            return .unavailable(reason: "status \(head.status) from the endpoint: \(reason)")
        case 400..<500:
            return .refused(status: head.status, reason: reason)
        case 502, 504:
            return .unavailable(reason: "status \(head.status): \(reason)")
        case 500...:
            return .engineFailed(reason: "status \(head.status): \(reason)")
        default:
            return .unavailable(reason: "status \(head.status), which is no answer; redirects are not followed")
        }
    }

    private func translated(_ error: HTTPError) -> any Error {
        switch error {
        case .cancelled:
            CancellationError()
        case .timedOut(.connecting, _):
            InferenceError.unavailable(reason: "\(error)")
        case .timedOut(.wholeRequest, let limit):
            InferenceError.timedOut(.wholeAnswer, limit: limit)
        case .timedOut:
            hasWritten
                ? InferenceError.timedOut(.nextToken, limit: limits.nextToken)
                : InferenceError.timedOut(.firstToken, limit: limits.firstToken)
        case .bodyTruncated:
            InferenceError.truncated
        case .bodyTooLarge(let limit):
            InferenceError.malformedAnswer(reason: "more than \(limit) bytes")
        case .connectionLost:
            InferenceError.engineFailed(reason: "it closed the connection before it answered")
        default:
            InferenceError.unavailable(reason: "\(error)")
        }
    }
}
