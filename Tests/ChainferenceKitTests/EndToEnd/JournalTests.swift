import ChainferenceKit
import ChainferenceTesting
import Foundation
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

    private func record(stake: Lamports, at seconds: Int64) -> StakeRecord {
        StakeRecord(
            request: Keypair().address,
            wallet: Keypair().address,
            model: "test/model",
            server: nil,
            stake: stake,
            credit: 0,
            createdAt: UnixTime(rawValue: seconds)
        )
    }

    @Test("A journal survives being closed, belongs to its owner alone and to one process at a time")
    func file() async throws {
        try await withPath { path in
            let first = try ClientJournal(path: path)
            let record = record(stake: 100, at: 1_000)
            try await first.intend(record, fees: 10, limits: SpendLimits())
            try await first.published(record.request, fee: 5)
            #expect(throws: StoreError.inUse(path: path)) { try ClientJournal(path: path) }
            #expect(try await first.takeDisposableWallet { _ in record.wallet } == 0)
            try first.close()
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let second = try ClientJournal(path: path)
            var expected = record
            expected.state = .published
            expected.fees = 5
            #expect(try await second.unsettledStakes() == [expected])
            let other = Keypair().address
            #expect(try await second.takeDisposableWallet { _ in other } == 1)
            try await second.settled(record.request, charge: 30, fees: nil)
            #expect(try await second.unsettledStakes().isEmpty)
            #expect(try await second.spent(inTheDayBefore: UnixTime(rawValue: 1_000)) == 35)
            try second.close()
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
