import Foundation

@testable import ChainferenceKit
@testable import CurlHTTP
@testable import Inference

extension FuzzedDecoder {
    static let inference: [FuzzedDecoder] = [
        eventStreams, chunks, prompts, answers, processAnswers, httpHeaders, httpURLs, proxyURLs, retryTimes,
    ]

    private static let streamTokens = [
        "data: ", "data:", "\n\n", "\r\n", "\r", ": keep-alive\n\n", "event: error\n", "[DONE]", "\u{FEFF}",
        "{\"choices\":[",
        "\"delta\":", "\"usage\":", "null", "{", "}", "\"", "\\u", "é",
    ]

    /// Server-sent events from an engine; however the bytes are cut, the events are the same.
    private static let eventStreams = FuzzedDecoder(
        name: "server-sent events",
        inputs: 10_000,
        samples: {
            [
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hallo\"},\"finish_reason\":null}]}\n\n"
                    + "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
                ": ping\r\n\r\nevent: error\r\ndata: {\"error\":{\"message\":\"out of memory\"}}\r\n\r\n",
                "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n",
            ].map { Array($0.utf8) }
        },
        tokens: streamTokens,
        decode: {
            { input in
                func events(_ pieces: [ArraySlice<UInt8>]) -> [ServerSentEvent]? {
                    var parser = ServerSentEventParser(limit: 4_096)
                    guard var events = try? pieces.flatMap({ try parser.read($0) }) else { return nil }
                    guard let last = try? parser.finish() else { return events }
                    events.append(last)
                    return events
                }
                let cut = input.count / 2
                let whole = events([input[...]])
                guard whole == events([input[..<cut], input[cut...]]) else { throw BrokenProperty("cutting matters") }
                var reader = OpenAIStreamReader()
                for event in whole ?? [] {
                    guard (try? reader.read(event)) != nil else { return false }
                }
                return (try? reader.summary()) != nil
            }
        }
    )

    private static let chunks = FuzzedDecoder(
        name: "OpenAI chunk",
        inputs: 10_000,
        samples: {
            [
                #"{"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}"#,
                #"{"choices":[{"index":0,"delta":{"reasoning_content":"hm","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}}],"usage":{"prompt_tokens":5,"completion_tokens":18446744073709551615}}"#,
                #"{"error":{"message":"no","code":503}}"#, #"{"object":"error","message":"no"}"#, #"{"detail":"no"}"#,
            ].map { Array($0.utf8) }
        },
        tokens: Corpus.jsonTokens + streamTokens,
        decode: {
            { input in
                guard let chunk = OpenAIChunk(json: input) else { return false }
                var reader = OpenAIStreamReader()
                return (try? reader.read(chunk)) != nil
            }
        }
    )

    /// Prompts as clients send them to providers.
    private static let prompts = FuzzedDecoder(
        name: "prompt",
        inputs: 8_000,
        samples: {
            [
                #"{"model":"org/model","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Why?"}]}],"max_tokens":5,"stop":["\n"],"temperature":0.5,"seed":7}"#,
                #"{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"z":1,"a":[]}}}],"n":1,"stream":true,"max_completion_tokens":18446744073709551615}"#,
            ].map { Array($0.utf8) }
        },
        tokens: Corpus.jsonTokens + ["\"model\":", "\"messages\":", "\"stop\":", "\"max_tokens\":", "\"model\""],
        decode: {
            { input in
                guard let request = try? GenerationRequest(parsing: input) else { return false }
                // What a provider does before it hands a prompt to its engine.
                guard let renamed = try? request.renamingModel(to: "other"), renamed.model == "other",
                    renamed.messages == request.messages
                else { throw BrokenProperty("renaming the model changed the prompt") }
                guard let limited = try? renamed.limitingOutput(to: 3), limited.maximumOutputTokens ?? .max <= 3 else {
                    throw BrokenProperty("the limit does not hold")
                }
                return true
            }
        }
    )

    /// The bytes of an answer as clients read them; however they are cut, text and tool calls are the same.
    private static let answers = FuzzedDecoder(
        name: "answer",
        inputs: 25_000,
        samples: {
            var encoder = AnswerEncoder()
            let call = ToolCallDelta(index: 0, id: "a", function: .init(name: "f", arguments: "{}"))
            return [
                encoder.encode(.reasoning("hm")) + encoder.encode(.text("Größe: 1 m"))
                    + encoder.encode(.toolCalls([call])),
                Array("only text 🙂".utf8),
            ]
        },
        tokens: ["\n", "[{", "é", "🙂", "{\"index\":0}"],
        decode: {
            { input in
                func contents(_ pieces: [ArraySlice<UInt8>]) -> (text: String, reasoning: String, calls: Int) {
                    var decoder = AnswerDecoder()
                    var all = pieces.flatMap { decoder.take($0) }
                    all += decoder.finish()
                    var result = (text: "", reasoning: "", calls: 0)
                    for content in all {
                        switch content {
                        case .text(let text): result.text += text
                        case .reasoning(let text): result.reasoning += text
                        case .toolCalls(let calls): result.calls += calls.count
                        }
                    }
                    return result
                }
                let cut = input.count / 2
                let whole = contents([input[...]])
                guard whole == contents([input[..<cut], input[cut...]]) else { throw BrokenProperty("cutting matters") }
                return !whole.text.isEmpty || !whole.reasoning.isEmpty || whole.calls > 0
            }
        }
    )

