import Foundation
import Solana
import SolanaRPC
import Testing

@Suite("Configuration of the Solana command line")
struct SolanaCLIConfigurationTests {
    private let usual = """
        ---
        json_rpc_url: https://api.devnet.solana.com
        websocket_url: ''
        keypair_path: /home/me/.config/solana/id.json
        address_labels:
          '11111111111111111111111111111111': System Program
        commitment: finalized

        """

    @Test("What the command line writes is read")
    func usualFile() throws {
        let configuration = try SolanaCLIConfiguration(parsing: usual)
        #expect(configuration.cluster == .devnet)
        #expect(configuration.keypairPath == "/home/me/.config/solana/id.json")
        #expect(configuration.commitment == .finalized)
        #expect(try SolanaCLIConfiguration(parsing: usual.replacing("\n", with: "\r\n")) == configuration)
    }

    @Test("Own URLs, quotes, comments, names and defaults")
    func variants() throws {
        let own = try SolanaCLIConfiguration(
            parsing: "json_rpc_url: \"https://a.example/?k=1#2\"\nwebsocket_url: wss://b.example # there\n"
                .replacing("#2", with: "")
        )
        #expect(own.cluster.rpcURL == "https://a.example/?k=1")
        #expect(own.cluster.webSocketURL == "wss://b.example")
        #expect(own.commitment == .confirmed)
        #expect(own.keypairPath.hasSuffix("/.config/solana/id.json"))
        #expect(try SolanaCLIConfiguration(parsing: "json_rpc_url: l").cluster == .localnet)
        #expect(try SolanaCLIConfiguration(parsing: "json_rpc_url: http://localhost:8899").cluster == .localnet)
        let port = try SolanaCLIConfiguration(parsing: "json_rpc_url: http://127.0.0.1:9000")
        #expect(port.cluster.webSocketURL == "ws://127.0.0.1:9001/")
    }

    @Test("Bad files are refused with the line at fault")
    func badFiles() {
        func error(_ text: String) -> SolanaCLIConfigurationError? {
            #expect(throws: SolanaCLIConfigurationError.self) { try SolanaCLIConfiguration(parsing: text) }
        }
        #expect(error("") == .missing("json_rpc_url"))
        for (text, line) in [
            ("json_rpc_url: d\nnonsense", 2), ("a: 1\njson_rpc_url: ftp://x", 2), ("json_rpc_url: 'd", 1),
            ("json_rpc_url: http://a.example", 1), ("json_rpc_url: d\njson_rpc_url: m", 2),
            ("json_rpc_url: d\ncommitment: maybe", 2), ("json_rpc_url: 'd' x", 1),
        ] {
            guard case .invalidLine(line, _)? = error(text) else {
                Issue.record("\(text)")
                continue
            }
        }
        let url = error("json_rpc_url: http://a.example/?api-key=secret")
        #expect(url?.description.contains("secret") == false)
    }

    @Test("A missing file does not mean the network with real money")
    func missingFile() throws {
        #expect(throws: SolanaCLIConfigurationError.unreadable(path: "/nonexistent/config.yml")) {
            try SolanaCLIConfiguration.load(path: "/nonexistent/config.yml")
        }
        let path = FileManager.default.temporaryDirectory.appending(path: "config-\(UUID().uuidString).yml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try usual.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try SolanaCLIConfiguration.load(path: path).cluster == .devnet)
        try Data([0xff, 0xfe]).write(to: URL(filePath: path))
        #expect(throws: SolanaCLIConfigurationError.unreadable(path: path)) {
            try SolanaCLIConfiguration.load(path: path)
        }
    }
}
