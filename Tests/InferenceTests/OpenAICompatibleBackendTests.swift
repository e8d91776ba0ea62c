import CurlHTTP
import Testing

@testable import Inference

@Suite("OpenAI-compatible engines")
struct OpenAICompatibleBackendTests {
    static func request(limit: Int? = nil) throws -> GenerationRequest {
        try GenerationRequest(model: "m", messages: [.user("a")], maximumOutputTokens: limit)
    }

    @Test("Recorded streams arrive over HTTP, byte by byte", arguments: RecordedStream.all)
    func streams(_ stream: RecordedStream) async throws {
        let engine = try FakeEngine { _, connection in
            connection.write(FakeEngine.eventStream)
            for byte in stream.text.utf8 { connection.write("1\r\n".utf8 + [byte] + "\r\n".utf8) }
            connection.write("0\r\n\r\n")
        }
        let gathered = Gathered()
        let summary = try await OpenAICompatibleBackend(baseURL: engine.url).generate(
            Self.request(),
            into: gathered.output
        )
        #expect(gathered.text == stream.answer)
        #expect(gathered.tokens == stream.pieces)
        #expect(summary.finishReason.rawValue == stream.finishReason)
    }

    @Test("The request goes on as it came, but for the stream's options")
    func forwarding() async throws {
        let engine = try FakeEngine(FakeEngine.piece("x") + FakeEngine.ending)
        let backend = OpenAICompatibleBackend(
            baseURL: engine.url + "/",
            apiKey: "KEY",
            headers: ["X-Tenant": "t"]
        )
        let json =
            #"{"stream":false,"tools":[{"b":1,"a":2.50}],"model":"market/m","messages":[{"role":"user"}],"top_k":1}"#
        _ = try await backend.generate(GenerationRequest(parsing: Array(json.utf8)), into: Gathered().output)
        let seen = try #require(engine.requests.first)
        #expect(seen.headers.hasPrefix("POST /v1/chat/completions HTTP/1.1\r\n"))
        for line in [
            "Authorization: Bearer KEY", "X-Tenant: t", "Content-Type: application/json", "Accept: text/event-stream",
        ] {
            #expect(seen.headers.contains("\r\n\(line)\r\n"))
        }
        #expect(
            seen.body
                == #"{"stream":true,"tools":[{"b":1,"a":2.50}],"model":"market/m","messages":[{"role":"user"}],"top_k":1,"#
                + #""stream_options":{"include_usage":true}}"#
        )
        var dumped = ""
        dump(backend, to: &dumped)
        #expect(!(dumped + "\(backend)" + String(reflecting: backend)).contains("KEY"))
    }

    @Test("Addresses are taken as people write them")
    func addresses() {
        let cases = [
            "http://localhost:8080": "http://localhost:8080/v1", "http://localhost:8080/": "http://localhost:8080/v1",
            "https://api.example.com/v1/": "https://api.example.com/v1",
            "https://example.com/openai/v1/chat/completions": "https://example.com/openai/v1",
            "nonsense": "nonsense/v1",
        ]
        for (given, expected) in cases { #expect(OpenAICompatibleBackend(baseURL: given).baseURL == expected) }
    }

    @Test("A server that ignores \"stream\" is understood")
    func wholeCompletion() async throws {
        let json = """
            {"choices":[{"index":0,"message":{"role":"assistant","content":"hello","reasoning_content":"hm"},\
            "finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":4}}
            """
        let engine = try FakeEngine(type: "application/json; charset=utf-8", json)
        let gathered = Gathered()
        let summary = try await OpenAICompatibleBackend(baseURL: engine.url).generate(
            Self.request(),
            into: gathered.output
        )
        #expect(gathered.deltas.map(\.content) == [.reasoning("hm"), .text("hello")])
        #expect(gathered.tokens == 4)
        #expect(summary == GenerationSummary(finishReason: .stop, usage: TokenUsage(inputTokens: 1, outputTokens: 4)))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let status: String
        var type = "application/json"
        var body = ""
        let error: InferenceError

        var testDescription: String { status }
    }

    @Test(
        "What a status and its explanation mean",
        arguments: [
            Refusal(
                status: "404 Not Found",
                body: #"{"object":"error","message":"The model `m` does not exist.","code":404}"#,
                error: .unknownModel("m")
            ),
            Refusal(
                status: "404 Not Found",
                body: #"{"error":{"message":"model \"m\" not found, try pulling it first"}}"#,
                error: .unknownModel("m")
            ),
            Refusal(
                status: "404 Not Found",
                type: "text/plain",
                body: "404 page not found\n",
                error: .unavailable(reason: "status 404 from the endpoint: 404 page not found")
            ),
            Refusal(
                status: "400 Bad Request",
                body: #"{"error":{"message":"context length exceeded","type":"invalid_request_error"}}"#,
                error: .refused(status: 400, reason: "context length exceeded")
            ),
            Refusal(status: "422 Unprocessable", body: #"{"detail":"no"}"#, error: .refused(status: 422, reason: "no")),
            Refusal(
                status: "401 Unauthorized",
                error: .refused(status: 401, reason: "no explanation (check the API key)")
            ),
            Refusal(
                status: "502 Bad Gateway",
                type: "text/html",
                body: "<html><head><title>502 Bad Gateway</title></head></html>",
                error: .unavailable(reason: "status 502: an HTML page, \"502 Bad Gateway\"")
            ),
            Refusal(
                status: "500 Internal Server Error",
                body: #"{"error":"CUDA out of memory"}"#,
                error: .engineFailed(reason: "status 500: CUDA out of memory")
            ),
            Refusal(
                status: "302 Found",
                error: .unavailable(reason: "status 302, which is no answer; redirects are not followed")
            ),
            Refusal(
                status: "200 OK",
                type: "text/html",
                body: "<html><title>Welcome</title>",
                error: .malformedAnswer(reason: "no event stream but an HTML page, \"Welcome\"")
            ),
            Refusal(status: "200 OK", body: "{}", error: .truncated),
            Refusal(status: "200 OK", type: "text/event-stream", body: "", error: .truncated),
            Refusal(
                status: "200 OK",
                type: "text/event-stream",
                body: FakeEngine.piece("x") + "data: {\"error\":{\"message\":\"lost a GPU\"}}\n\n",
                error: .engineFailed(reason: "lost a GPU")
            ),
            Refusal(status: "200 OK", type: "text/event-stream", body: FakeEngine.piece("x"), error: .truncated),
        ]
    )
    func refusals(_ refusal: Refusal) async throws {
        let engine = try FakeEngine(status: refusal.status, type: refusal.type, refusal.body)
        let gathered = Gathered()
        await #expect(throws: refusal.error) {
            try await OpenAICompatibleBackend(baseURL: engine.url).generate(Self.request(), into: gathered.output)
        }
        #expect(engine.requests.count == 1)
        #expect(gathered.text == (refusal.body.contains("delta") ? "x" : ""))
    }

    @Test("429 and 503 are tried again as often as allowed, and then it works or not", arguments: [2, 3])
    func retries(failures: Int) async throws {
        let engine = try FakeEngine { number, connection in
            if number < failures {
                let status = number % 2 == 0 ? "429 Too Many Requests\r\nRetry-After: 0" : "503 Loading"
                connection.write("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
            } else {
                connection.write(FakeEngine.eventStream)
                connection.writeChunk(FakeEngine.piece("x") + FakeEngine.ending)
            }
        }
        let gathered = Gathered()
        let backend = OpenAICompatibleBackend(baseURL: engine.url, limits: .init(attempts: 3))
        if failures < 3 {
            let summary = try await backend.generate(Self.request(), into: gathered.output)
            #expect(summary.finishReason == .stop)
            #expect(gathered.text == "x")
        } else {
            await #expect(throws: InferenceError.overloaded(retryAfter: .zero)) {
                try await backend.generate(Self.request(), into: gathered.output)
            }
        }
        #expect(engine.requests.count == 3)
    }

    @Test("A long Retry-After is not waited for but handed on")
    func longRetryAfter() async throws {
        let engine = try FakeEngine(status: "429 Too Many Requests", headers: "Retry-After: 3600\r\n", "")
        await #expect(throws: InferenceError.overloaded(retryAfter: .seconds(3_600))) {
            try await OpenAICompatibleBackend(baseURL: engine.url).generate(Self.request(), into: Gathered().output)
        }
        #expect(engine.requests.count == 1)
    }

    @Test("A server that does not know stream_options is asked again without")
    func streamOptions() async throws {
        let engine = try FakeEngine { number, connection in
            if number == 0 {
                let body = #"{"error":{"message":"Unrecognized request argument supplied: stream_options"}}"#
                connection.write("HTTP/1.1 400 Bad Request\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            } else {
                connection.write(FakeEngine.eventStream)
                connection.writeChunk(FakeEngine.piece("x") + FakeEngine.ending)
            }
        }
        _ = try await OpenAICompatibleBackend(baseURL: engine.url).generate(Self.request(), into: Gathered().output)
        #expect(engine.requests.map { $0.body.contains("stream_options") } == [true, false])
    }

    @Test("An engine that ignores the limit on tokens is stopped at it")
    func tokenLimit() async throws {
        let closed = Signal<Void>()
        let engine = try FakeEngine { _, connection in
            connection.write(FakeEngine.eventStream)
            while connection.writeChunk(FakeEngine.piece("x")) {}
            closed.send(())
        }
        for limit in [0, 1, 5] {
            let gathered = Gathered()
            let backend = OpenAICompatibleBackend(baseURL: engine.url)
            let summary = try await backend.generate(Self.request(limit: limit), into: gathered.output)
            #expect(summary == GenerationSummary(finishReason: .length))
            #expect(gathered.tokens == limit)
            #expect(await closed.next() != nil)
        }
    }

    @Test("Nobody listening is said plainly")
    func unreachable() async throws {
        let nobody = try ClosedPort()
        let backend = OpenAICompatibleBackend(baseURL: "http://127.0.0.1:\(nobody.port)")
        for generates in [true, false] {
            let error = await #expect(throws: InferenceError.self) {
                if generates {
                    _ = try await backend.generate(Self.request(), into: Gathered().output)
                } else {
                    _ = try await backend.models()
                }
            }
            guard case .unavailable(let reason) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(reason.contains("Check that it is running"))
        }
    }

    @Test("Models are listed as the engine names them")
    func models() async throws {
        let list = #"{"object":"list","data":[{"id":"local:m","object":"model"},{"id":"other"},{"id":""}]}"#
        let engine = try FakeEngine(type: "application/json", list)
        let backend = OpenAICompatibleBackend(baseURL: engine.url)
        #expect(try await backend.models() == ["local:m", "other"])
        #expect(engine.requests.first?.headers.hasPrefix("GET /v1/models ") == true)
        let web = try FakeEngine(type: "text/html", "<html><title>Router</title>")
        await #expect(throws: InferenceError.malformedAnswer(reason: "no list of models but an HTML page, \"Router\""))
        {
            try await OpenAICompatibleBackend(baseURL: web.url).models()
        }
    }

    @Test("The probe finds engines, passes over everything else, and does not wait for it", .timeLimit(.minutes(1)))
    func probe() async throws {
        let engine = try FakeEngine(type: "application/json", #"{"data":[{"id":"m"}]}"#)
        let web = try FakeEngine(type: "text/html", "<html>")
        let silent = try FakeEngine { _, connection in connection.waitForClose() }
        let nobody = try ClosedPort()
        let found = await OpenAICompatibleBackend.probe(
            ports: [nobody.port, web.port, engine.port],
            within: .seconds(5)
        )
        #expect(found == [.init(baseURL: "http://127.0.0.1:\(engine.port)/v1", models: ["m"])])
        #expect(engine.requests.first?.headers.contains("Authorization") == false)
        // The silent one keeps its connection open for ever.
        let none = await OpenAICompatibleBackend.probe(ports: [nobody.port, silent.port, nobody.port, silent.port])
        #expect(none == [])
    }
}
