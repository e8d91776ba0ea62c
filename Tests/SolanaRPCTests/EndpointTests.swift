import Solana
import Testing

@testable import SolanaRPC

@Suite("Clusters and their URLs")
struct EndpointTests {
    @Test("Presets are well-formed")
    func presets() {
        #expect(Cluster.mainnetBeta.rpcURL.hasPrefix("https://"))
        #expect(Cluster.devnet.genesisHash?.base58 == "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG")
        #expect(Cluster.testnet.webSocket.isSecure)
        #expect(Cluster.localnet.webSocketURL == "ws://127.0.0.1:8900")
    }

    @Test("The WebSocket URL follows the command line's convention")
    func webSocketURL() throws {
        #expect(try Cluster(rpcURL: "https://a.example/x?k=1").webSocketURL == "wss://a.example/x?k=1")
        #expect(try Cluster(rpcURL: "http://localhost:9000").webSocketURL == "ws://localhost:9001/")
        #expect(try Cluster(rpcURL: "http://[::1]:9000").webSocketURL == "ws://[::1]:9001/")
    }

    @Test(
        "Plain text leaves the machine only when allowed",
        arguments: ["http://a.example", "http://127.0.0.1.example", "http://10.0.0.1:8899", "http://[::2]:8899"]
    )
    func plaintext(url: String) throws {
        #expect(throws: ClusterError.self) { try Cluster(rpcURL: url) }
        _ = try Cluster(rpcURL: url, allowsPlaintext: true)
        #expect(throws: ClusterError.self) { try Cluster(rpcURL: "https://a.example", webSocketURL: "ws://a.example") }
    }

    @Test(
        "What is no node URL is refused",
        arguments: [
            "", "devnet", "ftp://a.example", "https://", "https://u:p@a.example", "https://a.example#x",
            "https://a.example:0", "https://a.example:65536", "https://a b.example", "https://a.example/\u{0}",
            "wss://a.example", "https://a.example/\r\nHost: b",
        ]
    )
    func invalid(url: String) {
        #expect(throws: ClusterError.self) { try Cluster(rpcURL: url) }
    }

    @Test("API keys are not told")
    func redaction() throws {
        let cluster = try Cluster(rpcURL: "https://a.example/secret-path?api-key=secret")
        #expect(!"\(cluster)".contains("secret"))
        #expect(cluster.rpc.target == "/secret-path?api-key=secret")
        do {
            _ = try Cluster(rpcURL: "http://a.example/?api-key=secret")
        } catch {
            #expect(!"\(error)".contains("secret"))
        }
    }

    @Test("Loopback is told by literal addresses", arguments: ["127.0.0.1", "127.255.0.9", "localhost", "[::1]"])
    func loopback(host: String) throws {
        #expect(try EndpointAddress(url: "http://\(host):80", schemes: ["http"]).isLoopback)
    }
}
