import Foundation
import JSON
import Solana
import Testing

@testable import LocalCluster

/// Replays what LiteSVM, which is the Agave runtime, made of several hundred transactions (see `Golden/generate.py`).
@Suite("Transactions against the Agave runtime")
struct GoldenTransactionTests {
    struct Document: Decodable {
        var blockhash: Blockhash
        var start: [String: StoredAccount]
        var cases: [Case]
    }

    struct StoredAccount: Decodable, Equatable {
        var lamports: UInt64
        var owner: Address
        var data: Data
    }

    struct Case: Decodable {
        var name: String
        var transaction: Data
        var error: JSONValue
        var logs: [String]
        var units: UInt64
        var after: [String: StoredAccount?]
    }

    static let document: Document = {
        guard let url = Bundle.module.url(forResource: "transactions", withExtension: "json", subdirectory: "Golden"),
            let data = try? Data(contentsOf: url)
        else { preconditionFailure("Golden/transactions.json is missing") }
        do {
            return try JSONDecoder().decode(Document.self, from: data)
        } catch {
            preconditionFailure("Golden/transactions.json: \(error)")
        }
    }()

    /// LiteSVM has no epoch of rent; everything else is as genesis makes it here.
    private static func ledger() throws -> Ledger {
        var parameters = LedgerParameters()
        parameters.seed = [1]
        parameters.genesisTime = 1_700_000_000
        for (address, stored) in document.start {
            parameters.accounts[try Address(base58: address)] = LedgerAccount(
                lamports: Lamports(stored.lamports),
                data: [UInt8](stored.data),
                owner: stored.owner
            )
        }
        var ledger = Ledger(parameters: parameters)
        ledger.blockhashes.register(document.blockhash, height: ledger.slot)
        return ledger
    }

    @Test("Every outcome agrees: error, log, compute units, accounts and fee")
    func replay() throws {
        let start = try Self.ledger()
        let document = Self.document
        #expect(document.cases.count > 700)
        for expected in document.cases {
            var ledger = start
            let before = ledger.balances.values.reduce(ledger.feesCollected) { $0.saturatingAdding($1) }
            let transaction = try Transaction(decoding: expected.transaction)
            var error = JSONValue.null
            var logs: [String] = []
            var units: UInt64 = 0
            switch ledger.result(of: transaction) {
            case .success(let record):
                error = .optional(record.error, \.json)
                logs = record.logs
                units = record.computeUnits
            case .failure(let refusal): error = refusal.json
            }
            #expect(error == expected.error, "\(expected.name)")
            #expect(logs == expected.logs, "\(expected.name)")
            #expect(units == expected.units, "\(expected.name)")
            for address in Set(document.start.keys).union(expected.after.keys) {
                let wanted = expected.after[address] ?? document.start[address]
                let found = ledger.account(try Address(base58: address)).map {
                    StoredAccount(lamports: $0.lamports.rawValue, owner: $0.owner, data: Data($0.data))
                }
                #expect(found == wanted, "\(expected.name): \(address)")
            }
            let after = ledger.balances.values.reduce(ledger.feesCollected) { $0.saturatingAdding($1) }
            #expect(after == before, "\(expected.name)")
        }
    }
}
