import JSON
import Solana
import Testing

@testable import LocalCluster

@Suite("Ledger")
struct LedgerTests {
    // MARK: Fees

    @Test("Every signature costs 5,000 lamports and priority is limit times price, rounded up")
    func fees() throws {
        var world = TestLedger()
        let plain = try world.send([pay(world.alice, world.bob.address, 5)], by: [world.alice])
        #expect(plain.fee == 5_000)
        let two = try world.send([pay(world.bob, world.carol.address, 5)], by: [world.alice, world.bob])
        #expect(two.fee == 10_000)
        let priority = try world.send(
            [
                ComputeBudgetProgram.setComputeUnitLimit(1_001), ComputeBudgetProgram.setComputeUnitPrice(1_000_001),
                pay(world.alice, world.bob.address, 6),
            ],
            by: [world.alice]
        )
        #expect(priority.fee == Lamports(5_000 + 1_002))
        #expect(world.ledger.feesCollected.rawValue == 5_000 + 10_000 + 6_002 + Self.genesisFee)
        #expect(world.balance(world.alice) == 10_000_000_000 - 5_000 - 5 - 10_000 - 6_002 - 6)
    }

    /// What the transaction that initialises the market pays.
    static let genesisFee: UInt64 = 5_000

    @Test("A transaction whose second instruction fails undoes the first, keeps the fee and lands")
    func rollback() throws {
        var world = TestLedger()
        let record = try world.send(
            [pay(world.alice, world.bob.address, 1_000_000), pay(world.alice, world.bob.address, 1 << 62)],
            by: [world.alice]
        )
        #expect(record.error == .instructionError(index: 1, .custom(1)))
        #expect(world.balance(world.alice) == 10_000_000_000 - 5_000)
        #expect(world.balance(world.bob) == 10_000_000_000)
        #expect(world.ledger.transaction(record.signature)?.error == record.error)
        #expect(record.preBalances[0].rawValue - record.postBalances[0].rawValue == 5_000)
    }

    @Test("A missing program costs the fee and nothing else")
    func missingProgram() throws {
        var world = TestLedger()
        let call = Instruction(program: TestLedger.wallet(99).address, accounts: [], data: [])
        #expect(try world.send([call], by: [world.alice]).error == .programAccountNotFound)
        let wallet = Instruction(program: world.bob.address, accounts: [], data: [])
        #expect(try world.send([wallet], by: [world.alice]).error == .invalidProgramForExecution)
        #expect(world.balance(world.alice) == 10_000_000_000 - 10_000)
    }

    // MARK: Signatures, age, duplicates

    @Test("A wrong signature is refused before anything else and costs nothing")
    func signatures() throws {
        var world = TestLedger()
        let good = try world.transaction([pay(world.alice, world.bob.address, 5)], by: [world.alice])
        var bytes = try good.serialized()
        bytes[1] ^= 1
        let forged = try Transaction(decoding: bytes)
        #expect(throws: TransactionError.signatureFailure) { try world.ledger.process(forged) }
        var changed = try good.serialized()
        changed[changed.count - 1] ^= 1
        let altered = try Transaction(decoding: changed)
        #expect(throws: TransactionError.signatureFailure) { try world.ledger.process(altered) }
        #expect(world.balance(world.alice) == 10_000_000_000)
    }

    @Test("A blockhash is good for exactly 150 blocks")
    func expiry() throws {
        var world = TestLedger()
        let old = world.ledger.latestBlockhash(atSlot: world.ledger.slot)
        #expect(old.lastValidBlockHeight == world.ledger.slot + 150)
        world.advance(150)
        let last = try world.transaction(
            [pay(world.alice, world.bob.address, 1)],
            by: [world.alice],
            blockhash: old.blockhash
        )
        #expect(throws: Never.self) { try world.ledger.process(last) }
        world.advance()
        let late = try world.transaction(
            [pay(world.alice, world.bob.address, 2)],
            by: [world.alice],
            blockhash: old.blockhash
        )
        #expect(throws: TransactionError.blockhashNotFound) { try world.ledger.process(late) }
        // Long after both memories are gone, the first one is still not accepted again.
        world.advance(200)
        #expect(throws: TransactionError.blockhashNotFound) { try world.ledger.process(last) }
        let unknown = try world.transaction(
            [pay(world.alice, world.bob.address, 2)],
            by: [world.alice],
            blockhash: .zero
        )
        #expect(throws: TransactionError.blockhashNotFound) { try world.ledger.process(unknown) }
    }

