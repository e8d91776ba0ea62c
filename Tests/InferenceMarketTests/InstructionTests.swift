import InferenceMarket
import MarketProgram
import SodiumCrypto
import Solana
import Testing

/// Reads arguments back at the offsets that the program reads them from.
private struct Arguments {
    let data: [UInt8]

    func uint64(_ offset: Int) -> UInt64 { (0..<8).reversed().reduce(0) { $0 << 8 | UInt64(data[offset + $1]) } }
    func uint16(_ offset: Int) -> UInt16 { UInt16(data[offset]) | UInt16(data[offset + 1]) << 8 }
    func bytes(_ offset: Int) -> [UInt8] { Array(data[offset..<offset + 32]) }
    func string(_ offset: Int) -> String {
        let count = (0..<4).reversed().reduce(0) { $0 << 8 | Int(data[offset + $1]) }
        return String(decoding: data[(offset + 4)..<(offset + 4 + count)], as: UTF8.self)
    }
}

@Suite("Instructions")
struct InstructionTests {
    let market = Market.localnet
    let owner = Keypair().address
    let client = Keypair().address
    let signer = Keypair().address
    let request = Keypair().address
    let treasury = Keypair().address
    let peerKey = X25519.PrivateKey().publicKey
    let terms = Terms(outputPrice: .lamports(11), inputPrice: .lamports(12), minimumCharge: 13)
    var server: Address { market.server(of: owner) }

    private func check(
        _ instruction: some MarketInstruction,
        _ discriminator: UInt64,
        accounts: [AccountMeta],
        count: UInt64,
        end: Int
    ) -> Arguments {
        let encoded = instruction.instruction(in: market)
        let arguments = Arguments(data: encoded.data)
        #expect(encoded.program == market.program)
        #expect(encoded.accounts == accounts)
        #expect(encoded.accounts.count == Int(count))
        #expect(encoded.data.count == end)
        #expect(arguments.uint64(0) == discriminator)
        return arguments
    }

    @Test("Governance")
    func governance() {
        let fee = BasisPoints(rawValue: 250)
        let initialize = InitializeMarketInstruction(
            upgradeAuthority: owner,
            authority: client,
            treasury: treasury,
            minimumComparedCharge: 77,
            fee: fee
        )
        var arguments = check(
            initialize,
            InstructionDiscriminator.initializeMarket,
            accounts: [
                .writable(market.address), .writableSigner(owner), .writable(treasury), .readonly(market.program),
                .readonly(market.programData), .readonly(SystemProgram.id),
            ],
            count: InitializeMarket.accountCount,
            end: InitializeMarket.Arguments.end
        )
        #expect(arguments.bytes(InitializeMarket.Arguments.authority) == client.bytes)
        #expect(arguments.uint64(InitializeMarket.Arguments.minimumComparedCharge) == 77)
        #expect(arguments.uint16(InitializeMarket.Arguments.feeBasisPoints) == 250)

        arguments = check(
            UpdateMarketInstruction(
                authority: owner,
                treasury: treasury,
                pendingAuthority: nil,
                minimumComparedCharge: 78,
                fee: fee
            ),
            InstructionDiscriminator.updateMarket,
            accounts: [.writable(market.address), .readonlySigner(owner), .writable(treasury)],
            count: UpdateMarket.accountCount,
            end: UpdateMarket.Arguments.end
        )
        #expect(arguments.bytes(UpdateMarket.Arguments.pendingAuthority) == Address.zero.bytes)
        #expect(arguments.uint64(UpdateMarket.Arguments.minimumComparedCharge) == 78)
        #expect(arguments.uint16(UpdateMarket.Arguments.feeBasisPoints) == 250)

        _ = check(
            AcceptMarketInstruction(pendingAuthority: client),
            InstructionDiscriminator.acceptMarket,
            accounts: [.writable(market.address), .readonlySigner(client)],
            count: AcceptMarket.accountCount,
            end: 8
        )
        _ = check(
            CollectFeesInstruction(owner: owner, treasury: treasury),
            InstructionDiscriminator.collectFees,
            accounts: [.writable(server), .readonly(market.address), .writable(treasury)],
            count: CollectFees.accountCount,
            end: 8
        )
    }

