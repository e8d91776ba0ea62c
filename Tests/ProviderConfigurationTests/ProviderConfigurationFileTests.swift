import ChainferenceKit
import Foundation
import Logging
import SodiumCrypto
import Testing

@testable import ProviderConfiguration

@Suite("A provider's configuration file")
struct ProviderConfigurationFileTests {
    static let complete = """
        # A file with every setting.
        cluster: [http://127.0.0.1:8899, https://rpc.example.org]
        program: 11111111111111111111111111111111
        wallet: keys/wallet.json
        state: /var/lib/chainference
        listen: 0.0.0.0:3819
        advertise: "inference.example.org:4000"
        monitoring: 9464
        log-level: info

        backends:
          ollama:
            url: http://127.0.0.1:11434
            api-key-variable: ENGINE_KEY
            first-token: 90s
            attempts: 2
          script:
            command: [/usr/bin/engine, --quiet]
            models: [engine-model]
            output: json-lines
            processes: 3
          toy:
            toy: {tokens-per-second: 100, talks-on: true}

        models:
          - model: meta-llama/Llama-3.1-8B-Instruct
            backend: ollama
            backend-model: llama3.1:8b
            price: 400_000
            input-price: 100_000
            minimum-charge: 25000
            limits: {input-tokens: 8000, duration: 5m}
          - model: org/script
            backend: script
            backend-model: engine-model
            price: 1

        concurrency: 8
        profit-floor: 500
        expected-usage: {input: 100, output: 900}
        limits: {prompt-bytes: 65536, output-tokens: 4096}
        voucher-window: 512
        claim-delay: 30s
        peer-key-age: 60d
        """

    private func file(_ text: String) throws(ProviderConfigurationError) -> ProviderConfigurationFile {
        try ProviderConfigurationFile(parsing: text, path: "/etc/p/provider.yaml", environment: ["ENGINE_KEY": "k"])
    }

