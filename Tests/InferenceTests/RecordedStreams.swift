import Testing

/// Answers in the accents of real servers, written after what those send.
struct RecordedStream: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String
    let answer: String
    var reasoning = ""
    var pieces: Int
    var finishReason = "stop"
    var usage: [Int]?

    static let all: [RecordedStream] = [
        RecordedStream(
            testDescription: "vLLM: role first, usage in a chunk without choices",
            text: """
                data: {"id":"cmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

                data: {"id":"cmpl-1","choices":[{"index":0,"delta":{"content":"Grüß"},"finish_reason":null}]}

                data: {"id":"cmpl-1","choices":[{"index":0,"delta":{"content":" dich \\ud83c\\udf0d"},"finish_reason":null}]}

                data: {"id":"cmpl-1","choices":[{"index":0,"delta":{"content":" 🌍, 世界!"},"finish_reason":"stop","stop_reason":null}]}

                data: {"id":"cmpl-1","choices":[],"usage":{"prompt_tokens":5,"total_tokens":12,"completion_tokens":7}}

                data: [DONE]


                """,
            answer: "Grüß dich 🌍 🌍, 世界!",
            pieces: 3,
            usage: [5, 7]
        ),
        RecordedStream(
            testDescription: "llama.cpp: no blank after the colon, timings, usage beside the last choice",
            text: """
                data:{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}]}

                data:{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"a\\nb"}}]}

                data:{"choices":[{"finish_reason":"length","index":0,"delta":{}}],"usage":{"completion_tokens":1,"prompt_tokens":2,"total_tokens":3},"timings":{"prompt_n":2}}

                data:[DONE]


                """,
            answer: "a\nb",
            pieces: 1,
            finishReason: "length",
            usage: [2, 1]
        ),
        RecordedStream(
            testDescription: "CR LF, a byte order mark, comments between and inside events, event types",
            text: "\u{feff}: hello\r\n\r\n: OPENROUTER PROCESSING\r\n\r\nevent: message\r\nid: 1\r\nretry: 10\r\n"
                + "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\r\n: ping\r\n\r\n"
                + "data: {\"choices\":\r\ndata: [{\"delta\":{\"content\":\"y\"},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]\r\n\r\n",
            answer: "xy",
            pieces: 2
        ),
        RecordedStream(
            testDescription: "lone CRs",
            text: "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\r\rdata: [DONE]\r\r",
            answer: "x",
            pieces: 1
        ),
        RecordedStream(
            testDescription: "no [DONE] and no last empty line",
            text:
                "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}",
            answer: "x",
            pieces: 1
        ),
        RecordedStream(
            testDescription: "reasoning under both names, then the answer",
            text: """
                data: {"choices":[{"delta":{"reasoning_content":"hm","content":null}}]}

                data: {"choices":[{"delta":{"reasoning":", well","content":""}}]}

                data: {"choices":[{"delta":{"content":"42"},"finish_reason":"stop"}]}

                data: [DONE]


                """,
            answer: "42",
            reasoning: "hm, well",
            pieces: 3
        ),
        RecordedStream(
            testDescription: "a second choice, unknown members and members of odd types are passed over",
            text: """
                data: {"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"yes","audio":{}},"logprobs":null}],"usage":null,"error":null}

                data: {"choices":[{"index":0,"delta":{"content":17,"tool_calls":{}},"finish_reason":"stop"}],"usage":"many"}

                data: [DONE]

                data: {"choices":[{"index":0,"delta":{"content":"after the end"}}]}


                """,
            answer: "yes",
            pieces: 1
        ),
        RecordedStream(
            testDescription: "usage in every chunk: pieces carry its growth",
            text: """
                data: {"choices":[{"delta":{"content":"abc"}}],"usage":{"prompt_tokens":1,"completion_tokens":3}}

                data: {"choices":[{"delta":{"content":"de"}}],"usage":{"prompt_tokens":1,"completion_tokens":5}}

                data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":6}}

                data: [DONE]


                """,
            answer: "abcde",
            pieces: 5,
            usage: [1, 6]
        ),
    ]
}
