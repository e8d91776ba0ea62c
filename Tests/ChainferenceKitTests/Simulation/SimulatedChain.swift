import InferenceMarket
import LocalCluster
import SodiumCrypto
import Solana

/// A ledger whose time passes when it is told to: the local cluster's, or that of a node over the real VM.
protocol SimulatedLedger {
    /// The cluster's clock.
    var now: Int64 { get }

    /// What the next transactions refer to.
    var latestBlockhash: Blockhash { get }

    /// Begins a slot, so much later.
    func pass(_ seconds: Int64) async throws

    func fund(_ wallet: Address, _ lamports: Lamports) async throws

    /// Lands a transaction; says why the program refused it, and what it cost.
    func land(_ transaction: Transaction) async throws -> (error: TransactionError?, fee: Lamports)

    func data(of address: Address) async throws -> [UInt8]?

    func balance(of address: Address) async throws -> Lamports

    /// Every lamport there is; nil where nobody can count them.
    func supply() async throws -> Lamports?
}

/// The ledger of a simulation, with books of every fee.
final class SimulatedChain {
    static let fee = BasisPoints(rawValue: 250)

    let ledger: any SimulatedLedger
    let market = Market.localnet
    let treasury: Address
    /// What every wallet has paid in transaction fees.
    private(set) var fees: [Address: UInt64] = [:]
    private(set) var transactions = 0
    private(set) var refusals = 0
    /// Every lamport there is; nothing may ever change it.
    let supply: Lamports?
    /// What the treasury holds before the first share.
    let treasuryFunds: Lamports
    /// What landed in this slot: the same again would be taken for a copy.
    private var landed: Set<Signature> = []

    init(_ ledger: any SimulatedLedger, treasury: Address) async throws {
        self.ledger = ledger
        self.treasury = treasury
        supply = try await ledger.supply()
        treasuryFunds = try await ledger.balance(of: treasury)
    }

    var now: Int64 { ledger.now }

    /// Lets time pass; every transaction after it is in a new slot.
    func pass(_ seconds: Int64) async throws {
        try await ledger.pass(seconds)
        landed = []
    }

    func fund(_ wallet: Address, _ lamports: Lamports) async throws { try await ledger.fund(wallet, lamports) }

    /// Puts a transaction on the chain.
    ///
    /// - Returns: Why the program refused it; nil when it went through.
    @discardableResult
    func submit(_ instructions: [Instruction], by payer: Keypair, and others: [Keypair] = []) async throws
        -> TransactionError?
    {
        var transaction = try Transaction(
            feePayer: payer.address,
            instructions: instructions,
            recentBlockhash: ledger.latestBlockhash
        )
        try transaction.sign(by: [payer] + others)
        guard let signature = transaction.id, landed.insert(signature).inserted else {
            try await pass(0)
            return try await submit(instructions, by: payer, and: others)
        }
        let (error, fee) = try await ledger.land(transaction)
        transactions += 1
        if error != nil { refusals += 1 }
        fees[payer.address, default: 0] += fee.rawValue
        return error
    }

    func request(_ address: Address) async throws -> RequestAccount? {
        try await ledger.data(of: address).flatMap { try? RequestAccount(decoding: $0) }
    }

    func server(_ owner: Address) async throws -> ServerAccount? {
        try await ledger.data(of: market.server(of: owner)).flatMap { try? ServerAccount(decoding: $0) }
    }
}

/// The local cluster's ledger, without its sockets.
struct InProcessLedger: SimulatedLedger {
    private let cluster: LocalCluster

    init(treasury: Address) {
        var configuration = LocalCluster.Configuration.testing(pace: .manual)
        configuration.ledger.market.feeBasisPoints = SimulatedChain.fee.rawValue
        configuration.ledger.market.treasury = treasury
        cluster = LocalCluster(configuration)
    }

    var now: Int64 { cluster.unixTimestamp }

    var latestBlockhash: Blockhash { cluster.latestBlockhash() }

    func pass(_ seconds: Int64) { cluster.advance(by: .seconds(seconds)) }

    func fund(_ wallet: Address, _ lamports: Lamports) throws { try cluster.airdrop(lamports, to: wallet) }

    func land(_ transaction: Transaction) throws -> (error: TransactionError?, fee: Lamports) {
        let record = try cluster.submit(transaction)
        return (record.error, record.fee)
    }

    func data(of address: Address) -> [UInt8]? { cluster.account(address)?.data }

    func balance(of address: Address) -> Lamports { cluster.balance(of: address) }

    func supply() -> Lamports? { cluster.allBalances().total }
}
