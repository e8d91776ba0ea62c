import SodiumCrypto
public import Solana

/// Where the market program lives on a local cluster, who may upgrade it, and how its market is set up.
public struct MarketDeployment: Sendable {
    /// The program's address.
    public var program: Address

    /// The key that may upgrade the program, and that initialises the market.
    public var upgradeAuthority: Keypair

    /// Where the market's fees go; genesis gives it the rent exemption.
    public var treasury: Address

    /// The market's share of a server's charge, in basis points, at most 1,000.
    public var feeBasisPoints: UInt16 = 0

    /// The smallest charge of a response that may be compared.
    public var minimumComparedCharge: Lamports = 1_000

    /// Whether the first transaction initialises the market; else somebody else has to, with the upgrade authority.
    public var isInitialized = true

    /// Names a deployment.
    public init(program: Address, upgradeAuthority: Keypair, treasury: Address) {
        self.program = program
        self.upgradeAuthority = upgradeAuthority
        self.treasury = treasury
    }

    /// The deployment of every local cluster.
    ///
    /// All of its keys come from public seeds, by design: never use them elsewhere.
    public static let localnet = MarketDeployment(
        program: publicKeypair("chainference localnet program").address,
        upgradeAuthority: publicKeypair("chainference localnet authority"),
        treasury: publicKeypair("chainference localnet treasury").address
    )

    /// The account that holds the program's code and upgrade authority on a validator.
    public var programData: Address { derive([program.bytes], WellKnownAddress.upgradeableLoader) }

    /// The account of the market itself.
    public var market: Address { derive([Array("market".utf8)], program) }

    private func derive(_ seeds: [[UInt8]], _ program: Address) -> Address {
        do throws(ProgramAddressError) {
            return try Address.findProgramAddress(seeds: seeds, program: program).address
        } catch {
            // The seeds are few and short; that 256 bumps all fail has a probability of 2⁻²⁵⁶.
            preconditionFailure("\(error)")
        }
    }

    private static func publicKeypair(_ text: String) -> Keypair {
        guard let keypair = try? Keypair(seed: SHA256.hash(Array(text.utf8))) else {
            preconditionFailure("a SHA-256 digest is a seed")
        }
        return keypair
    }
}
