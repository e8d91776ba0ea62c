import SodiumCrypto
public import Solana

/// One deployment of the market program, and the addresses under it.
public struct Market: Hashable, Sendable {
    /// The program's address.
    public let program: Address

    /// The account of the market itself, the program address of `["market"]`.
    public let address: Address

    /// A deployment at an address of your own.
    public init(program: Address) {
        self.program = program
        self.address = Self.derive([Array("market".utf8)], program).address
    }

    /// The deployment that every local cluster is born with.
    ///
    /// Its address is the public key of the seed SHA-256("chainference localnet program"), so nobody can have a secret
    /// about it, and nothing but a local cluster should ever hold money under it.
    public static let localnet = Market(program: Address(literal: "EqXWeMtdejpriCwCeyE48BvoPu1tNXfKaPiRq9ft871V"))

    /// The key that may upgrade the program and create the market on a local cluster; public knowledge by design.
    public static func localnetAuthority() -> Keypair {
        do {
            return try Keypair(seed: SHA256.hash(Array("chainference localnet authority".utf8)))
        } catch {
            preconditionFailure("a SHA-256 digest has 32 bytes")
        }
    }

    /// The account in which the upgradeable loader keeps the program's code and its upgrade authority.
    public var programData: Address {
        Self.derive([program.bytes], Address(literal: "BPFLoaderUpgradeab1e11111111111111111111111")).address
    }

    /// The account of a wallet's server, the program address of `["server", owner]`.
    public func server(of owner: Address) -> Address {
        Self.derive([Array("server".utf8), owner.bytes], program).address
    }

    /// The account of a request, the program address of `["request", requester, voucher signer]`, and its bump.
    public func request(of requester: Address, voucherSigner: Address) -> (address: Address, bump: UInt8) {
        Self.derive([Array("request".utf8), requester.bytes, voucherSigner.bytes], program)
    }

    private static func derive(_ seeds: [[UInt8]], _ program: Address) -> (address: Address, bump: UInt8) {
        do {
            return try Address.findProgramAddress(seeds: seeds, program: program)
        } catch {
            // The seeds are few and short; that 256 bumps all fail has a probability of 2⁻²⁵⁶.
            preconditionFailure("\(error)")
        }
    }
}

extension Market: CustomStringConvertible {
    /// The program's address.
    public var description: String { "market program \(program)" }
}

/// An instruction of the market program, before it is encoded.
///
/// The conforming types hold arguments alone; accounts that follow from them are derived.
public protocol MarketInstruction: Hashable, Sendable {
    /// The instruction as a transaction carries it.
    func instruction(in market: Market) -> Instruction
}

/// An instruction's data: the discriminator, then the arguments in Borsh.
struct InstructionData {
    private(set) var bytes: [UInt8] = []

    init(_ discriminator: UInt64) {
        append(discriminator)
    }

    mutating func append(_ value: UInt8) { bytes.append(value) }

    mutating func append(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    }

    mutating func append(_ value: UInt64) { bytes.append(littleEndian: value) }

    mutating func append(_ amount: Lamports) { append(amount.rawValue) }

    mutating func append(_ price: PricePerMillionTokens) { append(price.rawValue) }

    mutating func append(_ address: Address) { bytes += address.bytes }

    mutating func append(_ hash: ModelHash) { bytes += hash.bytes }

    mutating func append(_ key: X25519.PublicKey) { bytes += key.bytes }

    mutating func append(string: String) {
        let text = Array(string.utf8)
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: text.count))
        bytes += text
    }
}
