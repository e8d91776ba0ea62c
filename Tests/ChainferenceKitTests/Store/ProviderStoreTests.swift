import Foundation
import GRDB
import InferenceMarket
import Solana
import Testing

@testable import ChainferenceKit

@Suite("Provider store")
struct ProviderStoreTests {
    let key = Keypair()

    func record(_ slot: UInt64 = 7, request: Address = Keypair().address, state: LockRecord.State = .locked)
        -> LockRecord
    {
        LockRecord(
            id: LockID(request: request, createdSlot: slot),
            state: state,
            lockedAt: UnixTime(rawValue: 1_000),
            deadline: UnixTime(rawValue: 4_600),
            voucherSigner: key.address,
            stake: .max,
            credit: 5,
            createdAt: UnixTime(rawValue: 999)
        )
    }

    func voucher(_ amount: Lamports, for id: LockID, expiresAt: Int64 = 4_600) -> Voucher {
        Voucher(
            signing: VoucherMessage(
                request: id.request,
                cumulative: amount,
                expiresAt: UnixTime(rawValue: expiresAt)
            ),
            with: key
        )
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.appendingPathComponent("provider.sqlite").path)
    }

    @Test("Everything survives closing and opening again, the largest amounts included")
    func durability() async throws {
        try await withFolder { path in
            var lock = record(.max)
            let voucher = voucher(.max, for: lock.id)
            do {
                let store = try ProviderStore(path: path)
                try await store.save(lock)
                // Neither a smaller amount nor saving the lock again takes back what was begun on the credit.
                try await store.setBegunOnCredit(41, of: lock.id)
                try await store.setBegunOnCredit(40, of: lock.id)
                try await store.save(lock)
                lock.begunOnCredit = 41
                try await store.save(voucher, for: lock.id)
                try store.close()
            }
            let store = try ProviderStore(path: path)
            #expect(try await store.lock(lock.id) == lock)
            #expect(try await store.newestVoucher(for: lock.id) == voucher)
            #expect(try await store.unsettledLocks() == [lock])
            #expect(try await store.newestVoucher(for: lock.id)?.isSigned(by: key.address) == true)
        }
    }

    @Test("The file is its owner's alone, and commits reach the disk")
    func settings() async throws {
        try await withFolder { path in
            let store = try ProviderStore(path: path)
            try await store.save(record())
            for file in [path, path + "-wal", path + "-shm", path + ".lock"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: file)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(file)")
            }
            let (journal, synchronous) = try await store.write { database in
                (
                    try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                    try Int.fetchOne(database, sql: "PRAGMA synchronous")
                )
            }
            #expect(journal == "wal")
            #expect(synchronous == 2)
        }
    }

    @Test("A second provider can't open the store until the first one closes it")
    func exclusive() async throws {
        try await withFolder { path in
            let first = try ProviderStore(path: path)
            #expect(throws: StoreError.inUse(path: path)) { try ProviderStore(path: path) }
            try first.close()
            try ProviderStore(path: path).close()
        }
    }

    @Test("A voucher must rise within its lock, and a new lock begins anew")
    func vouchersRise() async throws {
        let store = try ProviderStore()
        let lock = record()
        await #expect(throws: StoreError.unknownLock(lock.id.request)) {
            try await store.save(voucher(1, for: lock.id), for: lock.id)
        }
        try await store.save(lock)
        try await store.save(voucher(100, for: lock.id), for: lock.id)
        for lower: Lamports in [100, 99, 0] {
            await #expect(throws: StoreError.voucherDoesNotRise(newest: 100, offered: lower)) {
                try await store.save(voucher(lower, for: lock.id), for: lock.id)
            }
        }
        try await store.save(voucher(.max, for: lock.id), for: lock.id)
        #expect(try await store.newestVoucher(for: lock.id)?.cumulative == .max)
        // Locked again after a release: vouchers of the earlier lock are worthless.
        try await store.save(voucher(3, for: lock.id, expiresAt: 9_000), for: lock.id)
        #expect(try await store.newestVoucher(for: lock.id)?.cumulative == 3)
    }

    @Test("Two incarnations of one address are two locks")
    func incarnations() async throws {
        let store = try ProviderStore()
        let address = Keypair().address
        let (first, second) = (record(1, request: address), record(2, request: address))
        try await store.save(first)
        try await store.save(second)
        try await store.save(voucher(10, for: first.id), for: first.id)
        #expect(try await store.newestVoucher(for: second.id) == nil)
        try await store.setState(.forgotten, of: first.id)
        #expect(try await store.unsettledLocks() == [second])
    }

    @Test("A claim is booked once")
    func claims() async throws {
        let store = try ProviderStore()
        let lock = record()
        try await store.save(lock)
        let claim = ClaimRecord(id: lock.id, charge: 640, signature: nil, claimedAt: UnixTime(rawValue: 2_000))
        try await store.settle(claim)
        try await store.settle(
            ClaimRecord(id: lock.id, charge: 1, signature: .zero, claimedAt: UnixTime(rawValue: 3_000))
        )
        #expect(try await store.claims() == [claim])
        #expect(try await store.unsettledLocks().isEmpty)
        #expect(try await store.lock(lock.id)?.state == .claimed)
    }

    @Test("Every state is kept, and only the two last ones are settled", arguments: LockRecord.State.allCases)
    func states(state: LockRecord.State) async throws {
        let store = try ProviderStore()
        let lock = record(state: state)
        try await store.save(lock)
        #expect(try await store.lock(lock.id)?.state == state)
        let isSettled = state == .claimed || state == .forgotten
        #expect(try await store.unsettledLocks().isEmpty == isSettled)
    }

    @Test("A file that is no database, and a folder that is not there, are refused with a reason")
    func refusals() async throws {
        try await withFolder { path in
            try Data(repeating: 0x41, count: 4_096).write(to: URL(fileURLWithPath: path))
            #expect(throws: StoreError.self) { try ProviderStore(path: path) }
            #expect(throws: StoreError.self) { try ProviderStore(path: path + "/missing/store.sqlite") }
        }
    }

    @Test("A row that makes no sense is an error with its column's name")
    func corruption() async throws {
        let store = try ProviderStore()
        let lock = record()
        try await store.save(lock)
        try await store.write { try $0.execute(sql: "UPDATE lock SET state = 'paid'") }
        await #expect(throws: StoreError.corrupt(table: "lock", column: "state")) { try await store.lock(lock.id) }
    }
}
