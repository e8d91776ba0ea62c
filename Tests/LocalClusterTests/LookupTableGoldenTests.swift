import Foundation
import JSON
import SodiumCrypto
import Solana
import Testing

@testable import LocalCluster

/// Replays what LiteSVM, which is the Agave runtime, made of the lives of lookup tables (see `Golden/lookup_tables.py`).
@Suite("Lookup tables against the Agave runtime")
struct LookupTableGoldenTests {
    struct Document: Decodable {
        var start: [String: GoldenTransactionTests.StoredAccount]
        var lives: [Life]
    }

    struct Life: Decodable {
        var name: String
        var steps: [Step]
    }

    struct Step: Decodable {
        var slot: UInt64
        var blockhash: Blockhash
        var transaction: Data
        var error: JSONValue
        var logs: [String]
        var inner: [[Inner]]
        var after: [String: GoldenTransactionTests.StoredAccount?]
    }

    struct Inner: Decodable, Equatable {
        var accounts: [Int]
        var program: Int
        var data: Data
    }

    @Test("Every step of every life agrees: error, log, inner instructions, accounts")
    func replay() throws {
        let url = try #require(
            Bundle.module.url(forResource: "lookup_tables", withExtension: "json", subdirectory: "Golden")
        )
        let document = try JSONDecoder().decode(Document.self, from: Data(contentsOf: url))
        #expect(document.lives.reduce(0) { $0 + $1.steps.count } > 100)
        for life in document.lives {
            var ledger = try Self.ledger(document.start)
            for (number, step) in life.steps.enumerated() {
                let place = "\(life.name), step \(number)"
                if ledger.slot != step.slot {
                    ledger.jump(toSlot: step.slot, unixTimestamp: ledger.unixTimestamp, blockhash: step.blockhash)
                    ledger.storeSysvar(Self.slotHashes(before: step.slot).bytes, at: Sysvar.slotHashes)
                }
                ledger.blockhashes.register(step.blockhash, height: step.slot)
                try Self.check(step, &ledger, place)
            }
        }
    }

    private static func check(_ step: Step, _ ledger: inout Ledger, _ place: String) throws {
        let before = ledger
        var error = JSONValue.null
        var logs: [String] = []
        var inner: [[Inner]] = []
        switch ledger.result(of: try Transaction(decoding: step.transaction)) {
        case .success(let record):
            error = .optional(record.error, \.json)
            logs = record.logs.filter { !$0.contains(" consumed ") }
            inner = record.innerInstructions.sorted { $0.key < $1.key }.map { _, calls in
                calls.map { Inner(accounts: $0.accountIndexes, program: $0.programIndex, data: Data($0.data)) }
            }
        case .failure(let refusal): error = refusal.json
        }
        #expect(error == step.error, "\(place)")
        #expect(logs == step.logs, "\(place)")
        #expect(inner == step.inner, "\(place)")
        for (address, wanted) in step.after {
            let key = try Address(base58: address)
            let found = ledger.account(key).map {
                GoldenTransactionTests.StoredAccount(
                    lamports: $0.lamports.rawValue,
                    owner: $0.owner,
                    data: Data($0.data)
                )
            }
            #expect(found == wanted, "\(place): \(address)")
        }
        // Nothing else has changed.
        for (key, lamports) in ledger.balances where step.after[key.base58] == nil {
            #expect(before.account(key)?.lamports == lamports, "\(place): \(key)")
        }
    }

    private static func ledger(_ start: [String: GoldenTransactionTests.StoredAccount]) throws -> Ledger {
        var parameters = LedgerParameters()
        parameters.seed = [1]
        parameters.genesisTime = 1_700_000_000
        for (address, stored) in start {
            parameters.accounts[try Address(base58: address)] = LedgerAccount(
                lamports: Lamports(stored.lamports),
                data: [UInt8](stored.data),
                owner: stored.owner
            )
        }
        return Ledger(parameters: parameters)
    }

    /// The 512 slots before one, as the generator has them.
    private static func slotHashes(before slot: UInt64) -> SlotHashes {
        (slot - 512..<slot).reduce(SlotHashes([])) { hashes, slot in
            hashes.adding(slot, Ledger.hash(Array("slot \(slot)".utf8)))
        }
    }

    @Test("A table lives by the slots that pass, with the kit's own instructions")
    func life() throws {
        var world = TestLedger()
        world.advance(3)
        let (creation, table) = try AddressLookupTableProgram.createTable(
            authority: world.alice.address,
            payer: world.bob.address,
            recentSlot: world.ledger.slot - 1
        )
        let addresses = (0..<3 as Range<UInt8>).map { TestLedger.wallet(40 + $0).address }
        let growth = AddressLookupTableProgram.extendTable(
            table,
            authority: world.alice.address,
            payer: world.bob.address,
            addresses: addresses
        )
        #expect(try world.send([creation, growth], by: [world.bob, world.alice]).error == nil)
        world.advance()
        let stored = try #require(world.ledger.account(table))
        #expect(stored.lamports == world.ledger.parameters.rent.minimumBalance(dataLength: 56 + 96))
        let usable = try #require(
            AddressLookupTableAccount(accountData: stored.data)?.table(at: table, slot: world.ledger.slot)
        )
        let used = try world.send(
            [pay(world.carol, addresses[2], 1_000_000)],
            by: [world.carol],
            lookupTables: [usable]
        )
        #expect(used.error == nil)
        #expect(used.loadedWritableCount == 1)

        let close = AddressLookupTableProgram.closeTable(
            table,
            authority: world.alice.address,
            to: world.carol.address
        )
        let deactivation = AddressLookupTableProgram.deactivateTable(table, authority: world.alice.address)
        #expect(try world.send([deactivation], by: [world.alice]).error == nil)
        let total = world.total
        world.advance(512)
        #expect(try world.send([close], by: [world.alice]).error == .instructionError(index: 0, .invalidArgument))
        world.advance()
        let before = world.balance(world.carol)
        #expect(try world.send([close], by: [world.alice]).error == nil)
        #expect(world.balance(world.carol) == before + stored.lamports.rawValue)
        #expect(world.ledger.account(table) == nil)
        #expect(world.total == total)
        let frozen = AddressLookupTableProgram.freezeTable(table, authority: world.alice.address)
        #expect(try world.send([frozen], by: [world.alice]).error == .instructionError(index: 0, .invalidAccountOwner))
    }
}
