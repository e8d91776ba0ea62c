import MarketProgram

extension IDL {
    static let marketAccounts: [Record] = [
        Record(
            name: "Market",
            discriminator: AccountDiscriminator.market,
            docs: ["Who governs the market and what it takes."],
            fields: marketFields
        ),
        Record(
            name: "Server",
            discriminator: AccountDiscriminator.server,
            docs: ["A registered server: its record, where it listens and what it offers."],
            fields: serverFields
        ),
        Record(
            name: "InferenceRequest",
            discriminator: AccountDiscriminator.inferenceRequest,
            docs: [
                "A request for inference: its stake, what its client accepts, and how far it has come.",
                "Behind the peer address stand zeros: room for 192 bytes of it.",
            ],
            fields: requestFields
        ),
    ]

    private static let marketFields: [Field] = [
        Field("authority", .publicKey, at: MarketLayout.authority, "Who may change the market."),
        Field(
            "pending_authority",
            .publicKey,
            at: MarketLayout.pendingAuthority,
            "Who may take the authority over; zero for nobody."
        ),
        Field("treasury", .publicKey, at: MarketLayout.treasury, "Where fees go."),
        Field(
            "minimum_compared_charge",
            .u64,
            at: MarketLayout.minimumComparedCharge,
            "The smallest charge, in lamports, of a response that may be compared."
        ),
        Field(
            "fee_basis_points",
            .u16,
            at: MarketLayout.feeBasisPoints,
            "Fee in basis points of the server's charge, at most 1,000."
        ),
        Field("version", .u8, at: MarketLayout.version, "Layout version, 1."),
        Field("bump", .u8, at: MarketLayout.bump, "Bump of the account's address."),
        Field("reserved", .array(.u8, 44), at: MarketLayout.reserved, "Zero."),
    ]

    private static let serverFields: [Field] = [
        Field("owner", .publicKey, at: ServerLayout.owner, "The wallet that registered the server and is paid."),
        Field("heartbeat_at", .i64, at: ServerLayout.heartbeatAt, "Unix time of the last sign of life."),
        Field("registered_at", .i64, at: ServerLayout.registeredAt, "Unix time of registration."),
        Field("open_locks", .u64, at: ServerLayout.openLocks, "Open-flow requests that are locked now."),
        Field("completed", .u64, at: ServerLayout.completed, "Claims with a voucher and a charge."),
        Field("failed", .u64, at: ServerLayout.failed, "Locks that came to nothing."),
        Field("flagged", .u64, at: ServerLayout.flagged, "Completed responses that their client flagged."),
        Field("compared", .u64, at: ServerLayout.compared, "Comparisons that the server took part in."),
        Field("preferred", .u64, at: ServerLayout.preferred, "Comparisons in which the server was preferred."),
        Field("earned", .u64, at: ServerLayout.earned, "Lamports charged through vouchers, fees included."),
        Field("fees_owed", .u64, at: ServerLayout.feesOwed, "Lamports in this account that belong to the treasury."),
        Field("peer_key", .bytes32, at: ServerLayout.peerKey, "X25519 key of the peer channel."),
        Field("version", .u8, at: ServerLayout.version, "Layout version, 1."),
        Field("bump", .u8, at: ServerLayout.bump, "Bump of the account's address."),
        Field("reserved", .array(.u8, 26), at: ServerLayout.reserved, "Zero."),
        Field("listings", .vector(.defined("Listing")), at: ServerLayout.listingCount, "What is offered."),
        Field("peer_address", .string, "Where the server listens; may be empty. Chosen by a stranger."),
        Field("model_ids", .vector(.string), "The ids of the listings, in their order."),
    ]

