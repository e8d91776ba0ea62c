import ChainferenceKit
import ChainferenceTesting
import Foundation
import Testing

@testable import ChainferenceKit

@Suite("The doctor finds what is wrong and says what to do", .timeLimit(.minutes(2)))
struct DoctorTests {
    private func keyFile(_ keypair: Keypair, mode: Int = 0o600) throws -> String {
        let path = NSTemporaryDirectory() + "doctor-\(keypair.address).json"
        try keypair.write(to: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    private func statuses(_ findings: [Finding]) -> [Finding.Subject: Finding.Status] {
        Dictionary(findings.map { ($0.subject, $0.status) }) { one, other in one == .good ? other : one }
    }

    @Test("A buyer with a cluster and money is well")
    func well() async throws {
        try await TestMarket.with { market in
            let path = try keyFile(market.wallet())
            defer { try? FileManager.default.removeItem(atPath: path) }
            let findings = await Doctor(cluster: market.endpoint, walletPath: path).examine()
            #expect(Set(findings.map(\.subject)) == [.node, .subscriptions, .clock, .market, .wallet, .backend])
            #expect(findings.allSatisfy { $0.status == .good }, "\(findings)")
        }
    }

    @Test("Without a node nothing that needs one is guessed at")
    func noNode() async throws {
        let keypair = Keypair()
        let path = try keyFile(keypair)
        defer { try? FileManager.default.removeItem(atPath: path) }
        // Nobody listens at the discard port of this machine.
        let cluster = try Cluster(rpcURL: "http://127.0.0.1:9")
        let found = statuses(await Doctor(cluster: cluster, walletPath: path, limit: .seconds(3)).examine())
        #expect(found[.node] == .failure)
        for subject in [Finding.Subject.subscriptions, .clock, .market, .wallet] { #expect(found[subject] == .skipped) }
    }

    @Test("A node whose subscriptions are refused is told with the reason, at once")
    func noSubscriptions() async throws {
        try await TestMarket.with { market in
            let path = try keyFile(market.wallet())
            defer { try? FileManager.default.removeItem(atPath: path) }
            let deaf = try Cluster(rpcURL: market.endpoint.rpcURL, webSocketURL: "ws://127.0.0.1:9")
            let findings = await Doctor(cluster: deaf, walletPath: path, limit: .seconds(60)).examine()
            let finding = try #require(findings.first { $0.subject == .subscriptions })
            #expect(finding.status == .warning)
            #expect(finding.detail.contains("unreachable"), "\(finding)")
            #expect(finding.advice?.contains("ws://127.0.0.1:9") == true)
        }
    }

    @Test("A missing market, an empty wallet and a file that others can read are told apart")
    func wrong() async throws {
        try await TestMarket.with { market in
            let keypair = Keypair()
            let path = try keyFile(keypair, mode: 0o644)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let other = Market(program: Keypair().address)
            let findings = await Doctor(cluster: market.endpoint, market: other, walletPath: path).examine()
            #expect(statuses(findings)[.market] == .failure)
            let wallet = findings.filter { $0.subject == .wallet }
            #expect(wallet.map(\.status) == [.warning, .failure])
            #expect(wallet[0].advice?.contains("chmod 600") == true)
            #expect(wallet[1].advice?.contains("airdrop") == true)
        }
    }

    @Test("A provider's backend, port and folder are looked at")
    func provider() async throws {
        try await TestMarket.with { market in
            let path = try keyFile(market.wallet())
            defer { try? FileManager.default.removeItem(atPath: path) }
            let folder = NSTemporaryDirectory() + "doctor-state-\(UInt32.random(in: 0 ... .max))"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            // The cluster's own port is taken for certain.
            let taken = Int(market.cluster.rpcURL.split(separator: ":").last.flatMap { Int($0) } ?? 0)
            var configuration = Provider.Configuration.localnet
            configuration.stateFolder = folder
            configuration.listenPort = taken
            let name: Provider.BackendName = "main"
            func examined(_ model: ModelID) async -> [Finding.Subject: Finding.Status] {
                let plan = Provider.Plan(
                    offers: [.init(model: model, pricePerMillionTokens: .lamports(1_000), backend: name)],
                    backends: [name: ScriptedBackend()],
                    configuration: configuration
                )
                return statuses(
                    await Doctor(cluster: market.endpoint, walletPath: path, provider: plan).examine()
                )
            }
            let sick = await examined("test/other")
            #expect(sick[.backend] == .failure && sick[.port] == .failure)
            #expect(sick[.state] == .good && sick[.address] == .good)
            configuration.listenPort = 0
            let well = await examined("test/scripted")
            #expect(well[.backend] == .good && well[.port] == .good)
        }
    }

    @Test("A provider that runs is recognised, its port answers, and its offers are compared with the chain's")
    func running() async throws {
        try await TestMarket.with { market in
            let wallet = try market.wallet()
            let path = try keyFile(wallet)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let folder = NSTemporaryDirectory() + "doctor-running-\(UInt32.random(in: 0 ... .max))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            @Sendable func plan(_ price: UInt64) -> Provider.Plan {
                var configuration = Provider.Configuration.localnet
                configuration.stateFolder = folder
                let offer = Provider.Offer(
                    model: "test/scripted",
                    pricePerMillionTokens: .lamports(price),
                    backend: .main
                )
                return Provider.Plan(
                    offers: [offer],
                    backends: [.main: ScriptedBackend()],
                    configuration: configuration
                )
            }
            @Sendable func examine(_ price: UInt64, healthURL: String? = nil) async -> [Finding] {
                await Doctor(cluster: market.endpoint, walletPath: path, provider: plan(price), healthURL: healthURL)
                    .examine()
            }
            let before = await examine(1_000)
            #expect(before.contains { $0.subject == .provider && $0.detail.contains("does not run") })
            #expect(before.contains { $0.subject == .offers && $0.detail.contains("nothing is on the chain") })
            #expect(before.allSatisfy { $0.status == .good }, "\(before)")

            let store = try ProviderStore(
                path: ProviderStore.standardPath(wallet: wallet.address, market: .localnet, folder: folder)
            )
            let seller = try market.seller(of: plan(1_000), wallet: wallet, store: store)
            try await market.running(seller) {
                let well = await examine(1_000)
                #expect(well.allSatisfy { $0.status == .good }, "\(well)")
                #expect(well.contains { $0.subject == .provider && $0.detail.contains("it runs") })
                #expect(
                    well.contains { $0.subject == .offers && $0.detail.contains("lists what the configuration offers") }
                )
                #expect(well.contains { $0.subject == .address && $0.detail.contains("accepts connections") })
                // The file says something else than the provider that runs was started with.
                let changed = await examine(2_000)
                let offers = try #require(changed.first { $0.subject == .offers && $0.status == .warning })
                #expect(offers.detail == "test/scripted is listed at other prices")
                #expect(offers.advice?.contains("-HUP") == true)
                // Nobody tells its health where the file says that it would be.
                let silent = await examine(1_000, healthURL: "http://127.0.0.1:9/health")
                #expect(silent.contains { $0.subject == .provider && $0.status == .failure && $0.advice != nil })
            }
            try store.close()
            let after = await examine(1_000)
            let alive = try #require(after.first { $0.subject == .offers && $0.status == .warning })
            #expect(alive.detail.contains("takes it for alive"))
        }
    }

    @Test(
        "The clock's difference is judged, whatever the numbers",
        arguments: [
            (1_000, 1_000, Finding.Status.good), (1_000, 970, .good), (1_000, 969, .warning), (880, 1_000, .warning),
            (879, 1_000, .failure), (.max, .min, .failure), (.min, .max, .failure),
        ] as [(Int64, Int64, Finding.Status)]
    )
    func clock(local: Int64, chain: Int64, status: Finding.Status) {
        #expect(ChainExamination.judgeClock(local: local, chain: chain).status == status)
    }

    @Test("Addresses that clients refuse to dial are a failure anywhere but on a local cluster")
    func address() throws {
        let inside = try #require(PeerHost("192.168.1.5"))
        #expect(ProviderExamination.judge(inside, isLocal: false).status == .failure)
        #expect(ProviderExamination.judge(inside, isLocal: true).status == .good)
        #expect(ProviderExamination.judge(try #require(PeerHost("9.9.9.9")), isLocal: false).status == .good)
    }
}
