import MarketProgram
import Solana

extension IDL {
    static let requestInstructions: [Instruction] = [
        Instruction(
            "request_inference",
            InstructionDiscriminator.requestInference,
            "Creates a request and stakes the most that it may cost.",
            "Open: any server that meets the criteria may lock it. Direct: the named server has it locked at once, on",
            "its listed terms; the accounts server and market are needed then and ignored otherwise.",
            accounts: [
                InstructionAccount(.writable, "request", .newRequest),
                InstructionAccount(.writableSigner, "requester", docs: "Pays stake and rent."),
                .systemProgram,
                InstructionAccount(.readonly, "server", optional: true, docs: "Direct mode: the server."),
                InstructionAccount(.readonly, "market", .market, optional: true, docs: "Direct mode."),
            ],
            arguments: requestArguments
        ),
        Instruction(
            "cancel_request",
            InstructionDiscriminator.cancelRequest,
            "Takes an open request back: stake and rent return to the client.",
            accounts: [
                InstructionAccount(.writable, "request"),
                InstructionAccount(.writableSigner, "requester", heldBy: "request"),
            ]
        ),
        Instruction(
            "lock_request",
            InstructionDiscriminator.lockRequest,
            "Locks an open request for the signer's server on the terms of one of its listings.",
            accounts: [
                InstructionAccount(.writable, "request"),
                InstructionAccount(.writable, "server", .serverOfOwner),
                InstructionAccount(.signer, "owner", docs: "The server's owner."),
                InstructionAccount(.readonly, "market", .market),
            ],
            arguments: [
                Field(
                    "created_slot",
                    .u64,
                    at: LockRequest.Arguments.createdSlot,
                    "The request's, as the server saw it."
                ),
                Field("stake", .u64, at: LockRequest.Arguments.stake, "The request's, as the server saw it."),
                Field("listing_index", .u8, at: LockRequest.Arguments.listingIndex, "Which of the server's listings."),
                Field(
                    "peer_address",
                    .string,
                    at: LockRequest.Arguments.peerAddress,
                    "At most 192 bytes, printable ASCII; empty when the server's own address holds."
                ),
            ]
        ),
        Instruction(
            "release_request",
            InstructionDiscriminator.releaseRequest,
            "Gives a lock back.",
            "An open-flow request is open again, or goes back to the client when it has expired; a direct one goes",
            "back to the client.",
            accounts: [
                InstructionAccount(.writable, "request"),
                InstructionAccount(.writable, "server", .serverOfOwner),
                InstructionAccount(.signer, "owner"),
                InstructionAccount(.writable, "requester", heldBy: "request", docs: "Paid when the request ends."),
            ]
        ),
        Instruction(
            "begin_close",
            InstructionDiscriminator.beginClose,
            "Shortens the deadline of a locked request to 10 minutes from now, if it is later.",
            accounts: [
                InstructionAccount(.writable, "request"),
                InstructionAccount(.signer, "requester", heldBy: "request"),
            ]
        ),
    ]