    @Test("Servers and their listings")
    func servers() {
        let changing: [AccountMeta] = [.writable(server), .writableSigner(owner), .readonly(SystemProgram.id)]
        var arguments = check(
            AddServerInstruction(owner: owner, peerKey: peerKey, peerAddress: "/ip4/…"),
            InstructionDiscriminator.addServer,
            accounts: changing,
            count: AddServer.accountCount,
            end: AddServer.Arguments.peerAddress + 4 + 8
        )
        #expect(arguments.bytes(AddServer.Arguments.peerKey) == peerKey.bytes)
        #expect(arguments.string(AddServer.Arguments.peerAddress) == "/ip4/…")

        arguments = check(
            UpdateServerInstruction(owner: owner, peerKey: peerKey, peerAddress: ""),
            InstructionDiscriminator.updateServer,
            accounts: changing,
            count: UpdateServer.accountCount,
            end: UpdateServer.Arguments.peerAddress + 4
        )
        #expect(arguments.bytes(UpdateServer.Arguments.peerKey) == peerKey.bytes)

        arguments = check(
            SetListingInstruction(owner: owner, model: "org/model", terms: terms),
            InstructionDiscriminator.setListing,
            accounts: changing,
            count: SetListing.accountCount,
            end: SetListing.Arguments.modelID + 4 + 9
        )
        #expect(arguments.uint64(SetListing.Arguments.outputPrice) == 11)
        #expect(arguments.uint64(SetListing.Arguments.inputPrice) == 12)
        #expect(arguments.uint64(SetListing.Arguments.minimumCharge) == 13)
        #expect(arguments.string(SetListing.Arguments.modelID) == "org/model")

        let model: ModelID = "org/model"
        arguments = check(
            RemoveListingInstruction(owner: owner, model: model.hash),
            InstructionDiscriminator.removeListing,
            accounts: [.writable(server), .writableSigner(owner)],
            count: RemoveListing.accountCount,
            end: RemoveListing.Arguments.end
        )
        #expect(arguments.bytes(RemoveListing.Arguments.modelHash) == SHA256.hash(Array("org/model".utf8)))

        _ = check(
            HeartbeatInstruction(owner: owner),
            InstructionDiscriminator.heartbeat,
            accounts: [.writable(server), .readonlySigner(owner)],
            count: Heartbeat.accountCount,
            end: 8
        )
        _ = check(
            CloseServerInstruction(owner: owner, treasury: treasury),
            InstructionDiscriminator.closeServer,
            accounts: [
                .writable(server), .writableSigner(owner), .readonly(market.address), .writable(treasury),
            ],
            count: CloseServer.accountCount,
            end: 8
        )
    }

    @Test("A request, open and direct")
    func publishing() {
        let derived = market.request(of: client, voucherSigner: signer)
        var instruction = RequestInferenceInstruction(
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
            )
        )
        let open: [AccountMeta] = [
            .writable(derived.address), .writableSigner(client), .readonly(SystemProgram.id),
        ]
        let end = RequestInference.Arguments.modelID + 4 + 9
        var arguments = check(
            instruction,
            InstructionDiscriminator.requestInference,
            accounts: open,
            count: RequestInference.accountCount,
            end: end
        )
        typealias Offset = RequestInference.Arguments
        #expect(arguments.bytes(Offset.voucherSigner) == signer.bytes)
        #expect(arguments.bytes(Offset.clientKey) == peerKey.bytes)
        #expect(arguments.uint64(Offset.stake) == 1_000)
        #expect(arguments.uint64(Offset.maximumOutputPrice) == 11)
        #expect(arguments.uint64(Offset.maximumInputPrice) == 12)
        #expect(arguments.uint64(Offset.maximumMinimumCharge) == 13)
        #expect(arguments.uint64(Offset.credit) == 14)
        #expect(arguments.uint64(Offset.lifetime) == 15)
        #expect(arguments.uint64(Offset.minimumCompleted) == 19)
        #expect(arguments.uint16(Offset.maximumFeeBasisPoints) == 16)
        #expect(arguments.uint16(Offset.minimumSuccess) == 17)
        #expect(arguments.uint16(Offset.minimumPreference) == 18)
        #expect(arguments.data[Offset.bump] == derived.bump)
        #expect(arguments.data[Offset.mode] == 0)
        #expect(arguments.string(Offset.modelID) == "org/model")

