import Foundation
import InferenceMarket
import Solana
import Testing

@testable import ChainferenceKit

@Suite("A provider's books")
struct EarningsTests {
    private func signature(_ byte: UInt8) throws -> Signature {
        try Signature(bytes: [UInt8](repeating: byte, count: 64))
    }

    private func lock(_ model: ModelID?, _ store: ProviderStore, fee: UInt16 = 250) async throws -> LockID {
        let record = LockRecord(
            id: LockID(request: Keypair().address, createdSlot: 7),
            state: .locked,
            lockedAt: UnixTime(rawValue: 1_000),
            deadline: UnixTime(rawValue: 4_600),
            voucherSigner: Keypair().address,
            stake: 1_000_000,
            credit: 0,
            createdAt: UnixTime(rawValue: 999),
            model: model,
            marketFee: BasisPoints(rawValue: fee)
        )
        try await store.save(record)
        #expect(try await store.lock(record.id) == record)
        return record.id
    }

    private func send(
        _ byte: UInt8,
        _ purpose: SentTransaction.Purpose,
        _ locks: [LockID],
        fee: Lamports,
        at time: Int64,
        _ outcome: SentTransaction.Outcome,
        _ store: ProviderStore
    ) async throws {
        let sent = SentTransaction(
            signature: try signature(byte),
            purpose: purpose,
            locks: locks.sorted { $0.request.bytes.lexicographicallyPrecedes($1.request.bytes) },
            fee: fee,
            lastValidBlockHeight: .max,
            sentAt: UnixTime(rawValue: time)
        )
        try await store.save(sent)
        try await store.save(sent)
        #expect(try await store.undecidedTransactions() == [sent])
        try await store.setOutcome(outcome, of: sent.signature)
    }

    @Test("Charges, fees and failed locks are added up per day and model; batches share their fee to the lamport")
    func adds() async throws {
        let store = try ProviderStore()
        let (a, b, old) = (
            try await lock("org/a", store), try await lock("org/b", store), try await lock(nil, store)
        )
        let day: Int64 = 1_795_305_600  // 2026-11-22T00:00:00Z
        for (id, charge, time) in [(a, 10_003, day + 5), (b, 20_000, day + 86_399), (old, 1, day + 86_400)] {
            try await store.settle(
                ClaimRecord(
                    id: id,
                    charge: Lamports(rawValue: UInt64(charge)),
                    signature: nil,
                    claimedAt: UnixTime(rawValue: time)
                )
            )
        }
        try await send(1, .lock, [a], fee: 5_000, at: day, .landed, store)
        try await send(2, .lock, [b], fee: 5_000, at: day, .failed, store)
        try await send(3, .settlement, [a, b], fee: 15_001, at: day + 9, .landed, store)
        try await send(4, .heartbeat, [], fee: 5_000, at: day + 9, .landed, store)
        try await send(5, .lock, [a], fee: 7_777, at: day, .expired, store)

        let report = try await store.earnings()
        #expect(report.lines.map(\.model) == [nil, "org/a", "org/b", nil])
        let (server, first, second, late) = (report.lines[0], report.lines[1], report.lines[2], report.lines[3])
        #expect(server.transactionFees == 5_000 && server.net == -5_000)
        // ⌊10,003 × 250 ÷ 10,000⌋ is 250.
        #expect(first.sessions == 1 && first.charges == 10_003 && first.marketFees == 250 && first.failedLocks == 0)
        #expect(second.charges == 20_000 && second.marketFees == 500 && second.failedLocks == 1)
        #expect(first.transactionFees.rawValue + second.transactionFees.rawValue == 5_000 + 5_000 + 15_001)
        #expect(late.charges == 1 && late.day.dayText == "2026-11-23" && first.day.dayText == "2026-11-22")
        #expect(report.total.net == 10_003 + 20_000 + 1 - 750 - 30_001)

        let text = "\(report)"
        #expect(text.split(separator: "\n").count == 6 && text.contains("org/a") && text.contains("2026-11-23"))
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
        let total = try #require(json?["total"] as? [String: Any])
        #expect(total["net"] as? Int == -747 && total["failed_locks"] as? Int == 1)
        let today = try await store.earnings(
            during: UnixTime(rawValue: day + 86_400)..<UnixTime(rawValue: day + 90_000)
        )
        #expect(today.lines == [late])
    }

    @Test("Folded days say the same as their rows did, once and twice, and what is not over keeps its rows")
    func folds() async throws {
        let store = try ProviderStore()
        let day: Int64 = 1_795_305_600
        var ids: [LockID] = []
        for number in 0..<40 as Range<Int64> {
            let id = try await lock(number % 2 == 0 ? "org/a" : "org/b", store)
            ids.append(id)
            let time = UnixTime(rawValue: day + number * 10_000)
            try await send(UInt8(number), .lock, [id], fee: 5_000, at: time.rawValue, .landed, store)
            try await send(
                UInt8(100 + number),
                .settlement,
                number > 0 ? [id, ids[Int(number) - 1]] : [id],
                fee: 10_003,
                at: time.rawValue,
                number % 3 == 0 ? .failed : .landed,
                store
            )
            try await store.settle(ClaimRecord(id: id, charge: 12_345, signature: nil, claimedAt: time))
        }
        let open = try await lock("org/a", store)
        try await send(99, .heartbeat, [], fee: 5_000, at: day, .sent, store)
        let before = try await store.earnings()
        let rows = try await store.transactions().count
        // In the middle of the third day: the third keeps its rows.
        for _ in 0..<2 {
            try await store.prune(before: UnixTime(rawValue: day + 200_000))
            #expect(try await store.earnings() == before)
        }
        #expect(try await store.claims().count == 40 - 18)
        #expect(try await store.transactions().count == rows - 2 * 18)
        #expect(try await store.undecidedTransactions().count == 1)
        #expect(try await store.unsettledLocks().map(\.id).contains(open))
        let later = try await store.earnings(during: UnixTime(rawValue: day + 172_800)..<UnixTime(rawValue: .max))
        #expect(later.lines == before.lines.filter { $0.day.rawValue >= day + 172_800 })
        // All of it: nothing is left but what is not over.
        try await store.prune(before: UnixTime(rawValue: day + 40 * 86_400))
        #expect(try await store.earnings() == before)
        #expect(try await store.claims().isEmpty)
        #expect(try await store.transactions().map(\.outcome) == [.sent])
        #expect(try await store.lock(ids[3]) == nil)
        #expect(try await store.lock(open) != nil)
    }

    @Test("A store can be read while its provider works with it, and written by nobody else")
    func readsBeside() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("books-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("provider.sqlite").path
        #expect(throws: StoreError.self) { try ProviderStore(reading: path) }
        let store = try ProviderStore(path: path)
        let id = try await lock("org/a", store)
        let reader = try ProviderStore(reading: path)
        #expect(try await reader.lock(id)?.model == "org/a")
        await #expect(throws: StoreError.self) { try await reader.setState(.forgotten, of: id) }
        #expect(try await reader.earnings().lines.isEmpty)
        try store.close()
    }

    @Test("A store of the first version is brought up to date, and its locks stay")
    func migrates() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("old-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("provider.sqlite").path
        let id = LockID(request: Keypair().address, createdSlot: 3)
        try OldStore.make(at: path, with: id)
        let store = try ProviderStore(path: path)
        let lock = try #require(try await store.lock(id))
        #expect(lock.model == nil && lock.marketFee == nil && lock.state == .claiming)
        #expect(try await store.unsettledLocks() == [lock])
        try store.close()
    }
}