    static let settlementInstructions: [Instruction] = [
        Instruction(
            "claim_payment",
            InstructionDiscriminator.claimPayment,
            "Pays the server.",
            "Without the account instructions at most the credit can be claimed; with it, what the voucher in the",
            "Ed25519 instruction right before this one says.",
            accounts: [
                InstructionAccount(.writable, "request"),
                InstructionAccount(.writable, "server", .serverOfOwner),
                InstructionAccount(.writableSigner, "owner", docs: "Is paid."),
                InstructionAccount(
                    .writable,
                    "requester",
                    heldBy: "request",
                    docs: "Gets the remainder of the stake."
                ),
                InstructionAccount(
                    .readonly,
                    "instructions",
                    .fixed(Sysvar.instructions),
                    optional: true,
                    docs: "Only with a voucher."
                ),
            ],
            arguments: [
                Field("amount", .u64, at: ClaimPayment.Arguments.amount, "Lamports, the fee included; may be 0.")
            ]
        ),
        Instruction(
            "expire_request",
            InstructionDiscriminator.expireRequest,
            "Returns stake and rent of a request whose time has passed to the client. Anyone may.",
            accounts: [
                InstructionAccount(.writable, "request"),
                InstructionAccount(.writable, "requester", heldBy: "request"),
                InstructionAccount(
                    .writable,
                    "server",
                    heldBy: "request",
                    docs: "The locking server; for an open or a direct request any account, ignored."
                ),
            ]
        ),
        Instruction(
            "flag_response",
            InstructionDiscriminator.flagResponse,
            "Marks a response as bad, once, from the lock on.",
            accounts: [
                InstructionAccount(.writable, "request"),
                InstructionAccount(.signer, "requester", heldBy: "request"),
                InstructionAccount(.writable, "server", heldBy: "request"),
            ]
        ),
        Instruction(
            "compare_responses",
            InstructionDiscriminator.compareResponses,
            "Says which of two claimed responses was better. Both clients sign.",
            accounts: [
                InstructionAccount(.readonly, "market", .market),
                InstructionAccount(.writable, "preferred_request"),
                InstructionAccount(.writable, "other_request"),
                InstructionAccount(.writable, "preferred_server"),
                InstructionAccount(.writable, "other_server"),
                InstructionAccount(.signer, "preferred_requester"),
                InstructionAccount(
                    .signer,
                    "other_requester",
                    optional: true,
                    docs: "Where both clients are one, it may be repeated or left out."
                ),
            ]
        ),
        Instruction(
            "close_request",
            InstructionDiscriminator.closeRequest,
            "Ends a claimed request: everything left goes to the client.",
            accounts: [
                InstructionAccount(.writable, "request"),
                InstructionAccount(
                    .writable,
                    "requester",
                    heldBy: "request",
                    docs: "Must sign until 24 hours after the claim, which it does as the transaction's fee payer."
                ),
            ]
        ),
    ]

    private static let requestArguments: [Field] = [
        Field(
            "voucher_signer",
            .publicKey,
            at: RequestInference.Arguments.voucherSigner,
            "A fresh Ed25519 key, never used for another request."
        ),
        Field("client_key", .bytes32, at: RequestInference.Arguments.clientKey, "X25519 key of the peer channel."),
        Field("stake", .u64, at: RequestInference.Arguments.stake, "Lamports."),
        Field("maximum_output_price", .u64, at: RequestInference.Arguments.maximumOutputPrice, "Cap."),
        Field("maximum_input_price", .u64, at: RequestInference.Arguments.maximumInputPrice, "Cap."),
        Field("maximum_minimum_charge", .u64, at: RequestInference.Arguments.maximumMinimumCharge, "Cap."),
        Field(
            "credit",
            .u64,
            at: RequestInference.Arguments.credit,
            "What may be claimed without a voucher, at most the stake."
        ),
        Field(
            "lifetime",
            .u64,
            at: RequestInference.Arguments.lifetime,
            "Seconds until the request expires, 1 to 604,800."
        ),
        Field("minimum_completed", .u64, at: RequestInference.Arguments.minimumCompleted, "Criterion."),
        Field("maximum_fee_basis_points", .u16, at: RequestInference.Arguments.maximumFeeBasisPoints, "Cap."),
        Field("minimum_success", .u16, at: RequestInference.Arguments.minimumSuccess, "Criterion, basis points."),
        Field("minimum_preference", .u16, at: RequestInference.Arguments.minimumPreference, "Criterion, basis points."),
        Field("bump", .u8, at: RequestInference.Arguments.bump, "Of the request's address."),
        Field("mode", .defined("RequestMode"), at: RequestInference.Arguments.mode),
        Field(
            "listing_index",
            .u8,
            at: RequestInference.Arguments.listingIndex,
            "Direct mode: index of the listing; else ignored."
        ),
        Field(
            "model_id",
            .string,
            at: RequestInference.Arguments.modelID,
            "1 to 128 bytes, printable ASCII without spaces."
        ),
    ]
}
