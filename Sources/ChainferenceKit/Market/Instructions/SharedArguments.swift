import MarketProgram
import SodiumCrypto
import Solana

// What two instructions have in common, written once.

extension Instruction {
    /// `add_server` or `update_server`: one set of accounts and arguments, which one creates and the other replaces.
    static func describingServer(
        _ discriminator: UInt64,
        of owner: Address,
        peerKey: X25519.PublicKey,
        peerAddress: String,
        in market: Market
    ) -> Instruction {
        var data = InstructionData(discriminator)
        data.append(peerKey)
        data.append(string: peerAddress)
        return Instruction(
            program: market.program,
            accounts: [
                .writable(market.server(of: owner)),
                .writableSigner(owner),
                .readonly(SystemProgram.id),
            ],
            data: data.bytes
        )
    }
}

extension InstructionData {
    /// The arguments of `initialize_market` and `update_market`: an authority, present or to come, and the terms.
    init(_ discriminator: UInt64, authority: Address, minimumComparedCharge: Lamports, fee: BasisPoints) {
        self.init(discriminator)
        append(authority)
        append(minimumComparedCharge)
        append(fee.rawValue)
    }
}
