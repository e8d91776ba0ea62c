import Foundation
import JSON
import SodiumCrypto
import Solana
import Testing

@testable import LocalCluster

/// Clusters that stop and go on: what a snapshot keeps, and what it refuses.
@Suite("Snapshots")
struct SnapshotTests {
    let alice = TestLedger.wallet(1)
    let bob = TestLedger.wallet(2)

    private static func configuration() -> LocalCluster.Configuration {
        var configuration = LocalCluster.Configuration.testing(pace: .manual)
        configuration.ledger.seed = [5]
        configuration.ledger.genesisTime = 1_700_000_000
        configuration.ledger.accounts[TestLedger.wallet(1).address] = LedgerAccount(
            lamports: Lamports(10 * Lamports.perSOL),
            owner: SystemProgram.id
        )
        return configuration
    }

    /// A cluster with a past: transfers, failures of every stored kind, memos, lookup tables, priority, idle slots.
    private func cluster() throws -> LocalCluster {
        let cluster = LocalCluster(Self.configuration())
        for round in 0..<12 as Range<UInt64> { try live(cluster, round) }
        cluster.advance(by: .seconds(3_600))
        try live(cluster, 12)
        return cluster
    }

    private func live(_ cluster: LocalCluster, _ round: UInt64) throws {
        func send(_ instructions: [Instruction]) throws {
            var transaction = try Transaction(
                feePayer: alice.address,
                instructions: instructions + [MemoProgram.memo("round \(round)")],
                recentBlockhash: cluster.latestBlockhash()
            )
            try transaction.sign(by: [alice])
            try cluster.submit(transaction)
        }
        try cluster.airdrop(Lamports(1_000_000 + round), to: bob.address)
        try send([
            pay(alice, bob.address, 1_000_000 + round), ComputeBudgetProgram.setComputeUnitPrice(MicroLamports(round)),
        ])
        try send([pay(alice, bob.address, 1 << 62)])
        try send([pay(alice, TestLedger.wallet(90).address, 1)])
        try send([Instruction(program: TestLedger.wallet(91).address, accounts: [], data: [1])])
        let (creation, table) = try AddressLookupTableProgram.createTable(
            authority: alice.address,
            payer: alice.address,
            recentSlot: cluster.slot - 1
        )
        try send([
            creation,
            AddressLookupTableProgram.extendTable(
                table,
                authority: alice.address,
                payer: alice.address,
                addresses: [bob.address]
            ),
        ])
        cluster.advanceSlot()
        cluster.advanceSlot()
    }

    @Test("What comes back is what was, to the byte, and goes on as the original does")
    func roundTrip() throws {
        let original = try cluster()
        let bytes = try original.snapshot().encoded()
        let snapshot = try ClusterSnapshot(decoding: bytes)
        #expect(snapshot.slot == original.slot)
        let restored = try LocalCluster(Self.configuration(), restoring: snapshot)
        #expect(try restored.snapshot().encoded() == bytes)
        #expect(restored.allBalances() == original.allBalances())
        #expect(restored.unixTimestamp == original.unixTimestamp)
        // The same future: accounts at every level, duplicates, blockhashes, airdrops, clock.
        for round in 20..<45 as Range<UInt64> {
            for cluster in [original, restored] { try live(cluster, round) }
        }
        original.advance(by: .seconds(60))
        restored.advance(by: .seconds(60))
        #expect(try restored.snapshot().encoded() == original.snapshot().encoded())
    }

