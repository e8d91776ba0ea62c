import ChainferenceKit
import ChainferenceTesting
import Foundation
import GRDB
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("Journal, sweeping and limits", .timeLimit(.minutes(3)))
struct JournalTests {
    private func withPath(_ body: @Sendable (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.appendingPathComponent("client.sqlite").path)
    }

    private func record(stake: Lamports, at seconds: Int64, in journal: ClientJournal? = nil) -> StakeRecord {
        StakeRecord(
            request: Keypair().address,
            wallet: Keypair().address,
            model: "test/model",
            server: nil,
            stake: stake,
            credit: 0,
            createdAt: UnixTime(rawValue: seconds),
            owner: journal?.owner?.name ?? ""
        )
    }

    @Test("A journal survives being closed, and belongs to its owner alone; seeds have numbers of their own")
    func file() async throws {
        try await withPath { path in
            let first = try ClientJournal(path: path)
            let record = record(stake: 100, at: 1_000)
            try await first.intend(record, fees: 10, limits: SpendLimits())
            try await first.published(record.request, fee: 5)
            let (seed, other) = (WalletSeed(of: Keypair()), WalletSeed(of: Keypair()))
            #expect(try await first.takeDisposableWallet(of: seed) == 0)
            try first.close()
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let second = try ClientJournal(path: path)
            var expected = record
            expected.state = .published
            expected.fees = 5
            #expect(try await second.unsettledStakes() == [expected])
            #expect(try await second.takeDisposableWallet(of: seed) == 1)
            #expect(try await second.takeDisposableWallet(of: other) == 0)
            #expect(try await second.disposableWallets(of: seed).map(\.index) == [0, 1])
            try await second.settled(record.request, charge: 30, fees: nil)
            #expect(try await second.unsettledStakes().isEmpty)
            #expect(try await second.spent(inTheDayBefore: UnixTime(rawValue: 1_000)) == 35)
            try second.close()
        }
    }

