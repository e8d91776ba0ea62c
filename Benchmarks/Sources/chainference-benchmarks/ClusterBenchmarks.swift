import ChainferenceKit
import Foundation
import LocalCluster
import Solana
import Synchronization

extension BenchmarkGroup {
    /// Transactions per second of the local cluster, and its memory as they pile up, against LiteSVM from Python.
    static let cluster = BenchmarkGroup(
        name: "cluster",
        title: "The local cluster, against PyPI solders' LiteSVM driven from Python (signing left out on both sides)"
    ) { stopwatch, context in
        let floor = try context.python(script: "litesvm_floor.py")
        let load = try TransferLoad()
        let processors = ProcessInfo.processInfo.activeProcessorCount
        for (submitters, goal) in [(processors, Stopwatch.Goal.speedAtLeast(1)), (1, nil)] {
            let cluster = load.cluster()
            try await stopwatch.compare(
                "land a transfer, \(submitters) submitting at once",
                to: "LiteSVM from Python",
                goal: goal,
                ours: { try await load.land($0, in: cluster, submitters: submitters) },
                theirs: { try floor.time("transfers", $0) }
            )
        }
        // Client and node share the processors here, HTTP, JSON and Base64 are part of it, and every call waits for its turn
        // on three threads, which is what more submitters make up for; LiteSVM is called directly.
        try await LocalCluster.withRunning(load.configuration()) { cluster in
            let rpc = RPCClient(cluster: try Cluster(rpcURL: cluster.rpcURL), policy: .localnet)
            for submitters in [1, processors, 16] {
                try await stopwatch.compare(
                    "land a transfer over JSON-RPC, \(submitters) submitting at once",
                    to: "LiteSVM from Python, called directly",
                    ours: { try await load.land($0, in: cluster, through: rpc, submitters: submitters) },
                    theirs: { try floor.time("transfers", $0) }
                )
            }
        }

        // A cluster that remembers 20,000 transactions grows until it has them, and then no more.
        let bounded = load.cluster(historyLimit: 20_000, blockLimit: 1_000)
        let start = try residentBytes()
        _ = try await load.land(40_000, in: bounded, submitters: processors)
        let full = try residentBytes()
        _ = try await load.land(60_000, in: bounded, submitters: processors)
        let end = try residentBytes()
        let theirsBefore = try floor.number("rss")
        _ = try floor.time("transfers", 100_000)
        let theirs = try floor.number("rss")
        print(
            """
              memory: \(start >> 20) MB at first, \(full >> 20) MB after 40,000 transactions, \(end >> 20) MB after \
            100,000 (`historyLimit` 20,000, `blockLimit` 1,000); LiteSVM without history \(theirsBefore >> 20) MB, then \(theirs >> 20) MB
            """
        )
        if Double(end) > 1.25 * Double(full) { stopwatch.miss("memory stays flat once the limit is reached") }
    }

    /// Bytes of this process in memory.
    private static func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { throw BenchmarkUnavailable(reason: "/proc/self/status says nothing of memory") }
        return kilobytes * 1_024
    }
}

/// Transfers of one wallet, each with an amount of its own.
private final class TransferLoad: Sendable {
    private let payer: Keypair
    private let receiver: Address
    private let made = Atomic<UInt64>(0)

    init() throws {
        payer = try Keypair(seed: [UInt8](repeating: 1, count: 32))
        receiver = try Address(bytes: [UInt8](repeating: 2, count: 32))
    }

    /// A cluster in which the wallet has enough.
    func configuration(historyLimit: Int? = nil, blockLimit: Int? = nil) -> LocalCluster.Configuration {
        var configuration = LocalCluster.Configuration.testing(pace: .manual)
        configuration.ledger.accounts[payer.address] = LedgerAccount(
            lamports: 1_000_000_000_000_000_000,
            owner: SystemProgram.id
        )
        if let historyLimit { configuration.ledger.historyLimit = historyLimit }
        if let blockLimit { configuration.ledger.blockLimit = blockLimit }
        return configuration
    }

    func cluster(historyLimit: Int? = nil, blockLimit: Int? = nil) -> LocalCluster {
        LocalCluster(configuration(historyLimit: historyLimit, blockLimit: blockLimit))
    }

    /// Lands so many transfers, a slot after every thousand, and says how many nanoseconds that took without the signing.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - cluster: Where.
    ///   - rpc: The way there; nil for direct calls.
    ///   - submitters: How many tasks share the work.
    /// - Returns: The nanoseconds.
    /// - Throws: What refused a transfer, or ``BenchmarkUnavailable`` if one did not land.
    func land(
        _ count: Int,
        in cluster: LocalCluster,
        through rpc: RPCClient? = nil,
        submitters: Int
    ) async throws -> UInt64 {
        var elapsed: UInt64 = 0
        for start in stride(from: 0, to: count, by: 1_000) {
            let ready = try transfers(min(1_000, count - start), cluster.latestBlockhash())
            let before = cluster.balance(of: receiver)
            let took = try await ContinuousClock().measure {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for submitter in 0..<submitters {
                        group.addTask {
                            for index in stride(from: submitter, to: ready.count, by: submitters) {
                                if let rpc {
                                    try await rpc.sendTransaction(ready[index], skipsPreflight: true)
                                } else {
                                    try cluster.submit(ready[index])
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                cluster.advanceSlot()
            }
            elapsed += Stopwatch.nanoseconds(took)
            let received = cluster.balance(of: receiver).saturatingSubtracting(before)
            guard received >= Lamports(1_000_000 * UInt64(ready.count)) else {
                throw BenchmarkUnavailable(reason: "not every transfer landed")
            }
        }
        return elapsed
    }

    private func transfers(_ count: Int, _ blockhash: Blockhash) throws -> [Transaction] {
        try (0..<count).map { _ in
            let number = made.wrappingAdd(1, ordering: .relaxed).newValue
            let lamports = Lamports(1_000_000 + number)
            var transaction = try Transaction(
                feePayer: payer.address,
                instructions: [SystemProgram.transfer(from: payer.address, to: receiver, lamports: lamports)],
                recentBlockhash: blockhash
            )
            try transaction.sign(by: [payer])
            return transaction
        }
    }
}
