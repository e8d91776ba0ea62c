import Solana

@testable import LocalCluster

/// A ledger with wallets, and short ways to send transactions.
struct TestLedger {
    var ledger: Ledger

    /// Wallets with 10 SOL each.
    let alice = TestLedger.wallet(1)
    let bob = TestLedger.wallet(2)
    let carol = TestLedger.wallet(3)

    init(configure: (inout LedgerParameters) -> Void = { _ in }) {
        var parameters = LedgerParameters()
        parameters.seed = [7]
        parameters.genesisTime = 1_700_000_000
        for wallet in [alice, bob, carol] {
            parameters.accounts[wallet.address] = LedgerAccount(
                lamports: Lamports(10 * Lamports.perSOL),
                owner: SystemProgram.id
            )
        }
        configure(&parameters)
        ledger = Ledger(parameters: parameters)
    }

    /// A key from a seed that is all one byte.
    static func wallet(_ byte: UInt8) -> Keypair {
        guard let keypair = try? Keypair(seed: [UInt8](repeating: byte, count: 32)) else {
            preconditionFailure("32 bytes are a seed")
        }
        return keypair
    }

    var blockhash: Blockhash { ledger.latestBlockhash(atSlot: ledger.slot).blockhash }

    func transaction(
        _ instructions: [Instruction],
        by signers: [Keypair],
        blockhash: Blockhash? = nil,
        lookupTables: [AddressLookupTable] = []
    ) throws -> Transaction {
        var transaction = try Transaction(
            feePayer: signers[0].address,
            instructions: instructions,
            lookupTables: lookupTables,
            recentBlockhash: blockhash ?? self.blockhash
        )
        try transaction.sign(by: signers)
        return transaction
    }

    @discardableResult
    mutating func send(
        _ instructions: [Instruction],
        by signers: [Keypair],
        lookupTables: [AddressLookupTable] = []
    ) throws -> TransactionRecord {
        try ledger.process(transaction(instructions, by: signers, lookupTables: lookupTables))
    }

    func balance(_ wallet: Keypair) -> UInt64 { ledger.account(wallet.address)?.lamports.rawValue ?? 0 }

    mutating func advance(_ slots: Int = 1) {
        for _ in 0..<slots { ledger.advanceSlot(unixTimestamp: ledger.unixTimestamp + 1) }
    }

    /// Accounts and fees together.
    var total: UInt64 {
        ledger.balances.values.reduce(ledger.feesCollected) { $0.saturatingAdding($1) }.rawValue
    }
}

/// A transfer between wallets.
func pay(_ from: Keypair, _ to: Address, _ lamports: UInt64) -> Instruction {
    SystemProgram.transfer(from: from.address, to: to, lamports: Lamports(lamports))
}