    @Test("Processes share a journal and its limits; a stake is another's as long as its process lives")
    func shared() async throws {
        try await withPath { path in
            // Each journal has its own mark and its own connections, as in two processes.
            let first = try ClientJournal(path: path)
            let second = try ClientJournal(path: path)
            let limits = SpendLimits(perDay: 1_000)
            let stake = record(stake: 100, at: 1_000, in: first)
            try await first.intend(stake, fees: 0, limits: limits)
            #expect(second.isWorkedOnElsewhere(stake) && !first.isWorkedOnElsewhere(stake))

            // Twenty at once for what is left: nine fit, whoever is faster.
            let granted = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<20 {
                    let journal = number % 2 == 0 ? first : second
                    group.addTask {
                        let record = self.record(stake: 100, at: 1_000, in: journal)
                        return (try? await journal.intend(record, fees: 0, limits: limits)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(granted == 9)

            // The mark goes with the process, and nothing of it stays.
            try first.close()
            #expect(!second.isWorkedOnElsewhere(stake))
            try second.close()
            let folder = (path as NSString).deletingLastPathComponent
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!left.contains { $0.contains("owner") }, "\(left)")
        }
    }

    @Test("A journal of an earlier version is brought up to date with what is in it")
    func migration() async throws {
        try await withPath { path in
            let old = try DatabaseQueue(path: path)
            let (request, wallet, seed) = (Keypair().address, Keypair().address, WalletSeed(of: Keypair()))
            try await old.write { database in
                try database.execute(sql: StakeRecord.schema)
                try database.execute(sql: DisposableWalletRecord.schema)
                try database.execute(
                    sql: "INSERT INTO stake VALUES (?, ?, 'test/model', NULL, 100, 0, 'published', 0, 5, 1000)",
                    arguments: [request.blob, wallet.blob]
                )
                try database.execute(
                    sql: "INSERT INTO disposable_wallet VALUES (0, ?, 1), (1, ?, 0), (2, ?, 0)",
                    arguments: [seed.keypair(0).address.blob, seed.keypair(1).address.blob, wallet.blob]
                )
                try database.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
                try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('1: stakes, disposable wallets')")
            }
            try old.close()
            let journal = try ClientJournal(path: path)
            #expect(try await journal.unsettledStakes().map(\.request) == [request])
            // The third belongs to another seed; its number is not given out again.
            #expect(try await journal.disposableWallets(of: seed).map(\.index) == [0, 1])
            #expect(try await journal.disposableWallets(of: seed).map(\.isRetired) == [true, false])
            #expect(try await journal.takeDisposableWallet(of: seed) == 3)
            try journal.close()
        }
    }

    @Test("A sweep leaves a stranger's request of the same wallet alone until its time is over")
    func strangers() async throws {
        try await TestMarket.with { market in
            let buyer = try market.wallet()
            let raw = RawClient(market: market, wallet: buyer)
            try await raw.publish()
            let client = try await market.client(buyer)
            let first = try await client.sweep()
            #expect(first.cancelled.isEmpty && Array(first.waiting.keys) == [raw.request])
            market.cluster.advance(by: .seconds(601))
            market.cluster.advanceSlot()
            #expect(try await client.sweep().cancelled == [raw.request])
        }
    }

    @Test("Limits count what is open with its stake, what is over with its cost, and forget after a day")
    func limits() async throws {
        let journal = try ClientJournal()
        let limits = SpendLimits(perSession: 500, perDay: 1_000)
        await #expect(throws: ClientError.self) {
            try await journal.intend(record(stake: 501, at: 0), fees: 0, limits: limits)
        }
        let first = record(stake: 500, at: 0)
        try await journal.intend(first, fees: 10, limits: limits)
        let error = await #expect(throws: ClientError.self) {
            try await journal.intend(record(stake: 500, at: 10), fees: 10, limits: limits)
        }
        guard case .spendLimit(.perDay(spent: 500), limit: 1_000, needed: 510) = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.cost == .nothing)
        try await journal.settled(first.request, charge: 100, fees: 10)
        try await journal.intend(record(stake: 500, at: 20), fees: 10, limits: limits)
        await #expect(throws: ClientError.self) {
            try await journal.intend(record(stake: 400, at: 86_399), fees: 10, limits: limits)
        }
        try await journal.intend(record(stake: 400, at: 86_400), fees: 10, limits: limits)
    }

    @Test("A limit refuses before anything is spent")
    func refusal() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let buyer = try market.wallet()
            try await market.running(seller) {
                let client = try await market.client(buyer) { $0.spendLimits.perSession = 999_999 }
                let before = market.cluster.balance(of: buyer.address)
                let error = await #expect(throws: ClientError.self) {
                    try await client.withSession("test/scripted", budget: 1_000_000) {
                        try await $0.ask(market.prompt())
                    }
                }
                #expect(error?.cost == .nothing)
                #expect("\(try #require(error))".contains("limit for one is 999999 lamports"))
                #expect(market.cluster.balance(of: buyer.address) == before)
            }
        }
    }

    @Test("A client that died in the middle finds its stake again: shortened to ten minutes, then back whole")
    func crash() async throws {
        try await withPath { path in
            try await TestMarket.with { market in
                let seller = try market.seller()
                let buyer = try market.wallet()
                let total = market.cluster.balance(of: buyer.address)
                try await market.running(seller) {}
                // What a crash right after publishing leaves behind: a stake that only the journal and the chain know.
                let raw = RawClient(market: market, wallet: buyer)
                _ = try await raw.lockDirectly(seller.wallet.address)
                let journal = try ClientJournal(path: path)
                try await journal.intend(
                    StakeRecord(
                        request: raw.request,
                        wallet: buyer.address,
                        model: "test/scripted",
                        server: seller.address,
                        stake: raw.stake,
                        credit: 0,
                        createdAt: UnixTime(rawValue: Int64(Date().timeIntervalSince1970))
                    ),
                    fees: 10_000,
                    limits: SpendLimits()
                )
                let client = try await InferenceClient(
                    wallet: .keypair(buyer),
                    cluster: market.endpoint,
                    journal: journal
                )
                let first = try await client.sweep()
                #expect(first.closing == [raw.request])
                let second = try await client.sweep()
                #expect(second.closing.isEmpty && Array(second.waiting.keys) == [raw.request])
                market.cluster.advance(by: .seconds(601))
                // The client's tolerance for a confirmed clock: one more slot.
                market.cluster.advanceSlot()
                let third = try await client.sweep()
                #expect(third.expired == [raw.request] && third.failed.isEmpty)
                #expect(try await client.sweep().isEmpty)
                #expect(try await journal.unsettledStakes().isEmpty)
                // Published, shortened, expired: three signatures.
                #expect(market.cluster.balance(of: buyer.address).rawValue == total.rawValue - 15_000)
                try journal.close()
            }
        }
    }

    @Test("The sweeping service leaves running sessions alone and ends with its scope")
    func service() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pausesAfter = 10
            let seller = try market.seller(backend: ScriptedBackend(script))
            let buyer = try market.wallet()
            try await market.running(seller) {
                let client = try await market.client(buyer) { $0.sweepInterval = .milliseconds(50) }
                let reports = EventLog<(number: Int, report: SweepReport)>()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await client.run { reports.append((reports.events.count, $0)) } }
                    let answer = try await client.withSession("test/scripted", budget: 1_000_000) { session in
                        async let answer = session.ask(market.prompt())
                        // Several sweeps pass while the answer is under way.
                        let count = reports.events.count
                        _ = try await reports.first("sweeps") { $0.number >= count + 4 ? true : nil }
                        seller.backend.resume()
                        return try await answer
                    }
                    #expect(answer.usage.output == 40)
                    group.cancelAll()
                    try await group.waitForAll()
                }
                #expect(reports.events.flatMap(\.report.closing).isEmpty)
                #expect(reports.events.flatMap(\.report.cancelled).isEmpty)
            }
        }
    }

    @Test("A flag counts against the server when it claims")
    func flag() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let buyer = try market.wallet()
            try await market.running(seller) {
                let client = try await market.client(buyer)
                try await client.withSession("test/scripted", budget: 1_000_000) { session in
                    try await session.ask(market.prompt())
                    try await session.flag()
                }
                let account = try #require(try await market.chain.server(of: seller.wallet.address)?.account)
                #expect(account.reputation == Reputation(completed: 1, flagged: 1))
            }
        }
    }
}