    /// What a command writes that stands in for an engine.
    private static let processAnswers = FuzzedDecoder(
        name: "command's answer",
        inputs: 10_000,
        samples: {
            [
                "{\"text\":\"Hi\"}\n{\"text\":\" there\",\"tokens\":2}\n{\"finish_reason\":\"stop\"}\n",
                "plain text 🙂\nof a command",
            ].map { Array($0.utf8) }
        },
        tokens: Corpus.jsonTokens + ["\n", "\"text\":", "\"tokens\":", "\"finish_reason\":", "\"error\":"],
        decode: {
            { input in
                var isAccepted = false
                for format in [ProcessBackend.Output.text, .jsonLines] {
                    var reader = ProcessAnswerReader(format: format, stopSequences: ["stop"], tokenLimit: 100)
                    do throws(InferenceError) {
                        var deltas = try reader.read(Array(input.prefix(input.count / 2)))
                        deltas += try reader.read(Array(input.dropFirst(input.count / 2)))
                        deltas += try reader.finishReading()
                        isAccepted = isAccepted || !deltas.isEmpty
                    } catch {
                        continue
                    }
                }
                return isAccepted
            }
        }
    )

    private static let httpHeaders = FuzzedDecoder(
        name: "HTTP header",
        inputs: 25_000,
        samples: {
            [
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nRetry-After: 5\r\n\r\n",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/2 503\r\nretry-after: Wed, 21 Oct 2065 07:28:00 GMT\r\n\r\n",
            ].map { Array($0.utf8) }
        },
        tokens: ["\r\n", ":", " ", "HTTP/1.1 ", "HTTP/", "999", "1000", "-1", "Retry-After: ", "\u{0}", "é"],
        decode: {
            { input in
                var reader = ResponseHeaderReader()
                var head: HTTPResponseHead?
                var rest = input[...]
                // libcurl hands over line by line.
                while !rest.isEmpty {
                    let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { rest.index(after: $0) } ?? rest.endIndex
                    do throws(HTTPError) {
                        head = try reader.read(rest[..<end], server: "s") ?? head
                    } catch {
                        return false
                    }
                    rest = rest[end...]
                }
                if let head, !(200...999).contains(head.status) { throw BrokenProperty("status \(head.status)") }
                _ = head?.headers.retryAfter(now: 0)
                return head != nil
            }
        }
    )

    private static let httpURLs = FuzzedDecoder(
        name: "HTTP URL",
        inputs: 20_000,
        samples: {
            ["http://127.0.0.1:8080/v1", "https://api.example.org", "http://[::1]:1/a?b#c", "http://0x7f.1/"].map {
                Array($0.utf8)
            }
        },
        tokens: ["://", "@", ":", "/", "?", "#", "[", "]", "%", "%00", "65536", "..", "\\", "é", "localhost"],
        decode: {
            { input in
                guard let origin = try? HTTPOrigin(parsing: String(decoding: input, as: UTF8.self)) else {
                    return false
                }
                guard let again = try? HTTPOrigin(parsing: origin.url), again.origin == origin.origin else {
                    throw BrokenProperty("the normal form leads elsewhere")
                }
                return true
            }
        }
    )

    private static let proxyURLs = FuzzedDecoder(
        name: "proxy URL",
        inputs: 15_000,
        samples: {
            ["http://127.0.0.1:8080", "socks5h://us%20er:p%40ss@[::1]:9050", "socks5://proxy.example:1080/", "tor"].map
            {
                Array($0.utf8)
            }
        },
        tokens: ["://", "@", ":", "/", "[", "]", "%", "%00", "%zz", "65536", "é", "tor", "http://", "socks5h://"],
        decode: {
            { input in
                guard let proxy = try? HTTPProxy(url: String(decoding: input, as: UTF8.self)) else { return false }
                // What is shown of it names the same proxy, without who asks.
                let shown = try? HTTPProxy(url: "\(proxy)")
                guard shown == HTTPProxy(proxy.kind, host: proxy.host, port: proxy.port) else {
                    throw BrokenProperty("shown as another")
                }
                return true
            }
        }
    )

    private static let retryTimes = FuzzedDecoder(
        name: "Retry-After",
        inputs: 20_000,
        samples: { ["120", "Wed, 21 Oct 2065 07:28:00 GMT", "99999999999999999999"].map { Array($0.utf8) } },
        tokens: ["GMT", ",", ":", "-", "+", "0", "9999999999", "Feb", "31", " "],
        decode: {
            { input in
                let headers = HTTPHeaders([.init(name: "Retry-After", value: String(decoding: input, as: UTF8.self))])
                guard let wait = headers.retryAfter(now: 0) else { return false }
                guard wait >= .zero else { throw BrokenProperty("a negative time") }
                return true
            }
        }
    )
}
