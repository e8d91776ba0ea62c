import InferenceMarket
import SodiumCrypto
import Solana
import Testing

@testable import LocalCluster

/// The market program as the ledger runs it: natively, through the loader's input region.
@Suite("Market program in the ledger")
struct MarketProgramTests {
    let market = Market.localnet
    let model: ModelID = "test/model"
    let terms = Terms(outputPrice: .lamports(400_000), minimumCharge: 10_000)
    let voucherSigner = TestLedger.wallet(40)

    /// A ledger with Bob's server, listed and fresh.
    func world() throws -> TestLedger {
        var world = TestLedger()
        world.advance()
        let peerKey = try X25519.PublicKey(bytes: [UInt8](repeating: 3, count: 32))
        let added = try world.send(
            [
                AddServerInstruction(owner: world.bob.address, peerKey: peerKey, peerAddress: "").instruction(
                    in: market
                ),
                SetListingInstruction(owner: world.bob.address, model: model, terms: terms).instruction(in: market),
            ],
            by: [world.bob]
        )
        #expect(added.error == nil, "\(added.logs)")
        world.advance()
        return world
    }

    func request(_ world: TestLedger, stake: Lamports = 5_000_000) throws -> RequestInferenceInstruction {
        RequestInferenceInstruction(
            requester: world.alice.address,
            voucherSigner: voucherSigner.address,
            clientKey: try X25519.PublicKey(bytes: [UInt8](repeating: 4, count: 32)),
            model: model,
            stake: stake,
            caps: terms,
            credit: 10_000,
            lifetime: 3_600,
            maximumFee: .whole,
            criteria: Criteria()
        )
    }

    @Test("Genesis leaves an initialised market")
    func genesis() throws {
        let world = TestLedger()
        let account = try #require(world.ledger.account(market.address))
        #expect(account.owner == market.program)
        let decoded = try MarketAccount(decoding: account.data)
        #expect(decoded.authority == Market.localnetAuthority().address)
        #expect(decoded.treasury == MarketDeployment.localnet.treasury)
        #expect(MarketDeployment.localnet.programData == market.programData)
        // Nobody can do it again, the upgrade authority included.
        var again = world
        again.advance()
        let instruction = InitializeMarketInstruction(
            upgradeAuthority: Market.localnetAuthority().address,
            authority: world.alice.address,
            treasury: world.alice.address,
            minimumComparedCharge: 0,
            fee: .zero
        )
        let record = try again.send([instruction.instruction(in: market)], by: [Market.localnetAuthority()])
        #expect(record.error != nil)
        #expect(again.ledger.account(market.address) == account)
    }

    @Test("Only the upgrade authority initialises the market")
    func initializer() throws {
        var world = TestLedger { $0.market.isInitialized = false }
        #expect(world.ledger.account(market.address) == nil)
        let instruction = InitializeMarketInstruction(
            upgradeAuthority: world.alice.address,
            authority: world.alice.address,
            treasury: world.alice.address,
            minimumComparedCharge: 0,
            fee: .zero
        )
        let record = try world.send([instruction.instruction(in: market)], by: [world.alice])
        #expect(record.error != nil)
        #expect(world.ledger.account(market.address) == nil)
        #expect(record.innerInstructions.isEmpty)
    }

    @Test("A request creates its account by CPI, and the log tells the story as on a validator")
    func requestLog() throws {
        var world = try world()
        let instruction = try request(world).instruction(in: market)
        let record = try world.send([instruction], by: [world.alice])
        #expect(record.error == nil, "\(record.logs)")
        let system = "11111111111111111111111111111111"
        let lines = record.logs.filter { !$0.hasPrefix("Program data:") }
        #expect(lines[0] == "Program \(market.program) invoke [1]")
        #expect(lines.contains("Program \(system) invoke [2]"))
        #expect(lines.contains("Program \(system) success"))
        #expect(lines[lines.count - 2].hasPrefix("Program \(market.program) consumed "))
        #expect(lines.last == "Program \(market.program) success")
        let inner = try #require(record.innerInstructions[0]?.first)
        #expect(record.accountKeys[inner.programIndex] == SystemProgram.id)
        #expect(inner.stackHeight == 2)
        let address = market.request(of: world.alice.address, voucherSigner: voucherSigner.address).address
        let account = try #require(world.ledger.account(address))
        #expect(account.owner == market.program)
        let decoded = try RequestAccount(decoding: account.data)
        #expect(decoded.stake == 5_000_000)
        #expect(decoded.createdSlot == world.ledger.slot)
        #expect(world.ledger.accounts(ownedBy: market.program, atSlot: world.ledger.slot).contains { $0.0 == address })
    }

