import MarketProgram
import NativeMarket
import Testing

/// The life of a request on this machine.
///
/// The details are tested in Tests/SVM, where each of them runs on both machines; this keeps the program honest for
/// those who only have Swift.
@Suite("A request's life, natively")
struct NativeLifeTests {
    private static let model = "meta-llama/Llama-3.1-8B-Instruct"
    private let owner = NativeLedger.wallet("owner")
    private let client = NativeLedger.wallet("client")
    private let authority = NativeLedger.wallet("authority")
    private let treasury = NativeLedger.wallet("treasury")
    private let voucherSigner = NativeLedger.wallet("voucher signer")
    private let market = NativeLedger.address(Array("market".utf8)).address
    private let server: [UInt8]
    private let request: [UInt8]
    private let bump: UInt8
    private var ledger = NativeLedger()

    init() {
        server = NativeLedger.address(Array("server".utf8), owner).address
        (request, bump) = NativeLedger.address(Array("request".utf8), client, voucherSigner)
        for wallet in [owner, client, authority, treasury] { ledger.fund(wallet, 1_000_000_000) }
    }

    private mutating func initializeMarket(signer: [UInt8]) -> UInt64 {
        let loader: [UInt8] =
            bytes(0xb0a1_884e_91f6_a802) + bytes(0x2bae_63f7_3e15_10e2) + bytes(0xd224_c116_3db9_c200)
            + bytes(0x0000_8004_107a_53c0)
        let programData = NativeLedger.wallet("program data")
        ledger.accounts[NativeLedger.program] = NativeAccount(
            key: NativeLedger.program,
            owner: loader,
            lamports: 1,
            data: [2, 0, 0, 0] + programData,
            isExecutable: true
        )
        ledger.accounts[programData] = NativeAccount(
            key: programData,
            owner: loader,
            lamports: 1,
            data: [3, 0, 0, 0] + bytes(7) + [1] + authority
        )
        return ledger.run(
            bytes(InstructionDiscriminator.initializeMarket) + authority + bytes(10) + [250, 0],
            [
                .write(market), .pay(signer), .write(treasury), .read(NativeLedger.program), .read(programData),
                .read(NativeLedger.system),
            ]
        )
    }

    private mutating func register() {
        let add = bytes(InstructionDiscriminator.addServer) + [UInt8](repeating: 9, count: 32) + text("/ip4/192.0.2.1")
        #expect(ledger.run(add, [.write(server), .pay(owner), .read(NativeLedger.system)]) == 0)
        let list =
            bytes(InstructionDiscriminator.setListing) + bytes(400_000) + bytes(0) + bytes(1_000) + text(Self.model)
        #expect(ledger.run(list, [.write(server), .pay(owner), .read(NativeLedger.system)]) == 0)
        ledger.slot += 1
        ledger.time += 1
    }

    private mutating func open(stake: UInt64) -> UInt64 {
        var data = bytes(InstructionDiscriminator.requestInference) + voucherSigner + client
        data += bytes(stake) + bytes(400_000) + bytes(0) + bytes(1_000)
        data += bytes(5_000) + bytes(600) + bytes(0)
        data += [0xe8, 3, 0, 0, 0, 0, bump, 0, 0] + text(Self.model)
        return ledger.run(data, [.write(request), .pay(client), .read(NativeLedger.system)])
    }

    private mutating func lock(slot: UInt64, stake: UInt64) -> UInt64 {
        let data = bytes(InstructionDiscriminator.lockRequest) + bytes(slot) + bytes(stake) + [0] + text("")
        return ledger.run(data, [.write(request), .write(server), .sign(owner), .read(market)])
    }

    private mutating func claim(_ amount: UInt64) -> UInt64 {
        ledger.run(
            bytes(InstructionDiscriminator.claimPayment) + bytes(amount),
            [.write(request), .write(server), .pay(owner), .write(client)]
        )
    }

    @Test("ends with a claim on credit, and every lamport is where it belongs")
    mutating func settled() {
        let before = [owner, client, treasury, authority].map { ledger.lamports($0) }.reduce(0, +)
        #expect(initializeMarket(signer: authority) == 0)
        register()
        let clientBefore = ledger.lamports(client)
        let ownerBefore = ledger.lamports(owner)
        #expect(open(stake: 100_000) == 0)
        let rent = NativeLedger.minimumBalance(RequestLayout.size(modelIDLength: Self.model.utf8.count))
        #expect(ledger.lamports(request) == rent + 100_000)
        #expect(ledger.lamports(client) == clientBefore - rent - 100_000)
        #expect(lock(slot: ledger.slot, stake: 99_999) == UInt64(ErrorCode.requestRecreated.rawValue))
        #expect(lock(slot: ledger.slot, stake: 100_000) == 0)
        #expect(ledger.integer(request, RequestLayout.outputPrice) == 400_000)
        #expect(ledger.integer(request, RequestLayout.feeBasisPoints, size: 2) == 250)
        #expect(claim(5_001) == UInt64(ErrorCode.amountNotVouched.rawValue))
        #expect(claim(5_000) == 0)
        #expect(claim(5_000) == UInt64(ErrorCode.requestNotLocked.rawValue))
        #expect(ledger.lamports(owner) == ownerBefore + 4_875)
        #expect(ledger.integer(server, ServerLayout.feesOwed) == 125)
        #expect(ledger.lamports(request) == rent)
        let close = bytes(InstructionDiscriminator.closeRequest)
        #expect(ledger.run(close, [.write(request), .pay(client)]) == 0)
        #expect(ledger.accounts[request] == nil)
        #expect(ledger.lamports(client) == clientBefore - 5_000)
        let finish = bytes(InstructionDiscriminator.closeServer)
        #expect(ledger.run(finish, [.write(server), .pay(owner), .read(market), .write(treasury)]) == 0)
        let after = [owner, client, treasury, authority, market].map { ledger.lamports($0) }.reduce(0, +)
        #expect(after == before)
        #expect(ledger.events.count == 9)
    }

    @Test("Only the upgrade authority makes a market")
    mutating func authorities() {
        #expect(initializeMarket(signer: client) == UInt64(ErrorCode.notUpgradeAuthority.rawValue))
        #expect(initializeMarket(signer: authority) == 0)
        #expect(
            initializeMarket(signer: authority) == UInt64(ErrorCode.accountDiscriminatorAlreadySet.rawValue)
        )
    }

    @Test("A refusal leaves everything as it was")
    mutating func refusals() {
        #expect(initializeMarket(signer: authority) == 0)
        register()
        #expect(open(stake: 100_000) == 0)
        let before = ledger.accounts
        #expect(claim(1) == UInt64(ErrorCode.requestNotLocked.rawValue))
        #expect(open(stake: 5) == UInt64(ErrorCode.accountDiscriminatorAlreadySet.rawValue))
        ledger.time += 100_000
        #expect(lock(slot: ledger.slot, stake: 100_000) == UInt64(ErrorCode.requestExpired.rawValue))
        #expect(ledger.accounts == before)
    }
}
