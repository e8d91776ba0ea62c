import Foundation
import LocalCluster
import Solana

extension BenchmarkGroup {
    /// Transactions per second of the ledger, and its memory as transactions pile up, against LiteSVM from Python.
    static let cluster = BenchmarkGroup(
        name: "cluster",
        title: "The local cluster, against PyPI solders' LiteSVM driven from Python (signing left out on both sides)"
    ) { stopwatch, context in
        let floor = try context.python(script: "litesvm_floor.py")
        let payer = try Keypair(seed: [UInt8](repeating: 1, count: 32))
        let receiver = try Address(bytes: [UInt8](repeating: 2, count: 32))
        var parameters = LedgerParameters()
        parameters.accounts[payer.address] = LedgerAccount(lamports: 1_000_000_000_000_000_000, owner: SystemProgram.id)
        var ledger = Ledger(parameters: parameters)
        var made: UInt64 = 0

        /// Lands so many transfers, a slot after every thousand, and says how long that took without the signing.
        func transfers(_ count: Int, in ledger: inout Ledger) throws -> UInt64 {
            var elapsed: UInt64 = 0
            for start in stride(from: 0, to: count, by: 1_000) {
                let recent = ledger.latestBlockhash(atSlot: ledger.slot).blockhash
                let ready = try (start..<min(start + 1_000, count)).map { _ in
                    made += 1
                    var transaction = try Transaction(
                        feePayer: payer.address,
                        instructions: [
                            SystemProgram.transfer(
                                from: payer.address,
                                to: receiver,
                                lamports: Lamports(1_000_000 + made)
                            )
                        ],
                        recentBlockhash: recent
                    )
                    try transaction.sign(by: [payer])
                    return transaction
                }
                elapsed += try Stopwatch.time {
                    for transaction in ready {
                        if let error = try ledger.process(transaction).error { throw error }
                    }
                    ledger.advanceSlot(unixTimestamp: ledger.unixTimestamp + 1)
                }
            }
            return elapsed
        }

        try stopwatch.compare(
            "land a transfer, signature check included",
            to: "LiteSVM from Python",
            goal: .speedAtLeast(1),
            ours: { try transfers($0, in: &ledger) },
            theirs: { try floor.time("transfers", $0) }
        )

        // A ledger that remembers 20,000 transactions grows until it has them, and then no more.
        parameters.historyLimit = 20_000
        parameters.blockLimit = 1_000
        ledger = Ledger(parameters: parameters)
        let start = try residentBytes()
        _ = try transfers(30_000, in: &ledger)
        let full = try residentBytes()
        _ = try transfers(70_000, in: &ledger)
        let end = try residentBytes()
        let theirsBefore = try floor.number("rss")
        _ = try floor.time("transfers", 100_000)
        let theirs = try floor.number("rss")
        let growth = Double(max(end, full) - full) / Double(max(1, full - min(full, start)))
        print(
            """
              memory: \(start >> 20) MB at first, \(full >> 20) MB after 30,000 transactions, \(end >> 20) MB after \
            100,000 (20,000 remembered); LiteSVM without history \(theirsBefore >> 20) MB, then \(theirs >> 20) MB
            """
        )
        if growth > 0.25 { stopwatch.miss("memory stays flat once the limit is reached") }
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