    @Test("Every method answers the same before and after")
    func answers() async throws {
        let original = try cluster()
        let signatures = original.withState { state in state.ledger.history.all.map(\.signature) }
        let calls: [(String, [JSONValue])] =
            ["processed", "confirmed", "finalized"].flatMap { level -> [(String, [JSONValue])] in
                let options: JSONValue = ["commitment": .string(level), "encoding": "base64"]
                return [
                    ("getBalance", [.string(alice.address.base58), options]),
                    ("getProgramAccounts", [.string(AddressLookupTableProgram.id.base58), options]),
                    ("getLatestBlockhash", [options]), ("getEpochInfo", [options]),
                    ("getAccountInfo", [.string(Sysvar.slotHashes.base58), options]),
                ]
            }
            + signatures.map { ("getTransaction", [.string($0.base58), ["commitment": "confirmed"]]) }
            + [
                ("getSignatureStatuses", [.array(signatures.map { .string($0.base58) })]),
                ("getSignaturesForAddress", [.string(bob.address.base58)]), ("getBlocks", [0]), ("getBlock", [6]),
                ("getRecentPrioritizationFees", []), ("getGenesisHash", []), ("getTransactionCount", []),
            ]
        #expect(signatures.count > 60)
        let restored = try LocalCluster(Self.configuration(), restoring: original.snapshot())
        for (method, parameters) in calls {
            let call: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(parameters)]
            let answers = [original, restored].map { cluster in
                RPCCalls(node: ClusterNode(cluster: cluster, lag: 0, rpcPort: 0, pubSubPort: nil)).answer(call)
            }
            #expect(answers[0]?["result"] != nil, "\(method)")
            #expect(answers[0] == answers[1], "\(method)")
        }
        // What has landed does not land again.
        let record = try #require(signatures.last.flatMap { original.transaction($0) })
        let transaction = try Transaction(decoding: record.wireBytes)
        #expect(throws: TransactionError.alreadyProcessed) { try restored.submit(transaction) }
    }

    @Test("Damage anywhere is found, and named")
    func damage() throws {
        let bytes = try LocalCluster(Self.configuration()).snapshot().encoded()
        func failure(_ change: (inout [UInt8]) -> Void) -> SnapshotError? {
            var changed = bytes
            change(&changed)
            do throws(SnapshotError) {
                _ = try ClusterSnapshot(decoding: changed)
                return nil
            } catch {
                return error
            }
        }
        #expect(failure { _ in } == nil)
        #expect(failure { $0 = [] } == .notASnapshot)
        #expect(failure { $0[0] ^= 1 } == .notASnapshot)
        #expect(failure { $0[8] = 2 } == .unsupportedVersion(2))
        #expect(
            failure { $0.removeLast() } == .wrongLength(expected: UInt64(bytes.count), found: UInt64(bytes.count - 1))
        )
        #expect(failure { $0.append(0) } == .wrongLength(expected: UInt64(bytes.count), found: UInt64(bytes.count + 1)))
        #expect(
            failure { $0.replaceSubrange(12..<20, with: repeatElement(0xff, count: 8)) }
                == .wrongLength(expected: .max, found: UInt64(bytes.count))
        )
        for position in stride(from: 20, to: bytes.count, by: bytes.count / 200) {
            #expect(failure { $0[position] ^= 0x10 } == .corrupted)
        }
        for count in stride(from: 0, to: bytes.count, by: bytes.count / 100) {
            #expect(failure { $0 = Array($0.prefix(count)) } != nil)
        }
    }

    /// A forger can make the checksum fit; a state that no ledger can be in must not bring a process down.
    @Test("Forged states with a right checksum are refused, or are states that a ledger can go on from")
    func forgeries() throws {
        let bytes = try cluster().snapshot().encoded()
        let body = Array(bytes[20..<bytes.count - 32])
        var random = SplitMix64(seed: 11)
        var refused = 0
        for _ in 0..<400 {
            var forged = body
            for _ in 0...Int.random(in: 0...2, using: &random) {
                // Numbers and counts stand at the beginning as often as data stand elsewhere.
                let limit = Bool.random(using: &random) ? min(300, forged.count) : forged.count
                let position = Int.random(in: 0..<limit, using: &random)
                forged[position] = Bool.random(using: &random) ? 0xff : .random(in: 0...255, using: &random)
            }
            if Int.random(in: 0..<10, using: &random) == 0 {
                forged.removeLast(Int.random(in: 1...forged.count, using: &random))
            }
            var file = Array(bytes[..<12])
            file.append(little: UInt64(forged.count))
            file += forged
            file += SHA256.hash(file)
            do throws(SnapshotError) {
                let snapshot = try ClusterSnapshot(decoding: file)
                let cluster = try LocalCluster(Self.configuration(), restoring: snapshot)
                for _ in 0..<3 { cluster.advanceSlot() }
                _ = cluster.allBalances().total
                let calls = RPCCalls(node: ClusterNode(cluster: cluster, lag: 0, rpcPort: 0, pubSubPort: nil))
                for method in [
                    "getEpochInfo", "getSupply", "getRecentPrioritizationFees", "getRecentPerformanceSamples",
                ] {
                    _ = calls.answer(["jsonrpc": "2.0", "id": 1, "method": .string(method)])
                }
                for record in cluster.withState({ Array($0.ledger.history.all) }) {
                    _ = calls.answer([
                        "jsonrpc": "2.0", "id": 1, "method": "getTransaction",
                        "params": [.string(record.signature.base58), ["encoding": "jsonParsed"]],
                    ])
                }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 100)
    }

    @Test("A file is replaced in one step; what is no snapshot is refused by name")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("snapshots-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/market"
        let first = LocalCluster(Self.configuration())
        try first.snapshot().write(to: path)
        #expect(try ClusterSnapshot(contentsOf: path).slot == first.slot)
        first.advanceSlot()
        try first.snapshot().write(to: path)
        #expect(try ClusterSnapshot(contentsOf: path).slot == first.slot)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["market"])

        let isMissing = SnapshotError.fileSystem(operation: "open it", path: folder + "/none", code: ENOENT)
        #expect(throws: isMissing) { try ClusterSnapshot(contentsOf: folder + "/none") }
        #expect(throws: SnapshotError.self) { try ClusterSnapshot(contentsOf: folder) }
        #expect(throws: SnapshotError.self) { try first.snapshot().write(to: folder + "/none/market") }
        try Data("no snapshot".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: SnapshotError.notASnapshot) { try ClusterSnapshot(contentsOf: path) }
    }

    @Test("A directory belongs to one cluster at a time, and keeps what was saved last")
    func directories() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("ledger-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let cluster = LocalCluster(Self.configuration())
        do {
            let directory = try LedgerDirectory(path: path)
            #expect(try directory.load().map(\.slot) == nil)
            try directory.save(cluster.snapshot())
            #expect(throws: SnapshotError.inUse(path: path)) { try LedgerDirectory(path: path) }
        }
        let directory = try LedgerDirectory(path: path)
        #expect(try directory.load()?.slot == cluster.slot)
        try directory.reset()
        #expect(try directory.load().map(\.slot) == nil)
        try directory.reset()
    }

    @Test("The configuration's limits hold for a restored cluster; another market is refused")
    func configurations() throws {
        let snapshot = try cluster().snapshot()
        var small = Self.configuration()
        small.ledger.historyLimit = 10
        small.ledger.blockLimit = 4
        small.ledger.rent = Rent(lamportsPerByte: 1)
        let restored = try LocalCluster(small, restoring: snapshot)
        restored.withState { state in
            #expect(state.ledger.history.count == 10)
            #expect(state.ledger.blocks.slots(from: 0, through: .max).count == 4)
        }
        // What genesis fixed is the snapshot's.
        #expect(restored.configuration.ledger.rent == .standard)
        var other = Self.configuration()
        other.ledger.market.program = alice.address
        #expect(throws: SnapshotError.otherMarket) { try LocalCluster(other, restoring: snapshot) }
    }
}
