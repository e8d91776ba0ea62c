import CurlHTTP
import Foundation
import JSON
import Testing

@testable import LocalCluster

/// JSON that means harm, over the sockets: a typed error each time, memory that stays where it was, and a node that lives.
///
/// `Tests/Interop/solana_py/test_localnet.py` sends 100 MB to a process of its own, whose memory it can tell from the client's.
@Suite("Hostile JSON", .serialized)
struct HostileJSONTests {
    /// Bytes that the process holds in memory now.
    private static func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) }) * 1_024
    }

    private static func call(_ parameters: String) -> [UInt8] {
        Array(#"{"jsonrpc":"2.0","id":1,"method":"getBalance","params":\#(parameters)}"#.utf8)
    }

    private static let limit = RPCServer.maximumBodyBytes - 100

    /// What to send, and the error's code.
    private static let cases: [(name: String, body: [UInt8], code: Int64)] = [
        (
            "a hundred levels of arrays", call(String(repeating: "[", count: 100) + String(repeating: "]", count: 100)),
            -32_700
        ),
        ("as many open brackets as fit", [UInt8](repeating: UInt8(ascii: "["), count: limit), -32_700),
        ("as many open objects as fit", Array(String(repeating: #"{"a":"#, count: limit / 5).utf8), -32_700),
        ("a number of 40,000 digits", call("[" + String(repeating: "9", count: 40_000) + "]"), -32_700),
        ("a fraction of 40,000 digits", call("[0." + String(repeating: "9", count: 40_000) + "]"), -32_700),
        ("an exponent of 40,000 digits", call("[1e" + String(repeating: "9", count: 40_000) + "]"), -32_700),
        ("a number beyond 64 bits", call("[18446744073709551616]"), -32_602),
        ("a number beyond doubles", call("[1e999]"), -32_700),
        ("a text of 40,000 characters", call(#"[""# + String(repeating: "1", count: 40_000) + #""]"#), -32_602),
        ("a flood of empty arrays", call("[" + String(repeating: "[],", count: 13_000) + "[]]"), -32_602),
        ("a flood of members", call("{" + (0..<3_000).map { #""\#($0)":0"# }.joined(separator: ",") + "}"), -32_602),
        ("parameters of a wrong type", call("7"), -32_602),
        ("an address of a wrong type", call("[{}]"), -32_602),
        ("options of a wrong type", call(#"["11111111111111111111111111111111",[]]"#), -32_602),
        ("a method of a wrong type", Array(#"{"jsonrpc":"2.0","id":1,"method":7}"#.utf8), -32_600),
        ("a text that ends too early", Array(#"{"jsonrpc":"2.0","id":1,"method":"getBal"#.utf8), -32_700),
        ("no text at all", [], -32_700),
        ("bytes that are no UTF-8", [0x22, 0xff, 0xfe, 0x22], -32_700),
        ("half a surrogate", Array(#"["\ud800"]"#.utf8), -32_700),
        ("a zero byte", [0], -32_700),
    ]

    @Test("Over HTTP: the error that fits, quickly, and no memory kept")
    func http() async throws {
        try await LocalCluster.withRunning(.testing(pace: .manual)) { cluster in
            let rpc = JSONRPC(cluster)
            for (name, body, code) in Self.cases { _ = try await Self.check(rpc, name, body, code) }
            let before = try Self.residentBytes()
            var slowest = Duration.zero
            for _ in 0..<20 {
                for (name, body, code) in Self.cases {
                    slowest = max(slowest, try await Self.check(rpc, name, body, code))
                }
            }
            let grown = try Self.residentBytes() - before
            print(
                "hostile JSON over HTTP: slowest answer \(slowest), \(grown / 1_024) KiB more after \(20 * Self.cases.count)"
            )
            #expect(grown < 32 << 20)
            #expect(slowest < .seconds(1))
            #expect(try await rpc.call("getHealth") == "ok")
        }
    }

    private static func check(_ rpc: JSONRPC, _ name: String, _ body: [UInt8], _ code: Int64) async throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        let response = try await rpc.post(body)
        let elapsed = clock.now - start
        #expect(response.status == 200, "\(name)")
        let answer = try JSONValue(parsing: response.body)
        // Some of the texts are batches by accident.
        let error = (answer.elements?.first ?? answer)["error"]
        #expect(error?["code"] == .signed(code), "\(name): \(answer)")
        return elapsed
    }

    @Test("Over a WebSocket: the error that fits, or the end of the connection for what is too large")
    func webSocket() async throws {
        try await LocalCluster.withRunning(.testing(pace: .manual)) { cluster in
            let before = try Self.residentBytes()
            try await WebSocketClient.withConnection(to: cluster) { client in
                for (name, body, code) in Self.cases where !body.isEmpty && body != [0] && code == -32_700 {
                    try await client.send(body)
                    let answer = try await client.receive()
                    #expect(answer["error"]?["code"] == .signed(code), "\(name): \(answer)")
                }
                _ = try await client.call("slotSubscribe")
            }
            try await WebSocketClient.withConnection(to: cluster) { client in
                await #expect(throws: (any Error).self) {
                    // The frame's header says how much it is, which is enough: masking 100 MB would test the client.
                    try await client.send([UInt8](repeating: UInt8(ascii: " "), count: 1_000_000))
                    while true { _ = try await client.frame() }
                }
            }
            let grown = try Self.residentBytes() - before
            print("hostile JSON over a WebSocket: \(grown / 1_024) KiB more")
            #expect(grown < 48 << 20)
            #expect(try await JSONRPC(cluster).call("getHealth") == "ok")
        }
    }
}