        instruction.mode = .direct(owner: owner, listingIndex: 5)
        arguments = check(
            instruction,
            InstructionDiscriminator.requestInference,
            accounts: open + [.readonly(server), .readonly(market.address)],
            count: 5,
            end: end
        )
        #expect(arguments.data[Offset.mode] == 1)
        #expect(arguments.data[Offset.listingIndex] == 5)
    }

    @Test("A request's life after it is published")
    func life() {
        let arguments = check(
            LockRequestInstruction(
                owner: owner,
                request: request,
                createdSlot: 21,
                stake: 22,
                listingIndex: 23,
                peerAddress: "/dns/x"
            ),
            InstructionDiscriminator.lockRequest,
            accounts: [.writable(request), .writable(server), .readonlySigner(owner), .readonly(market.address)],
            count: LockRequest.accountCount,
            end: LockRequest.Arguments.peerAddress + 4 + 6
        )
        #expect(arguments.uint64(LockRequest.Arguments.createdSlot) == 21)
        #expect(arguments.uint64(LockRequest.Arguments.stake) == 22)
        #expect(arguments.data[LockRequest.Arguments.listingIndex] == 23)
        #expect(arguments.string(LockRequest.Arguments.peerAddress) == "/dns/x")

        _ = check(
            CancelRequestInstruction(request: request, requester: client),
            InstructionDiscriminator.cancelRequest,
            accounts: [.writable(request), .writableSigner(client)],
            count: CancelRequest.accountCount,
            end: 8
        )
        _ = check(
            ReleaseRequestInstruction(owner: owner, request: request, requester: client),
            InstructionDiscriminator.releaseRequest,
            accounts: [.writable(request), .writable(server), .readonlySigner(owner), .writable(client)],
            count: ReleaseRequest.accountCount,
            end: 8
        )
        _ = check(
            BeginCloseInstruction(request: request, requester: client),
            InstructionDiscriminator.beginClose,
            accounts: [.writable(request), .readonlySigner(client)],
            count: BeginClose.accountCount,
            end: 8
        )
        _ = check(
            ExpireRequestInstruction(request: request, requester: client, server: server),
            InstructionDiscriminator.expireRequest,
            accounts: [.writable(request), .writable(client), .writable(server)],
            count: ExpireRequest.accountCount,
            end: 8
        )
        for signs in [true, false] {
            _ = check(
                CloseRequestInstruction(request: request, requester: client, signedByRequester: signs),
                InstructionDiscriminator.closeRequest,
                accounts: [.writable(request), signs ? .writableSigner(client) : .writable(client)],
                count: CloseRequest.accountCount,
                end: 8
            )
        }
        _ = check(
            FlagResponseInstruction(request: request, requester: client, server: server),
            InstructionDiscriminator.flagResponse,
            accounts: [.writable(request), .readonlySigner(client), .writable(server)],
            count: FlagResponse.accountCount,
            end: 8
        )
        _ = check(
            CompareResponsesInstruction(
                preferred: .init(request: request, server: server, requester: client),
                other: .init(request: signer, server: treasury, requester: owner)
            ),
            InstructionDiscriminator.compareResponses,
            accounts: [
                .readonly(market.address), .writable(request), .writable(signer), .writable(server),
                .writable(treasury), .readonlySigner(client), .readonlySigner(owner),
            ],
            count: CompareResponses.accountCount + 1,
            end: 8
        )
    }

    @Test("A claim with a voucher is the Ed25519 instruction and, right behind it, the claim")
    func claims() throws {
        let key = Keypair()
        let message = VoucherMessage(request: request, cumulative: 640, expiresAt: UnixTime(rawValue: 3_600))
        let voucher = Voucher(signing: message, with: key)
        let instructions = ClaimPaymentInstruction.claiming(
            voucher,
            signedBy: key.address,
            owner: owner,
            requester: client,
            in: market
        )
        #expect(instructions.count == 2)
        let proof = try #require(SingleEd25519Signature(decoding: instructions[0].data))
        #expect(instructions[0].program == Ed25519Program.id && instructions[0].accounts.isEmpty)
        #expect(proof.address == key.address && proof.message == message.bytes && proof.isValid)
        let arguments = check(
            ClaimPaymentInstruction(
                owner: owner,
                request: request,
                requester: client,
                amount: 640,
                presentsVoucher: true
            ),
            InstructionDiscriminator.claimPayment,
            accounts: [
                .writable(request), .writable(server), .writableSigner(owner), .writable(client),
                .readonly(Sysvar.instructions),
            ],
            count: ClaimPayment.accountCount + 1,
            end: ClaimPayment.Arguments.end
        )
        #expect(arguments.uint64(ClaimPayment.Arguments.amount) == 640)
        #expect(arguments.data == instructions[1].data)
        _ = check(
            ClaimPaymentInstruction(
                owner: owner,
                request: request,
                requester: client,
                amount: 1,
                presentsVoucher: false
            ),
            InstructionDiscriminator.claimPayment,
            accounts: [.writable(request), .writable(server), .writableSigner(owner), .writable(client)],
            count: ClaimPayment.accountCount,
            end: ClaimPayment.Arguments.end
        )
    }
}
