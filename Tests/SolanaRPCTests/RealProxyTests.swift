import CurlHTTP
import Foundation
import LocalCluster
import Solana
import SolanaRPC
import Synchronization
import Testing

/// Calls and subscriptions through proxies that others wrote: tinyproxy and microsocks, as Debian ships them.
@Suite("Through real proxies", .timeLimit(.minutes(1)))
struct RealProxyTests {
    private static let tinyproxy = executable("tinyproxy")
    private static let microsocks = executable("microsocks")

    private static func executable(_ name: String) -> URL? {
        ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"]
            .map { URL(fileURLWithPath: $0).appendingPathComponent(name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    @Test("HTTP CONNECT with a password: tinyproxy", .enabled(if: tinyproxy != nil, "tinyproxy is not installed"))
    func httpConnect() async throws {
        let program = try #require(Self.tinyproxy)
        let port = try Self.freePort()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tinyproxy-\(UUID()).conf")
        try "Port \(port)\nListen 127.0.0.1\nTimeout 60\nBasicAuth me secret\nLogLevel Connect\n"
            .write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        try await Self.run(program, ["-d", "-c", file.path]) { log in
            try await Self.check(.httpConnect, port: port)
            #expect(log().contains("CONNECT localhost:"), "\(log())")
        }
    }

    @Test("SOCKS 5 with a password: microsocks", .enabled(if: microsocks != nil, "microsocks is not installed"))
    func socks() async throws {
        let program = try #require(Self.microsocks)
        let port = try Self.freePort()
        try await Self.run(program, ["-i", "127.0.0.1", "-p", "\(port)", "-u", "me", "-P", "secret"]) { log in
            try await Self.check(.socks5, port: port)
            // The name was resolved there.
            #expect(log().contains("connected to localhost:"), "\(log())")
        }
    }

    /// A call and a subscription come through with the password, and neither with another one.
    private static func check(_ kind: HTTPProxy.Kind, port: UInt16) async throws {
        try await LocalCluster.withRunning(.testing()) { cluster in
            let named = try Cluster(
                rpcURL: cluster.rpcURL.replacing("127.0.0.1", with: "localhost"),
                webSocketURL: cluster.webSocketURL.replacing("127.0.0.1", with: "localhost")
            )
            func way(_ password: String) -> HTTPProxy {
                HTTPProxy(
                    kind,
                    host: "127.0.0.1",
                    port: port,
                    credentials: .init(user: "me", password: password)
                )
            }
            func client(_ password: String) -> HTTPClient {
                HTTPClient(configuration: .init(proxy: way(password), allowsPlaintext: true))
            }
            // The proxy needs a moment to listen: the client's own attempts wait for it.
            let patient = RPCPolicy(maximumAttempts: 100, initialBackoff: .milliseconds(20))
            #expect(try await RPCClient(cluster: named, policy: patient, http: client("secret")).getSlot() > 0)
            let wrong = RPCClient(cluster: named, policy: RPCPolicy(maximumAttempts: 1), http: client("guess"))
            await #expect { try await wrong.getSlot() } throws: { error in
                guard case .unreachable(let reason)? = (error as? RPCError)?.reason else { return false }
                return reason.contains("it wants other credentials") && !reason.contains("guess")
            }
            let configuration = PubSubConfiguration(proxy: way("secret"), allowsPlaintextThroughProxy: true)
            let slot = try await PubSubClient.withClient(cluster: named, configuration: configuration) { pubsub in
                try await pubsub.withSlotSubscription { events in
                    for try await event in events {
                        if let slot = event.value?.slot { return slot }
                    }
                    throw CancellationError()
                }
            }
            #expect(slot > 0)
        }
    }

    /// Runs a program while `body` does; `log` is what it has written so far.
    private static func run(
        _ program: URL,
        _ arguments: [String],
        _ body: (@escaping @Sendable () -> String) async throws -> Void
    ) async throws {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        let written = Shared(Mutex(Data()))
        pipe.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            written.value.withLock { $0.append(data) }
        }
        try process.run()
        defer {
            // What is started from a thread of the runtime's pool inherits its mask, in which SIGTERM is blocked.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            pipe.fileHandleForReading.readabilityHandler = nil
        }
        try await body { String(decoding: written.value.withLock { $0 }, as: UTF8.self) }
    }

    /// A port that was free a moment ago.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 ? getsockname(descriptor, generic, &length) : -1
            }
        }
        try #require(result == 0)
        return UInt16(bigEndian: address.sin_port)
    }
}
