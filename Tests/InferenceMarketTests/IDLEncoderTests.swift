import InferenceMarket
import SodiumCrypto
import Solana
import Testing

/// The encoders of this module and the IDL describe one program.
@Suite("Anchor IDL and encoders")
struct IDLEncoderTests {
    static let owner = Keypair().address
    static let client = Keypair().address
    static let signer = Keypair().address
    static let request = Keypair().address
    static let treasury = Keypair().address
    static let peerKey = X25519.PrivateKey().publicKey
    static let terms = Terms(outputPrice: .lamports(11), inputPrice: .lamports(12), minimumCharge: 13)

    /// One instruction of each kind, with every optional account.
    static let examples: [(name: String, instruction: any MarketInstruction)] = {
        let market = Market.localnet
        let fee = BasisPoints(rawValue: 250)
        let response = CompareResponsesInstruction.Response(
            request: request,
            server: market.server(of: owner),
            requester: client
        )
        let other = CompareResponsesInstruction.Response(request: signer, server: treasury, requester: owner)
        return [
            (
                "initialize_market",
                InitializeMarketInstruction(
                    upgradeAuthority: owner,
                    authority: client,
                    treasury: treasury,
                    minimumComparedCharge: 77,
                    fee: fee
                )
            ),
            (
                "update_market",
                UpdateMarketInstruction(
                    authority: owner,
                    treasury: treasury,
                    pendingAuthority: client,
                    minimumComparedCharge: 78,
                    fee: fee
                )
            ),
            ("accept_market", AcceptMarketInstruction(pendingAuthority: client)),
            ("add_server", AddServerInstruction(owner: owner, peerKey: peerKey, peerAddress: "/dns/a")),
            ("update_server", UpdateServerInstruction(owner: owner, peerKey: peerKey, peerAddress: "")),
            ("set_listing", SetListingInstruction(owner: owner, model: "org/model", terms: terms)),
            ("remove_listing", RemoveListingInstruction(owner: owner, model: ModelID("org/model").hash)),
            ("heartbeat", HeartbeatInstruction(owner: owner)),
            ("close_server", CloseServerInstruction(owner: owner, treasury: treasury)),
            ("collect_fees", CollectFeesInstruction(owner: owner, treasury: treasury)),
            ("request_inference", publication(.direct(owner: owner, listingIndex: 5))),
            ("cancel_request", CancelRequestInstruction(request: request, requester: client)),
            (
                "lock_request",
                LockRequestInstruction(
                    owner: owner,
                    request: request,
                    createdSlot: 21,
                    stake: 22,
                    listingIndex: 23,
                    peerAddress: "/dns/x"
                )
            ),
            ("release_request", ReleaseRequestInstruction(owner: owner, request: request, requester: client)),
            ("begin_close", BeginCloseInstruction(request: request, requester: client)),
            (
                "claim_payment",
                ClaimPaymentInstruction(
                    owner: owner,
                    request: request,
                    requester: client,
                    amount: 640,
                    presentsVoucher: true
                )
            ),
            (
                "expire_request",
                ExpireRequestInstruction(request: request, requester: client, server: market.server(of: owner))
            ),
            (
                "flag_response",
                FlagResponseInstruction(request: request, requester: client, server: market.server(of: owner))
            ),
            ("compare_responses", CompareResponsesInstruction(preferred: response, other: other)),
            (
                "close_request",
                CloseRequestInstruction(request: request, requester: client, signedByRequester: false)
            ),
        ]
    }()

    static func publication(_ mode: RequestInferenceInstruction.Mode) -> RequestInferenceInstruction {
        RequestInferenceInstruction(
            requester: client,
            voucherSigner: signer,
            clientKey: peerKey,
            model: "org/model",
            stake: 1_000,
            caps: terms,
            credit: 14,
            lifetime: 15,
            maximumFee: BasisPoints(rawValue: 16),
            criteria: Criteria(
                minimumSuccess: BasisPoints(rawValue: 17),
                minimumPreference: BasisPoints(rawValue: 18),
                minimumCompleted: 19
            ),
            mode: mode
        )
    }

    let idl = IDL.market(.localnet)

    @Test("There is an example of every instruction")
    func completeness() {
        #expect(Self.examples.map(\.name) == idl.instructions.map(\.name))
    }

    @Test("Encoded instructions are what the IDL says", arguments: IDL.market(.localnet).instructions)
    func agreement(definition: IDL.Instruction) throws {
        let example = try #require(Self.examples.first { $0.name == definition.name })
        let encoded = example.instruction.instruction(in: .localnet)
        #expect(encoded.accounts.map(\.isWritable) == definition.accounts.map(\.isWritable))
        #expect(encoded.accounts.map(\.isSigner) == definition.accounts.map(\.isSigner))
        #expect(encoded.data.prefix(8) == definition.discriminator.littleEndianBytes[...])

        var values: [String: ArraySlice<UInt8>] = [:]
        var rest = encoded.data.dropFirst(8)
        for argument in definition.arguments {
            let count = try #require(size(of: argument.type, in: rest), "\(argument.name)")
            #expect(argument.offset == nil || argument.offset == rest.startIndex)
            values[argument.name] = rest.prefix(count)
            rest = rest.dropFirst(count)
        }
        #expect(rest.isEmpty)
        try checkAddresses(of: encoded, definition, values)
    }

    @Test("An open request has the accounts before the optional ones")
    func openRequest() throws {
        let definition = try #require(idl.instructions.first { $0.name == "request_inference" })
        let encoded = Self.publication(.open).instruction(in: .localnet)
        #expect(encoded.accounts.count == definition.accounts.prefix { !$0.isOptional }.count)
    }

    /// Derives what a client would derive.
    private func checkAddresses(
        of encoded: Instruction,
        _ definition: IDL.Instruction,
        _ values: [String: ArraySlice<UInt8>]
    ) throws {
        let names = definition.accounts.map(\.name)
        for (account, meta) in zip(definition.accounts, encoded.accounts) {
            switch account.source {
            case .fixed(let address): #expect(meta.address == address, "\(account.name)")
            case .program: #expect(meta.address == idl.address)
            case .derived(let seeds, let program):
                let bytes = try seeds.map { seed -> [UInt8] in
                    switch seed {
                    case .text(let text): return Array(text.utf8)
                    case .account(let name):
                        return encoded.accounts[try #require(names.firstIndex(of: name))].address.bytes
                    case .argument(let name): return Array(try #require(values[name]))
                    }
                }
                let derived = try Address.findProgramAddress(seeds: bytes, program: program ?? idl.address)
                #expect(meta.address == derived.address, "\(account.name)")
            case nil: break
            }
        }
    }

    private func size(of type: IDL.FieldType, in data: ArraySlice<UInt8>) -> Int? {
        if let size = type.fixedSize(in: idl.types) { return size <= data.count ? size : nil }
        guard type == .string, data.count >= 4 else { return nil }
        let count = data.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        return 4 + count <= data.count ? 4 + count : nil
    }
}

extension UInt64 {
    var littleEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(8 * $0)) } }
}