    private static let requestFields: [Field] = [
        Field("requester", .publicKey, at: RequestLayout.requester, "The client's wallet."),
        Field(
            "server",
            .publicKey,
            at: RequestLayout.server,
            "Address of the server account; zero while any server may lock."
        ),
        Field("model_hash", .bytes32, at: RequestLayout.modelHash, "SHA-256 of the model id."),
        Field("voucher_signer", .publicKey, at: RequestLayout.voucherSigner, "Ed25519 key that signs vouchers."),
        Field("client_key", .bytes32, at: RequestLayout.clientKey, "The client's X25519 key of the peer channel."),
        Field("stake", .u64, at: RequestLayout.stake, "Lamports staked, the most that the server may charge."),
        Field(
            "maximum_output_price",
            .u64,
            at: RequestLayout.maximumOutputPrice,
            "The highest acceptable price per million output tokens."
        ),
        Field(
            "maximum_input_price",
            .u64,
            at: RequestLayout.maximumInputPrice,
            "The highest acceptable price per million input tokens."
        ),
        Field(
            "maximum_minimum_charge",
            .u64,
            at: RequestLayout.maximumMinimumCharge,
            "The highest acceptable minimum charge."
        ),
        Field(
            "output_price",
            .u64,
            at: RequestLayout.outputPrice,
            "Price per million output tokens, frozen at the lock."
        ),
        Field("input_price", .u64, at: RequestLayout.inputPrice, "Price per million input tokens, frozen at the lock."),
        Field("minimum_charge", .u64, at: RequestLayout.minimumCharge, "Minimum charge, frozen at the lock."),
        Field("credit", .u64, at: RequestLayout.credit, "The most that may be claimed without a voucher."),
        Field("charge", .u64, at: RequestLayout.charge, "Lamports claimed, the fee included."),
        Field("created_slot", .u64, at: RequestLayout.createdSlot, "Slot of the creation."),
        Field("created_at", .i64, at: RequestLayout.createdAt, "Unix time of the creation."),
        Field("expires_at", .i64, at: RequestLayout.expiresAt, "Unix time until which the request may be locked."),
        Field(
            "locked_at",
            .i64,
            at: RequestLayout.lockedAt,
            "Unix time of the newest lock; kept when the lock is released."
        ),
        Field("deadline", .i64, at: RequestLayout.deadline, "Unix time until which the server may claim."),
        Field("claimed_at", .i64, at: RequestLayout.claimedAt, "Unix time of the claim."),
        Field(
            "minimum_completed",
            .u64,
            at: RequestLayout.minimumCompleted,
            "How many completed responses a server must have."
        ),
        Field(
            "maximum_fee_basis_points",
            .u16,
            at: RequestLayout.maximumFeeBasisPoints,
            "The highest acceptable fee in basis points."
        ),
        Field("minimum_success", .u16, at: RequestLayout.minimumSuccess, "The least success ratio in basis points."),
        Field(
            "minimum_preference",
            .u16,
            at: RequestLayout.minimumPreference,
            "The least preference ratio in basis points."
        ),
        Field("fee_basis_points", .u16, at: RequestLayout.feeBasisPoints, "Fee in basis points, frozen at the lock."),
        Field("state", .defined("RequestState"), at: RequestLayout.state, "How far the request has come."),
        Field(
            "flags",
            .u8,
            at: RequestLayout.flags,
            "Bits: 1 direct, 2 flagged, 4 vouched, 8 compared, 16 closing."
        ),
        Field("bump", .u8, at: RequestLayout.bump, "Bump of the account's address."),
        Field("version", .u8, at: RequestLayout.version, "Layout version, 1."),
        Field("reserved", .array(.u8, 12), at: RequestLayout.reserved, "Zero."),
        Field("model_id", .string, at: RequestLayout.modelID, "The model, 1 to 128 bytes."),
        Field(
            "peer_address",
            .string,
            "Of the lock; empty while there is none, or when the server's own address holds. Chosen by a stranger."
        ),
    ]

    static let marketTypes: [TypeDefinition] = [
        TypeDefinition(
            name: "Listing",
            docs: ["A model that a server offers, and its terms."],
            kind: .structure([
                Field("model_hash", .bytes32, at: ListingLayout.modelHash, "SHA-256 of the model id."),
                Field("output_price", .u64, at: ListingLayout.outputPrice, "Lamports per million output tokens."),
                Field(
                    "input_price",
                    .u64,
                    at: ListingLayout.inputPrice,
                    "Lamports per million input tokens; may be 0."
                ),
                Field(
                    "minimum_charge",
                    .u64,
                    at: ListingLayout.minimumCharge,
                    "Lamports that a session costs at least; may be 0."
                ),
                Field(
                    "raised_slot",
                    .u64,
                    at: ListingLayout.raisedSlot,
                    "Slot in which the listing was made or one of its prices last rose."
                ),
            ])
        ),
        TypeDefinition(
            name: "RequestMode",
            docs: ["Who may lock a request: any server that meets the criteria, or a named one at once."],
            kind: .enumeration(["Open", "Direct"])
        ),
        TypeDefinition(
            name: "RequestState",
            docs: ["How far a request has come."],
            kind: .enumeration(["Open", "Locked", "Claimed"])
        ),
    ]
}
