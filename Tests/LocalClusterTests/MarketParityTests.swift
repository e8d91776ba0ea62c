import Foundation
import InferenceMarket
import JSON
import Solana
import Testing

@testable import LocalCluster

/// One program, two machines: what the SBF build did in the Solana VM, the native build has to do in the ledger.
///
/// `Golden/market.jsonl` holds transactions of the SVM suite (`Golden/record_market.py` says how they are recorded),
/// each with the accounts before it, what the VM made of it, and the accounts that it changed.
@Suite("Market program against the Solana VM")
struct MarketParityTests {
    struct Recorded: Decodable {
        var name: String
        var slot: UInt64
        var time: Int64
        var blockhash: Blockhash
        var transaction: Data
        var before: [String: GoldenTransactionTests.StoredAccount?]
        var error: JSONValue
        var logs: [String]
        var after: [String: GoldenTransactionTests.StoredAccount?]
    }

    static func recorded() throws -> [Recorded] {
        let path = ProcessInfo.processInfo.environment["CHAINFERENCE_MARKET_TRACE"].map { URL(fileURLWithPath: $0) }
        let url = path ?? Bundle.module.url(forResource: "market", withExtension: "jsonl", subdirectory: "Golden")
        let text = try String(contentsOf: #require(url), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Recorded.self, from: Data($0.utf8)) }
    }

    /// Compute units are estimates in the ledger; on the chain they are measured.
    private static func withoutUnits(_ logs: [String]) -> [String] {
        logs.filter { !($0.hasPrefix("Program ") && $0.contains(" consumed ")) }
    }

    @Test("Every recorded transaction: error, log, events, accounts and fee")
    func replay() throws {
        let all = try Self.recorded()
        #expect(all.count > 200)
        for recorded in all {
            var ledger = try ledger(for: recorded)
            var error = JSONValue.null
            var logs: [String] = []
            switch ledger.result(of: try Transaction(decoding: recorded.transaction)) {
            case .success(let record):
                error = .optional(record.error, \.json)
                logs = record.logs
            case .failure(let refusal): error = refusal.json
            }
            #expect(error == recorded.error, "\(recorded.name)\n\(logs.joined(separator: "\n"))")
            #expect(Self.withoutUnits(logs) == Self.withoutUnits(recorded.logs), "\(recorded.name)")
            for address in recorded.before.keys {
                let wanted = recorded.after[address] ?? recorded.before[address] ?? nil
                let found = ledger.account(try Address(base58: address)).map {
                    GoldenTransactionTests.StoredAccount(
                        lamports: $0.lamports.rawValue,
                        owner: $0.owner,
                        data: Data($0.data)
                    )
                }
                #expect(found == wanted, "\(recorded.name): \(address)")
            }
        }
    }

    /// A ledger in the state that the VM was in.
    private func ledger(for recorded: Recorded) throws -> Ledger {
        var parameters = LedgerParameters()
        parameters.seed = [1]
        parameters.genesisTime = 0
        parameters.market.isInitialized = false
        for (address, stored) in recorded.before {
            guard let stored else { continue }
            parameters.accounts[try Address(base58: address)] = LedgerAccount(
                lamports: Lamports(stored.lamports),
                data: [UInt8](stored.data),
                owner: stored.owner
            )
        }
        var ledger = Ledger(parameters: parameters)
        ledger.jump(toSlot: recorded.slot, unixTimestamp: recorded.time, blockhash: recorded.blockhash)
        return ledger
    }
}