    @Test("The same message lands once, failed or not, until its blockhash has expired")
    func duplicates() throws {
        var world = TestLedger()
        let good = try world.transaction([pay(world.alice, world.bob.address, 5)], by: [world.alice])
        let bad = try world.transaction([pay(world.alice, world.bob.address, 1 << 62)], by: [world.alice])
        try world.ledger.process(good)
        #expect(try world.ledger.process(bad).error != nil)
        for slots in [0, 1, 149] {
            world.advance(slots)
            #expect(throws: TransactionError.alreadyProcessed) { try world.ledger.process(good) }
            #expect(throws: TransactionError.alreadyProcessed) { try world.ledger.process(bad) }
        }
        world.advance()
        #expect(throws: TransactionError.blockhashNotFound) { try world.ledger.process(good) }
        #expect(world.balance(world.bob) == 10_000_000_005)
    }

    @Test("A transaction may lock 64 accounts, not 65")
    func accountLocks() throws {
        var world = TestLedger()
        // Beside the accounts named here: the payer and the system program.
        for (count, error) in [(62, nil), (63, TransactionError.tooManyAccountLocks)] {
            let table = AddressLookupTable(
                address: TestLedger.wallet(200).address,
                addresses: (0..<UInt8(count)).map { TestLedger.wallet($0 &+ 10).address }
            )
            var filled = TestLedger { $0.accounts[table.address] = Self.account(of: table) }
            filled.advance()
            let transfer = Instruction(
                program: SystemProgram.id,
                accounts: [.writableSigner(world.alice.address), .writable(table.addresses[0])]
                    + table.addresses.dropFirst().map { AccountMeta.readonly($0) },
                data: pay(world.alice, world.bob.address, 10_000_000).data
            )
            let transaction = try filled.transaction([transfer], by: [world.alice], lookupTables: [table])
            switch filled.ledger.result(of: transaction) {
            case .success(let record): #expect(error == nil && record.error == nil)
            case .failure(let refusal): #expect(refusal == error)
            }
        }
        world.advance()
    }

    // MARK: Nonces

    @Test("A nonce stands in for a blockhash, for one transaction, also for one that fails")
    func nonces() throws {
        let account = TestLedger.wallet(80)
        var world = TestLedger()
        let created = try world.send(
            [
                SystemProgram.createAccount(
                    account.address,
                    funder: world.alice.address,
                    lamports: 2_000_000,
                    space: SystemProgram.nonceAccountByteCount,
                    owner: SystemProgram.id
                ),
                SystemProgram.initializeNonce(account.address, authority: world.bob.address),
            ],
            by: [world.alice, account]
        )
        #expect(created.error == nil, "\(created.logs)")
        func nonce() throws -> Blockhash {
            let data = try #require(world.ledger.account(account.address)).data
            guard case .initialized(let nonce) = NonceAccount.state(of: data) else { return .zero }
            return nonce.durableNonce
        }
        let advance = SystemProgram.advanceNonce(account.address, authority: world.bob.address)
        let first = try nonce()
        let good = try world.transaction(
            [advance, pay(world.alice, world.carol.address, 7)],
            by: [world.alice, world.bob],
            blockhash: first
        )
        // Not in the slot that the nonce comes from.
        #expect(throws: TransactionError.blockhashNotFound) { try world.ledger.process(good) }
        world.advance(400)
        #expect(try world.ledger.process(good).error == nil)
        #expect(world.balance(world.carol) == 10_000_000_007)
        let second = try nonce()
        #expect(second == NonceAccount.durableNonce(from: world.blockhash))
        #expect(throws: TransactionError.blockhashNotFound) { try world.ledger.process(good) }

        world.advance()
        let bad = try world.transaction(
            [advance, pay(world.alice, world.carol.address, 1 << 62)],
            by: [world.alice, world.bob],
            blockhash: second
        )
        #expect(try world.ledger.process(bad).error == .instructionError(index: 1, .custom(1)))
        #expect(try nonce() == NonceAccount.durableNonce(from: world.blockhash))
        world.advance()
        #expect(throws: TransactionError.blockhashNotFound) { try world.ledger.process(bad) }
        #expect(world.ledger.landed.values.allSatisfy { !$0.values.contains(world.ledger.slot) })
    }

    // MARK: Lookup tables

    /// The account of an active table.
    static func account(of table: AddressLookupTable, lastExtended: UInt64 = 0, start: UInt8 = 0) -> LedgerAccount {
        var data: [UInt8] = []
        data.append(little: UInt32(1))
        data.append(little: UInt64.max)
        data.append(little: lastExtended)
        data.append(start)
        data += [UInt8](repeating: 0, count: 56 - data.count)
        for address in table.addresses { data += address.bytes }
        return LedgerAccount(lamports: 100_000_000, data: data, owner: AddressLookupTableProgram.id)
    }