    @Test("Stake, lock, voucher, claim, close: the server gets what was vouched for, the rest comes back")
    func settlement() throws {
        var world = try world()
        let total = world.total
        let address = market.request(of: world.alice.address, voucherSigner: voucherSigner.address).address
        let start = world.balance(world.alice)
        try world.send([request(world).instruction(in: market)], by: [world.alice])
        world.advance()
        var account = try RequestAccount(decoding: #require(world.ledger.account(address)).data)
        let lock = LockRequestInstruction(
            owner: world.bob.address,
            request: address,
            createdSlot: account.createdSlot,
            stake: account.stake,
            listingIndex: 0,
            peerAddress: ""
        )
        let locked = try world.send([lock.instruction(in: market)], by: [world.bob])
        #expect(locked.error == nil, "\(locked.logs)")
        account = try RequestAccount(decoding: #require(world.ledger.account(address)).data)
        let expiry = try #require(account.state.lock).voucherExpiry
        world.advance()

        let message = VoucherMessage(request: address, cumulative: 1_234_567, expiresAt: expiry)
        let voucher = Voucher(signing: message, with: voucherSigner)
        let claim = ClaimPaymentInstruction(
            owner: world.bob.address,
            request: address,
            requester: world.alice.address,
            amount: 1_234_567,
            presentsVoucher: true
        )
        let bob = world.balance(world.bob)
        // A voucher with one bit changed is refused by the precompile; the same claim then goes through with the real one.
        var forged = voucher.signature.bytes
        forged[3] ^= 1
        let bad = Ed25519Program.verify(
            signature: try Signature(bytes: forged),
            by: voucherSigner.address,
            message: message.bytes
        )
        let refused = try world.send([bad, claim.instruction(in: market)], by: [world.bob])
        #expect(refused.error == .instructionError(index: 0, .custom(2)))
        let check = Ed25519Program.verify(
            signature: voucher.signature,
            by: voucherSigner.address,
            message: message.bytes
        )
        let claimed = try world.send([check, claim.instruction(in: market)], by: [world.bob])
        #expect(claimed.error == nil, "\(claimed.logs)")
        #expect(claimed.fee == 10_000)
        #expect(world.balance(world.bob) == bob - 20_000 + 1_234_567)
        let close = CloseRequestInstruction(request: address, requester: world.alice.address)
        let closed = try world.send([close.instruction(in: market)], by: [world.alice])
        #expect(closed.error == nil, "\(closed.logs)")
        #expect(world.ledger.account(address) == nil)
        #expect(world.balance(world.alice) == start - 1_234_567 - 10_000)
        #expect(world.total == total)
    }

    @Test("A refusal comes back with the program's own code, and nothing has moved but the fee")
    func refusal() throws {
        var world = try world()
        let before = world.ledger.balances
        var greedy = try request(world)
        greedy.stake = 0
        let record = try world.send([greedy.instruction(in: market)], by: [world.alice])
        guard case .instructionError(0, .custom(let code)) = record.error else {
            Issue.record("\(String(describing: record.error))")
            return
        }
        #expect(code >= 6_000)
        #expect(
            record.logs.last == "Program \(market.program) failed: custom program error: 0x\(String(code, radix: 16))"
        )
        var after = world.ledger.balances
        after[world.alice.address] = before[world.alice.address]
        #expect(after == before)
    }

    @Test("Prefunding the request's address does not keep it from being made")
    func prefunded() throws {
        var world = try world()
        let address = market.request(of: world.alice.address, voucherSigner: voucherSigner.address).address
        try world.send([pay(world.carol, address, 1_000_000)], by: [world.carol])
        let record = try world.send([request(world).instruction(in: market)], by: [world.alice])
        #expect(record.error == nil, "\(record.logs)")
        #expect(world.ledger.account(address)?.owner == market.program)
    }

    @Test("Garbage to the program is refused and never ends the process", arguments: [1, 2, 3, 4])
    func garbage(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var world = try world()
        let total = world.total
        let template = try request(world).instruction(in: market)
        let accounts = Array(world.ledger.balances.keys).sorted()
        for number in 0..<400 {
            var instruction = template
            for _ in 0..<Int.random(in: 0...3, using: &random) where !instruction.data.isEmpty {
                instruction.data[Int.random(in: instruction.data.indices, using: &random)] = .random(
                    in: 0...255,
                    using: &random
                )
            }
            if Bool.random(using: &random) {
                instruction.data = Array(
                    instruction.data.prefix(Int.random(in: 0...instruction.data.count, using: &random))
                )
            }
            instruction.accounts = Array(instruction.accounts.prefix(Int.random(in: 0...8, using: &random)))
            if Bool.random(using: &random), !instruction.accounts.isEmpty {
                let place = Int.random(in: instruction.accounts.indices, using: &random)
                instruction.accounts[place].address = accounts.randomElement(using: &random) ?? .zero
                instruction.accounts[place].isSigner = false
            }
            if Bool.random(using: &random) { instruction.accounts.append(contentsOf: instruction.accounts.prefix(1)) }
            let needsAlice = instruction.accounts.contains { $0.isSigner && $0.address == world.alice.address }
            let transaction = try world.transaction(
                [instruction],
                by: needsAlice ? [world.carol, world.alice] : [world.carol]
            )
            _ = world.ledger.result(of: transaction)
            if number % 10 == 0 { world.advance() }
            #expect(world.total == total)
        }
    }
}
