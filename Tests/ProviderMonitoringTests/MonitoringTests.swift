import ChainferenceKit
import ChainferenceTesting
import CurlHTTP
import Foundation
import LocalCluster
import Logging
import Synchronization
import Testing

@testable import ProviderMonitoring

@Suite("Health, metrics and logs", .timeLimit(.minutes(3)))
struct MonitoringTests {
    private func status(_ change: (inout ProviderStatus) -> Void = { _ in }) -> ProviderStatus {
        var status = ProviderStatus()
        status.phase = .serving
        status.uptime = .seconds(100)
        status.sinceChainContact = .seconds(1)
        status.slots = 4
        status.backends = [.init(name: "main", isServing: true)]
        change(&status)
        return status
    }

    @Test("Healthy is who serves, hears from the chain and has a backend; everything else says what is wrong")
    func health() {
        #expect(HealthReport(status()).isHealthy)
        #expect(HealthReport(ProviderStatus()).problems == ["it does not run"])
        #expect(HealthReport(status { $0.phase = .draining }).problems == ["it is shutting down"])
        #expect(HealthReport(status { $0.phase = .starting }).problems == ["it is not registered yet"])
        let silent = HealthReport(status { $0.sinceChainContact = .seconds(61) })
        #expect(silent.problems == ["the cluster was not read for more than a minute"])
        let broken = HealthReport(status { $0.backends[0].isServing = false })
        #expect(broken.problems == ["no backend can be given work"])
        #expect(broken.json == #"{"phase":"serving","problems":["no backend can be given work"]}"# + "\n")
    }

    @Test("Labels that come from elsewhere can't break the format")
    func escaping() {
        let text = PrometheusText(
            status { $0.backends = [.init(name: "a\"b\\c\nd", isServing: true)] }
        ).text
        #expect(text.contains(#"chainference_provider_backend_up{backend="a\"b\\c\nd"} 1"#))
        for line in text.split(separator: "\n") {
            #expect(line.hasPrefix("# HELP ") || line.hasPrefix("# TYPE ") || line.hasPrefix("chainference_provider_"))
        }
    }

    @Test(
        "A whole session, watched over HTTP; both sides' logs at trace level show neither prompt nor answer nor any key"
    )
    func session() async throws {
        let prompt = "My secret is the word xylophone-quartz-marmalade, keep it."
        let answer = (0..<30).map { "confidential\($0) " }
        let log = Log()
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pieces = answer
            let seed = (0..<32).map { UInt8($0 * 7 + 3) }
            let wallet = try Keypair(seed: seed)
            try market.cluster.airdrop(1_000_000_000, to: wallet.address)
            let buyersSeed = (0..<32).map { UInt8($0 * 5 + 1) }
            let buyer = try Keypair(seed: buyersSeed)
            try market.cluster.airdrop(1_000_000_000, to: buyer.address)
            var logger = Logger(label: "session") { label in JSONLogHandler(label: label) { log.write($0) } }
            logger.logLevel = .trace
            let offer = Provider.Offer(model: "test/scripted", pricePerMillionTokens: TestMarket.price)
            let seller = try market.seller(
                of: .init(offers: [offer], backends: [.main: ScriptedBackend(script)]),
                wallet: wallet,
                logger: logger
            )
            let ports = EventLog<Int>()
            let server = MonitoringServer(port: 0, logger: logger, onListening: { ports.append($0) }) {
                seller.provider.status
            }
            try await market.running(seller) { [logger] in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await server.run() }
                    defer { group.cancelAll() }
                    let base = "http://127.0.0.1:\(try await ports.first("port") { $0 })"
                    let client = try await InferenceClient(
                        wallet: .keypair(buyer),
                        cluster: market.endpoint,
                        logger: logger
                    )
                    try await client.withSession("test/scripted", budget: 1_000_000) {
                        try await $0.ask(GenerationRequest(model: "test/scripted", messages: [.user(prompt)]))
                    }
                    let charge = try await seller.claimed()
                    let health = try await get(base + "/health")
                    #expect(health.status == 200 && health.text.contains(#""phase":"serving""#))
                    #expect(try await get(base + "/live").status == 200)
                    #expect(try await get(base + "/nothing").status == 404)
                    let metrics = try await get(base + "/metrics").text
                    for line in [
                        "up 1", "locks_total 1", #"claims_total{model="test/scripted"} 1"#,
                        #"output_tokens_total{model="test/scripted"} 30"#,
                        #"answers_total{model="test/scripted",reason="stop"} 1"#,
                        #"charged_lamports_total{model="test/scripted"} \#(charge.rawValue)"#,
                    ] {
                        #expect(metrics.contains("\nchainference_provider_\(line)\n"), "\(line)")
                    }
                    #expect(!metrics.contains("confidential") && !metrics.contains(wallet.address.base58))
                }
            }
            let text = log.text
            #expect(text.contains(#""event":"claimed""#) && text.contains(#""event":"answered""#))
            for line in text.split(separator: "\n") {
                let fields = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
                #expect(fields?["time"] != nil && fields?["level"] != nil && fields?["message"] != nil)
            }
            let keys = [seed, buyersSeed].flatMap { seed in
                let hex = seed.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                return [hex.joined(), Data(seed).base64EncodedString()]
            }
            for secret in ["xylophone", "marmalade", "confidential"] + keys {
                #expect(!text.contains(secret), "the log shows \(secret)")
            }
            // The probe works: what is no secret is there.
            #expect(text.contains(Market.localnet.server(of: wallet.address).base58))
        }
    }

    private func get(_ url: String) async throws -> (status: Int, text: String) {
        let answer = try await HTTPClient.shared.send(HTTPRequest(method: .get, url: url))
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    /// Gathers log lines.
    private final class Log: Sendable {
        private let lines = Mutex("")
        var text: String { lines.withLock { $0 } }
        func write(_ line: String) { lines.withLock { $0 += line } }
    }
}