    @Test("Version 0 loads accounts from tables, and says what is wrong with a table")
    func lookupTables() throws {
        let bob = TestLedger.wallet(2).address
        let table = AddressLookupTable(
            address: TestLedger.wallet(50).address,
            addresses: [TestLedger.wallet(51).address, bob]
        )
        func world(_ change: (inout LedgerAccount) -> Void = { _ in }) -> TestLedger {
            TestLedger { parameters in
                var account = Self.account(of: table)
                change(&account)
                parameters.accounts[table.address] = account
            }
        }
        func send(_ world: TestLedger) throws -> Result<TransactionRecord, TransactionError> {
            var world = world
            let transfer = [pay(world.alice, bob, 5)]
            return world.ledger.result(of: try world.transaction(transfer, by: [world.alice], lookupTables: [table]))
        }
        let record = try send(world()).get()
        #expect(record.error == nil)
        #expect(record.loadedWritableCount == 1)
        #expect(record.accountKeys.last == bob)
        func refusal(_ world: TestLedger) throws -> TransactionError? {
            if case .failure(let error) = try send(world) { error } else { nil }
        }
        #expect(try refusal(TestLedger()) == .addressLookupTableNotFound)
        #expect(try refusal(world { $0.owner = SystemProgram.id }) == .invalidAddressLookupTableOwner)
        #expect(try refusal(world { $0.data[0] = 2 }) == .invalidAddressLookupTableData)
        #expect(try refusal(world { $0.data.removeLast() }) == .invalidAddressLookupTableData)
        #expect(try refusal(world { $0.data.removeLast(32) }) == .invalidAddressLookupTableIndex)
        // Extended in this very slot from the second address on: that one is not active yet.
        #expect(
            try refusal(world { $0 = Self.account(of: table, lastExtended: TestLedger().ledger.slot, start: 1) })
                == .invalidAddressLookupTableIndex
        )
    }

    // MARK: Commitment

    @Test("Older commitment levels see accounts as they were, also those that are gone or new")
    func commitment() throws {
        var world = TestLedger { $0.finalizationSlots = 3 }
        world.advance(5)
        let newcomer = TestLedger.wallet(60).address
        let before = world.balance(world.carol)
        try world.send([pay(world.alice, newcomer, 5_000_000)], by: [world.alice])
        try world.send([pay(world.carol, world.bob.address, before - 5_000)], by: [world.carol])
        let landed = world.ledger.slot
        func seen(_ address: Address, _ level: Commitment) -> UInt64? {
            world.ledger.account(address, atSlot: world.ledger.slot(at: level))?.lamports.rawValue
        }
        for age in 0...4 {
            #expect(world.ledger.slot == landed + UInt64(age))
            #expect(seen(newcomer, .processed) == 5_000_000)
            #expect(seen(newcomer, .confirmed) == (age >= 1 ? 5_000_000 : nil))
            #expect(seen(newcomer, .finalized) == (age >= 3 ? 5_000_000 : nil))
            #expect(seen(world.carol.address, .processed) == nil)
            #expect(seen(world.carol.address, .confirmed) == (age >= 1 ? nil : before))
            #expect(seen(world.carol.address, .finalized) == (age >= 3 ? nil : before))
            world.advance()
        }
    }

    @Test("Held confirmations leave the levels where they are, and come all at once")
    func heldConfirmations() throws {
        var world = TestLedger { $0.finalizationSlots = 3 }
        world.advance(5)
        let held = world.ledger.slot(at: .confirmed)
        try world.send([pay(world.alice, world.bob.address, 7)], by: [world.alice])
        let before = world.ledger.account(world.bob.address, atSlot: held)
        for _ in 0..<200 {
            let advance = world.ledger.beginSlot(unixTimestamp: 0, holdsConfirmations: true)
            #expect(advance.confirmed.isEmpty && advance.finalized.isEmpty)
        }
        #expect(world.ledger.slot(at: .confirmed) == held)
        #expect(world.ledger.account(world.bob.address, atSlot: held) == before)
        #expect(world.ledger.latestBlockhash(atSlot: held).blockhash != world.ledger.genesisHash)
        let advance = world.ledger.beginSlot(unixTimestamp: 0)
        #expect(advance.confirmed.count == 201)
        #expect(advance.confirmed.first?.transactions.count == 1)
        #expect(world.ledger.slot(at: .finalized) == world.ledger.slot - 3)
        #expect(world.ledger.deltas.count <= 5)
    }

    @Test("A program's accounts follow ownership, at every level")
    func programAccounts() throws {
        var world = TestLedger { $0.finalizationSlots = 2 }
        world.advance(3)
        let owner = TestLedger.wallet(70).address
        let account = TestLedger.wallet(71)
        func found(_ level: Commitment) -> [Address] {
            world.ledger.accounts(ownedBy: owner, atSlot: world.ledger.slot(at: level)).map(\.0)
        }
        try world.send(
            [
                SystemProgram.createAccount(
                    account.address,
                    funder: world.alice.address,
                    lamports: 5_000_000,
                    space: 10,
                    owner: owner
                )
            ],
            by: [world.alice, account]
        )
        #expect(found(.processed) == [account.address])
        #expect(found(.finalized).isEmpty)
        world.advance(2)
        #expect(found(.finalized) == [account.address])
        #expect(
            !world.ledger.accounts(ownedBy: SystemProgram.id, atSlot: world.ledger.slot).contains {
                $0.0 == account.address
            }
        )
    }

    // MARK: Memory

    @Test("History, deltas and landed messages stay bounded")
    func bounds() throws {
        var world = TestLedger { $0.historyLimit = 50 }
        var signatures: [Signature] = []
        for number in 0..<400 {
            signatures.append(
                try world.send([pay(world.alice, world.bob.address, UInt64(number))], by: [world.alice]).signature
            )
            world.advance()
        }
        #expect(world.ledger.history.count == 50)
        #expect(world.ledger.transaction(signatures[349]) == nil)
        #expect(world.ledger.transaction(signatures[350]) != nil)
        #expect(
            Array(world.ledger.history.records(mentioning: world.bob.address)).map(\.signature)
                == signatures[350...].reversed()
        )
        #expect(world.ledger.deltas.count <= 34)
        #expect(world.ledger.landed.count <= 152)
        #expect(world.ledger.transactionCount == 401)
    }

    @Test("The lowest price of a slot is what is to beat, per account")
    func prioritizationFees() throws {
        var world = TestLedger()
        world.advance()
        let slot = world.ledger.slot
        for (payer, price) in [(world.alice, 700), (world.bob, 300), (world.bob, 500)] {
            try world.send(
                [
                    ComputeBudgetProgram.setComputeUnitPrice(MicroLamports(UInt64(price))),
                    pay(payer, payer.address, UInt64(price)),
                ],
                by: [payer]
            )
        }
        world.advance()
        func price(_ accounts: [Address]) -> UInt64? {
            world.ledger.recentPrioritizationFees(locking: accounts).last { $0.slot == slot }?.price.rawValue
        }
        #expect(price([]) == 300)
        #expect(price([world.alice.address]) == 700)
        #expect(price([world.bob.address]) == 300)
        #expect(price([world.carol.address]) == 300)
    }

    // MARK: Conservation

    @Test("No lamport appears or vanishes in 2,000 random transactions", arguments: [1, 2, 3])
    func conservation(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let wallets = (0..<12).map { TestLedger.wallet(UInt8(100 + $0)) }
        var world = TestLedger { parameters in
            for wallet in wallets {
                let lamports = Lamports(UInt64.random(in: 0...20_000_000, using: &random))
                parameters.accounts[wallet.address] = LedgerAccount(lamports: lamports, owner: SystemProgram.id)
            }
        }
        let total = world.total
        var outcomes: [String: Int] = [:]
        for number in 0..<2_000 {
            let payer = wallets.randomElement(using: &random) ?? wallets[0]
            var instructions: [Instruction] = []
            for _ in 0...Int.random(in: 0...2, using: &random) {
                let to = wallets.randomElement(using: &random) ?? wallets[0]
                let most = [10_000, 1_000_000, 20_000_000].randomElement(using: &random) ?? 0
                instructions.append(pay(payer, to.address, UInt64.random(in: 0...UInt64(most), using: &random)))
            }
            // The signature check has tests of its own, and takes longer than all the rest.
            let transaction = try world.transaction(instructions, by: [payer])
            do throws(TransactionError) {
                let record = try world.ledger.process(verified: transaction, wireBytes: []).record
                outcomes[record.error?.name ?? "ok", default: 0] += 1
            } catch {
                outcomes[error.name, default: 0] += 1
            }
            if number % 20 == 0 { world.advance() }
            if world.total != total { Issue.record("\(world.total) lamports instead of \(total)") }
        }
        #expect(outcomes["ok", default: 0] > 200, "\(outcomes)")
        #expect(outcomes.count >= 3, "\(outcomes)")
    }
}
