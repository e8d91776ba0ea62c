import MarketProgram
import SodiumCrypto
public import Solana

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Ledger {
    /// The time of day, in seconds since 1970.
    static func timeOfDay() -> Int64 { Int64(Date().timeIntervalSince1970) }

    static func genesisHash(_ parameters: LedgerParameters) -> Blockhash {
        let seed =
            parameters.seed
            ?? (0..<4).flatMap { _ in
                withUnsafeBytes(of: UInt64.random(in: .min ... .max)) { Array($0) }
            }
        return hash(Array("chainference local cluster".utf8) + seed)
    }

    /// SHA-256 as the type that hashes have in messages.
    static func hash(_ bytes: [UInt8]) -> Blockhash {
        guard let hash = try? Blockhash(bytes: SHA256.hash(bytes)) else {
            preconditionFailure("a SHA-256 digest has 32 bytes")
        }
        return hash
    }

    /// The key that airdrops come from; public by design, a local cluster's lamports are worth nothing.
    public static let faucet: Keypair = {
        guard let keypair = try? Keypair(seed: SHA256.hash(Array("chainference localnet faucet".utf8))) else {
            preconditionFailure("a SHA-256 digest is a seed")
        }
        return keypair
    }()

    mutating func makeGenesisAccounts() {
        store(LedgerAccount(lamports: parameters.faucetBalance, owner: SystemProgram.id), at: Self.faucet.address)
        let builtins: [(Address, String)] = [
            (SystemProgram.id, "system_program"),
            (ComputeBudgetProgram.id, "compute_budget_program"),
            (WellKnownAddress.upgradeableLoader, "solana_bpf_loader_upgradeable_program"),
            (Ed25519Program.id, ""),
        ]
        for (address, name) in builtins {
            store(
                LedgerAccount(
                    lamports: 1,
                    data: Array(name.utf8),
                    owner: WellKnownAddress.nativeLoader,
                    executable: true,
                    rentEpoch: 0
                ),
                at: address
            )
        }
        for address in [WellKnownAddress.memo1, WellKnownAddress.memo2] {
            store(program(owner: WellKnownAddress.loader2, data: []), at: address)
        }
        // On a validator, too, it is an upgradeable program that nobody may upgrade.
        deploy(AddressLookupTableProgram.id, data: WellKnownAddress.lookupTableProgramData, authority: nil)
        storeSysvar(parameters.rent.accountData, at: WellKnownAddress.rent)
        storeSysvar(epochSchedule, at: WellKnownAddress.epochSchedule)
        deployMarket()
        for (address, account) in parameters.accounts { store(account, at: address) }
    }

    /// The program and the wallets that belong to it.
    private mutating func deployMarket() {
        let market = parameters.market
        deploy(market.program, data: market.programData, authority: market.upgradeAuthority.address)
        let wallet = LedgerAccount(lamports: Lamports(10 * Lamports.perSOL), owner: SystemProgram.id)
        store(wallet, at: market.upgradeAuthority.address)
        let rent = parameters.rent.minimumBalance(dataLength: 0)
        store(LedgerAccount(lamports: rent, owner: SystemProgram.id), at: market.treasury)
    }

    /// The accounts that a deployment through the upgradeable loader leaves, without the code, which runs natively.
    private mutating func deploy(_ address: Address, data programData: Address, authority: Address?) {
        var reference: [UInt8] = []
        reference.append(little: UInt32(2))
        reference += programData.bytes
        store(program(owner: WellKnownAddress.upgradeableLoader, data: reference), at: address)
        var data: [UInt8] = []
        data.append(little: UInt32(3))
        data.append(little: UInt64(0))
        data.append(authority == nil ? 0 : 1)
        data += (authority ?? .zero).bytes
        var account = program(owner: WellKnownAddress.upgradeableLoader, data: data)
        account.executable = false
        store(account, at: programData)
    }

    /// Lands the transaction that initialises the market, as the upgrade authority would on a validator.
    mutating func initializeMarket() {
        do {
            if let error = try process(marketInitialization()).error { throw error }
        } catch {
            preconditionFailure("the market could not be initialised: \(error)")
        }
    }

    /// The signed transaction that initialises the market.
    func marketInitialization() throws -> Transaction {
        let market = parameters.market
        let authority = market.upgradeAuthority.address
        var data: [UInt8] = []
        data.append(little: InstructionDiscriminator.initializeMarket)
        data += authority.bytes
        data.append(little: market.minimumComparedCharge.rawValue)
        data.append(little: market.feeBasisPoints)
        let instruction = Instruction(
            program: market.program,
            accounts: [
                .writable(market.market),
                .writableSigner(authority),
                .writable(market.treasury),
                .readonly(market.program),
                .readonly(market.programData),
                .readonly(SystemProgram.id),
            ],
            data: data
        )
        var transaction = try Transaction(
            feePayer: authority,
            instructions: [instruction],
            recentBlockhash: latestBlockhash(atSlot: slot).blockhash
        )
        try transaction.sign(by: [market.upgradeAuthority])
        return transaction
    }

    private func program(owner: Address, data: [UInt8]) -> LedgerAccount {
        LedgerAccount(
            lamports: parameters.rent.minimumBalance(dataLength: data.count),
            data: data,
            owner: owner,
            executable: true
        )
    }

    mutating func storeSysvar(_ data: [UInt8], at address: Address) {
        // Sysvars hold one lamport each on a real cluster too; it is made at genesis and never moves.
        store(LedgerAccount(lamports: 1, data: data, owner: WellKnownAddress.sysvarOwner, rentEpoch: 0), at: address)
    }

    /// Slots per epoch, leader schedule offset, no warm-up, first normal epoch and slot 0.
    private var epochSchedule: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(little: parameters.slotsPerEpoch)
        bytes.append(little: parameters.slotsPerEpoch)
        bytes.append(0)
        bytes.append(little: UInt64(0))
        bytes.append(little: UInt64(0))
        return bytes
    }
}
