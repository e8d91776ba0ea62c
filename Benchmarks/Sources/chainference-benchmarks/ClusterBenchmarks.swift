import Dispatch
import Foundation
import LocalCluster
import Solana

extension BenchmarkGroup {
    /// Transactions per second of the local cluster, and its memory as they pile up, against LiteSVM from Python.
    static let cluster = BenchmarkGroup(
        name: "cluster",
        title: "The local cluster, against PyPI solders' LiteSVM driven from Python (signing left out on both sides)"
    ) { stopwatch, context in
        let floor = try context.python(script: "litesvm_floor.py")
        let load = try TransferLoad()
        let cluster = load.cluster()
        try stopwatch.compare(
            "land a transfer, from as many threads as there are processors",
            to: "LiteSVM from Python",
            goal: .speedAtLeast(1),
            ours: { try load.land($0, in: cluster, threads: ProcessInfo.processInfo.activeProcessorCount) },
            theirs: { try floor.time("transfers", $0) }
        )
        try stopwatch.compare(
            "land a transfer, from one thread",
            to: "LiteSVM from Python",
            ours: { try load.land($0, in: cluster, threads: 1) },
            theirs: { try floor.time("transfers", $0) }
        )

        // A cluster that remembers 20,000 transactions grows until it has them, and then no more.
        let bounded = load.cluster(historyLimit: 20_000, blockLimit: 1_000)
        let start = try residentBytes()
        _ = try load.land(40_000, in: bounded, threads: 1)
        let full = try residentBytes()
        _ = try load.land(60_000, in: bounded, threads: 1)
        let end = try residentBytes()
        let theirsBefore = try floor.number("rss")
        _ = try floor.time("transfers", 100_000)
        let theirs = try floor.number("rss")
        print(
            """
              memory: \(start >> 20) MB at first, \(full >> 20) MB after 40,000 transactions, \(end >> 20) MB after \
            100,000 (20,000 remembered); LiteSVM without history \(theirsBefore >> 20) MB, then \(theirs >> 20) MB
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
private final class TransferLoad {
    private let payer: Keypair
    private let receiver: Address
    private var made: UInt64 = 0

    init() throws {
        payer = try Keypair(seed: [UInt8](repeating: 1, count: 32))
        receiver = try Address(bytes: [UInt8](repeating: 2, count: 32))
    }

    /// A cluster in which the wallet has enough.
    func cluster(historyLimit: Int? = nil, blockLimit: Int? = nil) -> LocalCluster {
        var configuration = LocalCluster.Configuration.testing(pace: .manual)
        configuration.ledger.accounts[payer.address] = LedgerAccount(
            lamports: 1_000_000_000_000_000_000,
            owner: SystemProgram.id
        )
        if let historyLimit { configuration.ledger.historyLimit = historyLimit }
        if let blockLimit { configuration.ledger.blockLimit = blockLimit }
        return LocalCluster(configuration)
    }

    /// Lands so many transfers, a slot after every thousand, and says how many nanoseconds that took without the signing.
    func land(_ count: Int, in cluster: LocalCluster, threads: Int) throws -> UInt64 {
        var elapsed: UInt64 = 0
        for start in stride(from: 0, to: count, by: 1_000) {
            let ready = try transfers(min(1_000, count - start), cluster.latestBlockhash())
            let before = cluster.balance(of: receiver)
            elapsed += Stopwatch.time {
                DispatchQueue.concurrentPerform(iterations: threads) { thread in
                    // The signatures are checked outside of the cluster's lock, as for its endpoints.
                    for index in stride(from: thread, to: ready.count, by: threads) {
                        _ = try? cluster.submit(ready[index])
                    }
                }
                cluster.advanceSlot()
            }
            let received = cluster.balance(of: receiver).saturatingSubtracting(before)
            guard received >= Lamports(1_000_000 * UInt64(ready.count)) else {
                throw BenchmarkUnavailable(reason: "not every transfer landed")
            }
        }
        return elapsed
    }

    private func transfers(_ count: Int, _ blockhash: Blockhash) throws -> [Transaction] {
        try (0..<count).map { _ in
            made += 1
            let lamports = Lamports(1_000_000 + made)
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
