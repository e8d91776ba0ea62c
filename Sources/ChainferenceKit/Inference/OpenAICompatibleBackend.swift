public import CurlHTTP
import JSON

/// A backend that passes requests on to a server with OpenAI's chat-completions endpoint.
///
/// vLLM, llama.cpp, Ollama, LM Studio, SGLang, TGI and the hosted services speak it, each with an accent of its own.
/// Requests go on byte for byte but for `stream` and `stream_options`; answers are streamed and held back when
/// the reader is slow. What is tolerated, and what is an error, is listed at ``generate(_:into:)``.
///
/// Plain `http` works for servers on this machine. For one elsewhere in a network that you trust, pass a client whose
/// configuration allows plain text: prompts are then readable on the way.
public struct OpenAICompatibleBackend: InferenceBackend {
    /// How long to wait, and how often to try.
    public struct Limits: Hashable, Sendable {
        /// From the request to the first piece of the answer, queueing and prompt processing included.
        public var firstToken: Duration
        /// Between two pieces of the answer; comments and empty chunks do not count as pieces.
        public var nextToken: Duration
        /// For one whole answer.
        public var wholeAnswer: Duration
        /// How often a request is sent in all while the engine answers 429 or 503.
        public var attempts: Int
        /// The longest `Retry-After` that is waited for; a longer one is thrown at once.
        public var retryDelay: Duration

        /// Makes limits.
        ///
        /// - Parameters:
        ///   - firstToken: From the request to the first piece of the answer.
        ///   - nextToken: Between two pieces.
        ///   - wholeAnswer: For one whole answer.
        ///   - attempts: How often a request is sent in all.
        ///   - retryDelay: The longest `Retry-After` that is waited for.
        public init(
            firstToken: Duration = .seconds(120),
            nextToken: Duration = .seconds(30),
            wholeAnswer: Duration = .seconds(1_800),
            attempts: Int = 3,
            retryDelay: Duration = .seconds(10)
        ) {
            self.firstToken = firstToken
            self.nextToken = nextToken
            self.wholeAnswer = wholeAnswer
            self.attempts = attempts
            self.retryDelay = retryDelay
        }
    }

    /// The address that `/chat/completions` and `/models` are appended to.
    public let baseURL: String
    /// How long to wait, and how often to try.
    public let limits: Limits

    let client: HTTPClient
    private let headers: HTTPHeaders

    /// Names an engine; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - baseURL: The server's address, such as `http://127.0.0.1:11434`; without a path, `/v1` is meant.
    ///   - apiKey: Sent as a bearer token, and shown nowhere.
    ///   - headers: Sent with every request besides.
    ///   - limits: How long to wait, and how often to try.
    ///   - client: What requests are sent with.
    public init(
        baseURL: String,
        apiKey: String? = nil,
        headers: HTTPHeaders = [:],
        limits: Limits = Limits(),
        client: HTTPClient = .shared
    ) {
        self.baseURL = Self.normalized(baseURL)
        self.limits = limits
        self.client = client
        var headers = headers
        if let apiKey, !apiKey.isEmpty { headers["Authorization"] = "Bearer \(apiKey)" }
        self.headers = headers
    }

    /// The names of the models that the engine lists.
    public func models() async throws -> [String] { try await engineModels(within: .seconds(10)) }

    /// Passes a request on and streams the answer back.
    ///
    /// Tolerated: no usage chunk, comments and keep-alives, chunks cut anywhere, missing last empty line or `[DONE]` after
    /// a finish reason, a whole completion instead of a stream, and servers that refuse `stream_options`.
    /// Status 429 and 503 are tried again within ``limits``, only as long as nothing of the answer was written.
    /// The limit on output tokens is kept even when the engine ignores it.
    ///
    /// - Returns: Why the answer ended, and the engine's usage if it sent one.
    /// - Throws: ``InferenceError``; `CancellationError` when the task is cancelled; what `output` throws.
    public func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary
    {
        var run = OpenAIRun(request: request, limits: limits)
        var asksForUsage = true
        var attempt = 1
        while true {
            let body = request.body(setting: [
                ("stream", Array("true".utf8)),
                ("stream_options", asksForUsage ? Array(#"{"include_usage":true}"#.utf8) : nil),
            ])
            do {
                return try await run.perform(
                    httpRequest(body: body, timeLeft: run.timeLeft),
                    with: client,
                    into: output
                )
            } catch InferenceError.refused(400...422, let reason)
                where asksForUsage && reason.contains("stream_options")
            {
                asksForUsage = false
            } catch InferenceError.overloaded(let retryAfter) where !run.hasWritten && attempt < limits.attempts {
                // Doubling from a quarter of a second, spread so that waiting requests do not come back all at once.
                let backoff = Duration.milliseconds(250 << min(attempt - 1, 5))
                let delay = (retryAfter ?? backoff) * Double.random(in: 1...1.25)
                guard delay <= limits.retryDelay * 1.25, delay < run.timeLeft else {
                    throw InferenceError.overloaded(retryAfter: retryAfter)
                }
                try await Task.sleep(for: delay)
                attempt += 1
            }
        }
    }

    private func httpRequest(body: [UInt8], timeLeft: Duration) -> HTTPRequest {
        var headers = headers
        headers["Accept"] = "text/event-stream"
        var request = HTTPRequest.post(json: body, to: "\(baseURL)/chat/completions", headers: headers)
        request.timeouts = HTTPTimeouts(
            connect: min(.seconds(10), timeLeft),
            idle: timeLeft,
            total: limits.wholeAnswer
        )
        request.maximumBodySize = 256 << 20
        return request
    }

    /// Asks the engine for its models, by its own names.
    func engineModels(within limit: Duration) async throws -> [String] {
        var request = HTTPRequest(url: "\(baseURL)/models", headers: headers, maximumBodySize: 4 << 20)
        request.timeouts = HTTPTimeouts(connect: limit, idle: limit, total: limit)
        let response: HTTPResponse
        do {
            response = try await client.send(request)
        } catch .cancelled {
            throw CancellationError()
        } catch {
            throw InferenceError.unavailable(reason: "\(error)")
        }
        guard response.head.isSuccess else {
            throw OpenAIRun.error(for: response.head, body: response.body, model: "")
        }
        guard let list = OpenAIModelList(json: response.body) else {
            throw InferenceError.malformedAnswer(
                reason: "no list of models but \(EngineText.describe(body: response.body))"
            )
        }
        return list.data.map(\.id).filter { !$0.isEmpty }
    }

    private static func normalized(_ url: String) -> String {
        var url = url
        func dropSuffix(_ suffix: String) {
            if url.hasSuffix(suffix) { url.removeLast(suffix.count) }
        }
        while url.hasSuffix("/") { url.removeLast() }
        dropSuffix("/chat/completions")
        let scheme = url.utf8.firstIndex(of: UInt8(ascii: ":")) ?? url.startIndex
        let hasPath = url[scheme...].dropFirst(3).utf8.contains(UInt8(ascii: "/"))
        return hasPath ? url : "\(url)/v1"
    }
}

extension OpenAICompatibleBackend: CustomStringConvertible, CustomReflectable {
    /// The kind and the address, without key and headers.
    public var description: String { "OpenAI-compatible engine at \(baseURL)" }

    /// Shows debuggers and `dump` no more than ``description`` does.
    public var customMirror: Mirror { Mirror(self, children: ["engine": description]) }
}
