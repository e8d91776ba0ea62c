import InferenceMarket
import LocalCluster
import SodiumCrypto
import Solana

/// The ledger of a simulation: time that passes when it is told to, and books of every fee.
final class SimulatedChain {
    static let fee = BasisPoints(rawValue: 250)

    let cluster: LocalCluster
    let market = Market.localnet
    let treasury: Address
    /// What every wallet has paid in transaction fees.
    private(set) var fees: [Address: UInt64] = [:]
    private(set) var transactions = 0
    private(set) var refusals = 0
    /// Every lamport there is; nothing may ever change it.
    let supply: Lamports
    /// What the treasury holds before the first share.
    let treasuryFunds: Lamports

    init(treasury: Keypair) throws {
        var configuration = LocalCluster.Configuration.testing(pace: .manual)
        configuration.ledger.market.feeBasisPoints = Self.fee.rawValue
        configuration.ledger.market.treasury = treasury.address
        cluster = LocalCluster(configuration)
        self.treasury = treasury.address
        supply = cluster.allBalances().total
        treasuryFunds = cluster.balance(of: treasury.address)
    }

    var now: Int64 { cluster.unixTimestamp }

    /// Lets time pass; every transaction after it is in a new slot.
    func pass(_ seconds: Int64) {
        cluster.advance(by: .seconds(seconds))
        cluster.advanceSlot()
    }

    func fund(_ wallet: Address, _ lamports: Lamports) throws { try cluster.airdrop(lamports, to: wallet) }

    /// Puts a transaction on the chain.
    ///
    /// - Returns: Why the program refused it; nil when it went through.
    @discardableResult
    func submit(_ instructions: [Instruction], by payer: Keypair, and others: [Keypair] = []) throws
        -> TransactionError?
    {
        var transaction = try Transaction(
            feePayer: payer.address,
            instructions: instructions,
            recentBlockhash: cluster.latestBlockhash()
        )
        try transaction.sign(by: [payer] + others)
        let record = try cluster.submit(transaction)
        transactions += 1
        if record.error != nil { refusals += 1 }
        fees[payer.address, default: 0] += record.fee.rawValue
        // The next one may be the same again, and must not be taken for a copy.
        cluster.advanceSlot()
        return record.error
    }

    func request(_ address: Address) -> RequestAccount? {
        cluster.account(address).flatMap { try? RequestAccount(decoding: $0.data) }
    }

    func server(_ owner: Address) -> ServerAccount? {
        cluster.account(market.server(of: owner)).flatMap { try? ServerAccount(decoding: $0.data) }
    }
}
