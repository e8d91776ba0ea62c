import MarketProgram
import Solana

extension IDL {
    /// The market program's interface, for one deployment of it.
    ///
    /// Discriminators, offsets and codes are the program's own constants. What the program has no constants for (names,
    /// types, flags of accounts) stands here once; the tests compare it with the program's sources, its specification
    /// and the encoders of this module.
    public static func market(_ market: Market) -> IDL {
        IDL(
            address: market.program,
            name: "chainference_market",
            version: "0.1.0",
            description: "A market for inference: stakes, metered payment by signed vouchers, reputation. Unaudited.",
            instructions: marketInstructions + serverInstructions + requestInstructions + settlementInstructions,
            accounts: marketAccounts,
            events: marketEvents,
            errors: ErrorCode.allCases.filter { $0.rawValue >= 6_000 }.map { code in
                let error = MarketError(code)
                return IDL.ErrorDefinition(code: code.rawValue, name: error.anchorName, message: error.message)
            },
            types: marketTypes
        )
    }
}

// MARK: Short forms for the tables

extension IDL.Field {
    init(_ name: String, _ type: IDL.FieldType, at offset: Int? = nil, _ docs: String...) {
        self.init(name: name, type: type, offset: offset, docs: docs)
    }
}

extension IDL.Instruction {
    init(
        _ name: String,
        _ discriminator: UInt64,
        _ docs: String...,
        accounts: [IDL.InstructionAccount],
        arguments: [IDL.Field] = []
    ) {
        self.init(name: name, discriminator: discriminator, docs: docs, accounts: accounts, arguments: arguments)
    }
}

extension IDL.InstructionAccount {
    /// How an instruction uses an account.
    enum Access {
        case readonly
        case writable
        case signer
        case writableSigner
    }

    init(
        _ access: Access,
        _ name: String,
        _ source: IDL.AccountSource? = nil,
        optional: Bool = false,
        heldBy relations: String...,
        docs: String...
    ) {
        self.init(
            name: name,
            isWritable: access == .writable || access == .writableSigner,
            isSigner: access == .signer || access == .writableSigner,
            isOptional: optional,
            source: source,
            relations: relations,
            docs: docs
        )
    }

    static let systemProgram = Self(.readonly, "system_program", .fixed(SystemProgram.id))
}

extension IDL.AccountSource {
    /// The program address of `["market"]`.
    static let market = Self.derived(seeds: [.text("market")], program: nil)

    /// The program address of `["server", owner]`.
    static let serverOfOwner = Self.derived(seeds: [.text("server"), .account("owner")], program: nil)

    /// The program address of `["request", requester, voucher signer]`, with the highest bump.
    static let newRequest = Self.derived(
        seeds: [.text("request"), .account("requester"), .argument("voucher_signer")],
        program: nil
    )

    /// Where the upgradeable loader keeps the code of the account `program`.
    static let programData = Self.derived(
        seeds: [.account("program")],
        program: Address(literal: "BPFLoaderUpgradeab1e11111111111111111111111")
    )
}

extension IDL.FieldType {
    /// 32 bytes that are no address.
    static let bytes32 = Self.array(.u8, 32)
}
