import CurlHTTP
import Foundation
import Solana
import Testing

@testable import SolanaRPC

/// Nodes that answer with hostile JSON, over a real socket and through libcurl.
@Suite("Hostile nodes", .timeLimit(.minutes(3)), .serialized)
struct HostileNodeTests {
    private static let megabyte = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)

    /// What a call makes of a body, and how much more memory the process held meanwhile than before, in bytes.
    private func outcome(
        _ pieces: [(count: Int, piece: [UInt8])],
        declared: Int? = nil
    ) async throws -> (reason: RPCError.Reason?, memory: Int) {
        let length = declared ?? pieces.reduce(0) { $0 + $1.count * $1.piece.count }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: \(length)"
        return try await RawNode(head: head, pieces: pieces).run { url in
            let rpc = try RPCClient(
                url: url,
                policy: RPCPolicy(deadline: .seconds(120), attemptTimeout: .seconds(100), maximumAttempts: 1)
            )
            let before = Memory.resetPeak()
            do {
                _ = try await rpc.getAccountInfo(.zero)
                return (nil, Memory.peak - before)
            } catch let error as RPCError {
                #expect(error.description.utf8.count < 1_000)
                return (error.reason, Memory.peak - before)
            }
        }
    }

    @Test("A hundred megabytes are refused at the limit, announced or not, and memory stays below a multiple of it")
    func huge() async throws {
        let start = Array(#"{"jsonrpc":"2.0","id":1,"result":""#.utf8)
        // libcurl is told the length at once.
        let announced = try await outcome([(1, start), (100, Self.megabyte)])
        #expect(Self.isTooLarge(announced.reason))
        #expect(announced.memory < 32 << 20)
        // Without a length the limit is noticed when it is reached.
        let endless = RawNode(
            head: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close",
            pieces: [(1, start), (100, Self.megabyte)]
        )
        let memory = try await endless.run { url in
            let before = Memory.resetPeak()
            let rpc = try RPCClient(url: url)
            await #expect { try await rpc.getAccountInfo(.zero) } throws: {
                Self.isTooLarge(($0 as? RPCError)?.reason)
            }
            return Memory.peak - before
        }
        #expect(memory < 256 << 20)
        print("100 MB announced: \(announced.memory >> 20) MB of memory; unannounced: \(memory >> 20) MB")
    }

    private static func isTooLarge(_ reason: RPCError.Reason?) -> Bool {
        if case .answerTooLarge(limit: 64 << 20)? = reason { true } else { false }
    }

    @Test("Sixty megabytes of tiny values, of one string and of nesting are refused in bounded memory")
    func large() async throws {
        let cases: [(name: String, unit: String, problem: String)] = [
            ("empty arrays", "[],", "more than 2097152 values"),
            ("small objects", #"{"a":0},"#, "more than 2097152 values"),
            ("digits", "7", "a number of more than 64 characters"),
            ("opening brackets", "[", "nested deeper than 64 levels"),
        ]
        for (name, unit, problem) in cases {
            let piece = Array(String(repeating: unit, count: (1 << 20) / unit.utf8.count).utf8)
            let (reason, memory) = try await outcome([(1, Array(#"{"id":1,"result":["#.utf8)), (60, piece)])
            guard case .malformedAnswer(let text, let excerpt)? = reason else {
                Issue.record("\(name): \(String(describing: reason))")
                continue
            }
            #expect(text.hasPrefix(problem), "\(name): \(text)")
            #expect(excerpt.count <= 161)
            #expect(memory < 512 << 20, "\(name)")
            print("60 MB of \(name): \(memory >> 20) MB of memory")
        }
        let text = try await outcome([
            (1, Array(#"{"id":1,"result":""#.utf8)), (60, Self.megabyte), (1, Array(#""}"#.utf8)),
        ])
        guard case .malformedAnswer("result is not of type Dictionary<String, JSONValue>", _)? = text.reason else {
            Issue.record("\(String(describing: text.reason))")
            return
        }
        #expect(text.memory < 512 << 20)
    }

    @Test("Wrong types, wrong shapes and cut answers are typed errors that name the place")
    func wrong() async throws {
        func account(_ members: String) -> String {
            #"{"jsonrpc":"2.0","id":1,"result":{"context":{"slot":5},"value":{"# + members + "}}}"
        }
        let owner = #""owner":"11111111111111111111111111111111""#
        let cases: [(String, String)] = [
            ("", "the text ends early"), ("null", "the value is null"), ("[]", "the value is not of type"),
            (#"{"id":1}"#, "has no “result”"), (#"{"id":1,"result":5}"#, "result is not of type"),
            (account(#""lamports":"5""#), "result.value.lamports is not of type UInt64"),
            (account(#""lamports":18446744073709551616"#), "result.value.lamports is not of type UInt64"),
            (account(#""lamports":-1"#), "result.value.lamports: does not fit UInt64"),
            (account(#""lamports":1.5"#), "result.value.lamports is not of type UInt64"),
            (account(#""lamports":1e400"#), "a number out of range"),
            (account(#""lamports":1,"lamports":2"#), "a member that is there twice"),
            (account(#""lamports":1,"owner":7"#), "result.value.owner is not of type String"),
            (account(#""lamports":1,"# + owner + #","data":["!!","base64"]"#), "result.value.data"),
            (account(#""lamports":1,"# + owner + #","data":["","base64"],"executable":0"#), "result.value.executable"),
            (#"{"jsonrpc":"2.0","id":1,"result":"\ud800"}"#, "an invalid escape"),
        ]
        for (body, problem) in cases {
            let (reason, _) = try await outcome([(1, Array(body.utf8))])
            guard case .malformedAnswer(let text, _)? = reason else {
                Issue.record("\(body): \(String(describing: reason))")
                continue
            }
            #expect(text.contains(problem), "\(body): \(text)")
        }
        let good = account(#""lamports":1,"# + owner + #","data":["","base64"],"executable":false"#)
        #expect(try await outcome([(1, Array(good.utf8))]).reason == nil)
        // Cut by the connection: libcurl knows from the announced length.
        let cut = try await outcome([(1, Array(good.utf8.dropLast(9)))], declared: good.utf8.count)
        guard case .unreachable? = cut.reason else {
            Issue.record("\(String(describing: cut.reason))")
            return
        }
        // Cut where the node thinks it ends.
        for length in stride(from: 0, to: good.utf8.count, by: 7) {
            let (reason, _) = try await outcome([(1, Array(good.utf8.prefix(length)))])
            guard case .malformedAnswer? = reason else {
                Issue.record("\(length) bytes: \(String(describing: reason))")
                continue
            }
        }
    }

    @Test("Retry-After is honoured in both of its forms")
    func retryAfter() async throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let soon = formatter.string(from: Date(timeIntervalSinceNow: 100))
        for (value, expected) in [
            ("77", Duration.seconds(77)...(.seconds(77))), (soon, .seconds(90)...(.seconds(100))),
            ("Wed, 21 Oct 2015 07:28:00 GMT", .zero...(.zero)), ("1000000", .seconds(300)...(.seconds(300))),
        ] {
            let node = RawNode(
                head: "HTTP/1.1 429 No\r\nRetry-After: \(value)\r\nContent-Length: 0\r\nConnection: close",
                pieces: []
            )
            let reason = try await node.run { url in
                do {
                    _ = try await RPCClient(url: url).getSlot()
                    return nil as RPCError.Reason?
                } catch let error as RPCError {
                    return error.reason
                }
            }
            guard case .rateLimited(let wait?)? = reason else {
                Issue.record("\(value): \(String(describing: reason))")
                continue
            }
            #expect(expected.contains(wait), "\(value): \(wait)")
        }
    }
}

/// How much memory this process holds.
private enum Memory {
    /// The most since the last reset, in bytes.
    static var peak: Int {
        #if os(Linux)
            return (status("VmHWM:") ?? 0) << 10
        #else
            var usage = rusage()
            getrusage(RUSAGE_SELF, &usage)
            return Int(usage.ru_maxrss)
        #endif
    }

    /// Forgets the peak where the system can; returns the present amount.
    static func resetPeak() -> Int {
        #if os(Linux)
            // Source: proc_pid_clear_refs(5), value 5.
            try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
        #endif
        return peak
    }

    #if os(Linux)
        private static func status(_ name: String) -> Int? {
            guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
            return text.split(separator: "\n").first { $0.hasPrefix(name) }?
                .split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
        }
    #endif
}
