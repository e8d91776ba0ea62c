import ChainferenceKit
import ChainferenceTesting
import Foundation
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("A client killed at random", .timeLimit(.minutes(10)))
struct ClientKillTests {
    /// Two hundred in every run, over several wallets at a time; another number on request.
    private static let kills =
        ProcessInfo.processInfo.environment["CHAINFERENCE_CLIENT_KILLS"].flatMap { Int($0) } ?? 200
    private static let lanes = 4

    /// One wallet, whose processes come one after the other.
    private struct Lane: Sendable {
        let wallet: Keypair
        let key: String
        let journal: String
        let random: SplitMix64
    }

    @Test("SIGKILL at two hundred random points: no stake is forgotten, and all is settled to the lamport")
    func killed() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("crash-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pieces = (0..<120).map { "w\($0) " }
            let seller = try market.seller(backend: ScriptedBackend(script)) {
                $0.concurrency = 10_000
                $0.idleLimit = .seconds(1)
            }
            let lanes = try (0..<Self.lanes).map { number in
                let lane = Lane(
                    wallet: try market.wallet(),
                    key: folder.appendingPathComponent("\(number).json").path,
                    journal: folder.appendingPathComponent("\(number).sqlite").path,
                    random: SplitMix64(seed: UInt64(number) + 1)
                )
                try lane.wallet.write(to: lane.key)
                return lane
            }
            try await market.running(seller) {
                let before = market.cluster.allBalances()
                let clock = ContinuousClock()
                let began = clock.now
                let found = try await withThrowingTaskGroup(of: Int.self) { group in
                    for lane in lanes {
                        group.addTask { try await Self.kill(Self.kills / Self.lanes, lane, market) }
                    }
                    return try await group.reduce(0, +)
                }
                print(
                    "\(Self.kills) kills in \(began.duration(to: clock.now)); \(found) of them left a stake on the chain"
                )
                // Many of the kills came while there was something to lose.
                #expect(found >= Self.kills / 10)
                for lane in lanes { try await Self.bringHome(lane, market) }
                let after = market.cluster.allBalances()
                #expect(after.total == before.total)

                // Every lamport that the buyers miss is in a claim or in a fee.
                let claims = try await seller.store.claims().reduce(UInt64(0)) { $0 + $1.charge.rawValue }
                func change(_ address: Address) -> Int64 {
                    Int64(after.accounts[address]?.rawValue ?? 0) - Int64(before.accounts[address]?.rawValue ?? 0)
                }
                let fees = Int64(after.feesCollected.rawValue - before.feesCollected.rawValue)
                let sellersFees = Int64(claims) - change(seller.wallet.address)
                let buyers = lanes.reduce(Int64(0)) { $0 + change($1.wallet.address) }
                #expect(buyers == -Int64(claims) - (fees - sellersFees))
                #expect(try await seller.store.unsettledLocks().isEmpty)
            }
        }
    }

    /// Starts and kills a client so often.
    ///
    /// - Returns: How many kills left a stake on the chain.
    private static func kill(_ count: Int, _ lane: Lane, _ market: TestMarket) async throws -> Int {
        var random = lane.random
        var found = 0
        for round in 0..<count {
            let process = Process()
            process.executableURL = program
            process.arguments = [market.cluster.rpcURL, market.cluster.webSocketURL, lane.key, lane.journal]
            let output = Pipe()
            process.standardOutput = output
            let ended = EventLog<Int32>()
            process.terminationHandler = { ended.append($0.terminationStatus) }
            try process.run()
            let words = await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: output.fileHandleForReading.availableData)
                }
            }
            #expect(String(decoding: words, as: UTF8.self) == "begun\n", "round \(round)")
            try await Task.sleep(for: .microseconds(Int.random(in: 0...400_000, using: &random)))
            Foundation.kill(process.processIdentifier, SIGKILL)
            _ = try await ended.first("end") { $0 }

            let requests = try await market.chain.requests(.requests(of: lane.wallet.address)).map(\.address)
            found += requests.isEmpty ? 0 : 1
            let journal = try ClientJournal(path: lane.journal)
            let known = Set(try await journal.unsettledStakes().map(\.request))
            #expect(
                known.isSuperset(of: requests),
                "round \(round): a stake on the chain that the journal does not know"
            )
            try journal.close()
        }
        return found
    }

    /// Sweeps until nothing of a wallet is left, with the hour that the slowest stake takes gone by.
    private static func bringHome(_ lane: Lane, _ market: TestMarket) async throws {
        let journal = try ClientJournal(path: lane.journal)
        let client = try await InferenceClient(
            wallet: .keypair(lane.wallet),
            cluster: market.endpoint,
            journal: journal
        )
        for _ in 0..<20 {
            let report = try await client.sweep()
            if report.isEmpty { break }
            // The server claims what it is begun to close with; what it leaves is free ten minutes later.
            for request in report.waiting.keys {
                let isOver = try await market.chain.waitForRequest(request, within: .seconds(5)) { found -> Bool? in
                    if case .locked = found?.account.state { nil } else { true }
                }
                if isOver == nil { market.cluster.advance(by: .seconds(601)) }
            }
        }
        #expect(try await market.chain.requests(.requests(of: lane.wallet.address)).isEmpty)
        let left = try await journal.unsettledStakes()
        // What was written down and never sent is forgotten after five minutes of this machine's time.
        #expect(left.allSatisfy { $0.state == .intended })
        try journal.close()
    }

    /// The program beside the tests.
    private static var program: URL {
        Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("crash-client")
    }
}