    private func problems(_ text: String) -> [String] {
        do throws(ProviderConfigurationError) {
            _ = try file(text)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("Every setting arrives where it belongs")
    func complete() throws {
        let file = try file(Self.complete)
        #expect(file.cluster.rpcURL == "http://127.0.0.1:8899")
        #expect(file.fallbacks.map(\.rpcURL) == ["https://rpc.example.org"])
        #expect(file.market.program == .zero)
        #expect(file.walletPath == "/etc/p/keys/wallet.json")
        #expect(file.monitoring == .init(host: "127.0.0.1", port: 9_464))
        #expect(file.logLevel == .info)
        let configuration = file.plan.configuration
        #expect(configuration.stateFolder == "/var/lib/chainference")
        #expect(configuration.listenHost == "0.0.0.0" && configuration.listenPort == 3_819)
        #expect(configuration.advertisedHost == PeerHost("inference.example.org"))
        #expect(configuration.advertisedPort == 4_000)
        #expect(configuration.concurrency == 8 && configuration.profitFloor == 500)
        #expect(configuration.expectedUsage == TokenCount(input: 100, output: 900))
        #expect(configuration.maximumPromptBytes == 65_536)
        #expect(configuration.limits == .init(maximumOutputTokens: 4_096))
        #expect(configuration.voucherWindow == 512 && configuration.claimDelay == .seconds(30))
        #expect(configuration.peerKeyAge == .seconds(60 * 86_400))

        let llama = try #require(file.plan.offers.first)
        #expect(llama.model == "meta-llama/Llama-3.1-8B-Instruct" && llama.backend == "ollama")
        #expect(llama.backendModel == "llama3.1:8b")
        let terms = Terms(outputPrice: .lamports(400_000), inputPrice: .lamports(100_000), minimumCharge: 25_000)
        #expect(llama.terms == terms)
        // What an offer does not set is the provider's.
        let limits = Provider.Limits(
            maximumInputTokens: 8_000,
            maximumOutputTokens: 4_096,
            maximumDuration: .seconds(300)
        )
        #expect(llama.limits == limits)
        #expect(file.plan.offers[1].terms.minimumCharge == 20_000)
        let engine = try #require(file.plan.backends["ollama"] as? OpenAICompatibleBackend)
        #expect(engine.baseURL == "http://127.0.0.1:11434/v1")
        #expect(engine.limits.firstToken == .seconds(90) && engine.limits.attempts == 2)
        let toy = try #require(file.plan.backends["toy"] as? NGramBackend)
        #expect(toy.tokensPerSecond == 100 && !toy.stopsByItself)
        #expect(file.plan.backends["script"] is ProcessBackend)
    }

    @Test("A relay stands for the address that clients are sent to")
    func relay() throws {
        let key = X25519.PrivateKey().publicKey
        let host = try #require(PeerHost("relay.example.org"))
        let address = try RelayAddress(endpoint: .init(host: host, port: 4_000), key: key)
        let rest = "backends: {toy: {toy: {}}}\nmodels: [{model: m, price: 5}]\n"
        let read = try file("relay: \(address)\nrelay-proxy: socks5h://127.0.0.1:9050\n\(rest)").plan.configuration
        #expect(read.relay == address && read.relayProxy != nil)
        #expect(
            problems("relay: /dns/x/tcp/1\n\(rest)").first?.hasPrefix("1:8: “relay” must be a relay's address") == true
        )
        let bad = problems("relay: \(address)\nrelay-proxy: ftp://me:password@x\n\(rest)")
        #expect(bad.first?.hasPrefix("2:14: That is no proxy.") == true && !"\(bad)".contains("password"))
        #expect(problems("relay-proxy: socks5h://127.0.0.1:9050\n\(rest)").first?.contains("no “relay”") == true)
        #expect(problems("relay: \(address)\nadvertise: a.example\n\(rest)").first?.contains("leave either") == true)
    }

    @Test("The least that is needed is a backend and a model")
    func least() throws {
        let file = try file("backends: {toy: {toy: {}}}\nmodels: [{model: chainference/ngram-toy, price: 5}]")
        #expect(file.cluster == .localnet && file.plan.offers.map(\.backend) == ["toy"])
        #expect(file.monitoring == nil && file.walletPath == nil)
        #expect(file.plan.configuration.listenHost == "127.0.0.1")
    }

    /// One line of a good file replaced, and what is said about it.
    @Test(
        "What is wrong is named with its line and column, and with what to do",
        arguments: [
            ("price: 400_000", "price: cheap", "29:12: “price” must be lamports", "not “cheap”"),
            ("price: 400_000", "price: 0", "29:12: “price” must be", "from 1 to 4294967296"),
            ("price: 400_000", "prize: 400_000", "29:5: There is no setting “prize” here.", "Did you mean “price”?"),
            ("concurrency: 8", "concurrency: 0", "38:14: “concurrency” must be from 1 to 4096", "not “0”"),
            ("concurrency: 8", "concurrency:", "38:13: “concurrency” must be from 1 to 4096", "."),
            (
                "concurrency: 8", "koncurrency: 8", "38:1: There is no setting “koncurrency”",
                "Did you mean “concurrency”?"
            ),
            ("concurrency: 8", "zebra: 8", "38:1: There is no setting “zebra”", "Possible here: advertise, backends"),
            ("concurrency: 8", "monitoring: 1", "38:1: This is not YAML: “monitoring” appears twice", ""),
            (
                "backend: ollama", "backend: olama",
                "27:14: There is no backend “olama”. There are: ollama, script, toy.", ""
            ),
            ("model: org/script", "model: no spaces allowed", "33:12: “model” must be the id", ""),
            (
                "model: org/script", "model: meta-llama/Llama-3.1-8B-Instruct",
                "33:12: meta-llama/Llama-3.1-8B-Instruct is offered twice.", "Leave one"
            ),
            ("limits: {input-tokens: 8000", "limits: {input-tokens: -1", "32:28: “input-tokens” must be", "from 1"),
            ("limits: {input-tokens: 8000, duration: 5m}", "limits: 7", "32:13: “limits” must be a list of", ""),
            ("log-level: info", "log-level: loud", "9:12: “log-level” must be one of trace, debug", "not “loud”"),
            ("monitoring: 9464", "monitoring: 1::2:3", "8:13: “monitoring” must be a port, or host:port", ""),
            (
                "claim-delay: 30s", "claim-delay: 30", "43:14: “claim-delay” must be a time such as 500ms, 30s",
                "not “30”"
            ),
            ("peer-key-age: 60d", "peer-key-age: 59m", "44:15: “peer-key-age” must be a time from 1h to 366d", ""),
            ("claim-delay: 30s", "claim-delay: 9999999h", "43:14: “claim-delay” must be", ""),
            ("ENGINE_KEY", "NO_SUCH_KEY", "14:23: The environment has no variable of this name", ""),
            ("    url: http://127.0.0.1:11434", "    url: ftp://x", "13:10: “url” must be the address of a server", ""),
            ("    toy: {tokens", "    url: {tokens", "23:10: “url” must be the address of a server", ""),
            ("program: 1111", "program: 0000", "3:10: “program” must be the address of the market program", ""),
            ("cluster: [http", "cluster: [gopher", "2:10: ", "is no node URL"),
            ("  ollama:\n", "  ollama: 5\n  other:\n", "12:11: “ollama” must be a list of “key: value” lines.", ""),
            ("models:\n", "models: [\n", ": This is not YAML: ", ""),
        ]
    )
    func refusals(_ good: String, _ bad: String, _ place: String, _ advice: String) throws {
        #expect(Self.complete.contains(good))
        let text = Self.complete.replacingOccurrences(of: good, with: bad)
        let found = problems(text)
        #expect(found.contains { $0.contains(place) && (advice.isEmpty || $0.contains(advice)) }, "\(found)")
    }

    @Test("Everything that is wrong is said at once, from top to bottom, in the form that editors understand")
    func severalProblems() {
        let text = """
            cluster: devnet
            models:
              - price: x
            nonsense: 1
            """
        do throws(ProviderConfigurationError) {
            _ = try file(text)
            Issue.record("it was accepted")
        } catch {
            #expect(error.problems.count == 5, "\(error)")
            for line in "\(error)".split(separator: "\n") { #expect(line.hasPrefix("/etc/p/provider.yaml:")) }
            for word in ["program", "backends", "model", "price", "nonsense"] {
                #expect("\(error)".contains("“\(word)”"), "\(error)")
            }
        }
        #expect(problems("").count == 3)
        #expect(problems("just text").contains { $0.hasPrefix("1:1: ") && $0.contains("key: value") })
    }

    @Test(
        "Hostile files are refused and never trap",
        arguments: [
            "a: &x [*x]", "{", "]", "\u{0}", "? [a]\n: b", "- - - - -", "models: {a: b}", "%YAML 9.9\n---\na: 1",
            "a: &a [1]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]", "backends: []", "backends: {x: {}}", "--- a\n--- b",
            "concurrency: 99999999999999999999", "limits: {prompt-bytes: 1_}", "wallet: ~", "models: [~, 1, {}]",
        ]
    )
    func hostile(_ text: String) {
        #expect(!problems(text).isEmpty)
    }

    @Test("A file is read from disk; one that is missing, too large or no text says so")
    func disk() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("config-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("p.yaml").path
        func refusal() -> String? {
            do throws(ProviderConfigurationError) {
                _ = try ProviderConfigurationFile(contentsOf: path)
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal()?.contains("can't be read") == true)
        try Data("backends: {t: {toy: {}}}\nmodels: [{model: m, price: 5}]".utf8).write(to: URL(fileURLWithPath: path))
        #expect(refusal() == nil)
        try Data([0xff, 0xfe, 0x00]).write(to: URL(fileURLWithPath: path))
        #expect(refusal()?.contains("not UTF-8") == true)
        try Data(count: ProviderConfigurationFile.maximumSize + 1).write(to: URL(fileURLWithPath: path))
        #expect(refusal()?.contains("larger than") == true)
    }

    @Test("Keys that a file names appear nowhere in what is read")
    func secrets() throws {
        var text = ""
        let file = try ProviderConfigurationFile(
            parsing: Self.complete,
            path: "p.yaml",
            environment: ["ENGINE_KEY": "very-secret-key"]
        )
        dump(file, to: &text)
        #expect(!(text + "\(file)" + String(reflecting: file)).contains("very-secret-key"))
    }
}
