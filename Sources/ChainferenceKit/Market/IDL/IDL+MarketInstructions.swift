import MarketProgram

extension IDL {
    static let marketInstructions: [Instruction] = [
        Instruction(
            "initialize_market",
            InstructionDiscriminator.initializeMarket,
            "Creates the market.",
            "Only the upgrade authority of the program may do so.",
            accounts: [
                InstructionAccount(.writable, "market", .market),
                InstructionAccount(
                    .writableSigner,
                    "authority",
                    docs: "Upgrade authority of the program; pays the rent."
                ),
                InstructionAccount(.writable, "treasury", docs: "System-owned, rent-exempt."),
                InstructionAccount(.readonly, "program", .program),
                InstructionAccount(.readonly, "program_data", .programData),
                .systemProgram,
            ],
            arguments: [
                Field("authority", .publicKey, at: InitializeMarket.Arguments.authority, "Who may change the market."),
                Field(
                    "minimum_compared_charge",
                    .u64,
                    at: InitializeMarket.Arguments.minimumComparedCharge,
                    "Smallest charge that may be compared."
                ),
                Field("fee_basis_points", .u16, at: InitializeMarket.Arguments.feeBasisPoints, "At most 1,000."),
            ]
        ),
        Instruction(
            "update_market",
            InstructionDiscriminator.updateMarket,
            "Changes fee, treasury and minimum, and names a successor of the authority.",
            "Locks keep the fee they were made under.",
            accounts: [
                InstructionAccount(.writable, "market", .market),
                InstructionAccount(.signer, "authority", heldBy: "market"),
                InstructionAccount(
                    .writable,
                    "treasury",
                    docs: "The treasury from now on; system-owned, rent-exempt."
                ),
            ],
            arguments: [
                Field(
                    "pending_authority",
                    .publicKey,
                    at: UpdateMarket.Arguments.pendingAuthority,
                    "Who may accept the market; zero for nobody."
                ),
                Field("minimum_compared_charge", .u64, at: UpdateMarket.Arguments.minimumComparedCharge),
                Field("fee_basis_points", .u16, at: UpdateMarket.Arguments.feeBasisPoints, "At most 1,000."),
            ]
        ),
        Instruction(
            "accept_market",
            InstructionDiscriminator.acceptMarket,
            "Makes the pending authority the authority.",
            accounts: [
                InstructionAccount(.writable, "market", .market),
                InstructionAccount(.signer, "pending_authority", heldBy: "market"),
            ]
        ),
    ]

    static let serverInstructions: [Instruction] = [
        Instruction(
            "add_server",
            InstructionDiscriminator.addServer,
            "Registers a server without listings.",
            accounts: [
                InstructionAccount(.writable, "server", .serverOfOwner),
                InstructionAccount(.writableSigner, "owner", docs: "Pays the rent."),
                .systemProgram,
            ],
            arguments: [
                Field("peer_key", .bytes32, at: AddServer.Arguments.peerKey, "X25519 key of the peer channel."),
                Field(
                    "peer_address",
                    .string,
                    at: AddServer.Arguments.peerAddress,
                    "At most 192 bytes, printable ASCII; may be empty."
                ),
            ]
        ),
        Instruction(
            "update_server",
            InstructionDiscriminator.updateServer,
            "Changes the peer key and the peer address; rent is topped up by, or goes back to, the owner.",
            accounts: [
                InstructionAccount(.writable, "server", .serverOfOwner),
                InstructionAccount(.writableSigner, "owner"),
                .systemProgram,
            ],
            arguments: [
                Field("peer_key", .bytes32, at: UpdateServer.Arguments.peerKey),
                Field("peer_address", .string, at: UpdateServer.Arguments.peerAddress, "As in add_server."),
            ]
        ),
        Instruction(
            "set_listing",
            InstructionDiscriminator.setListing,
            "Adds a listing, or changes the prices of the one with this model id.",
            "A new listing and one with a price that rises are stamped with the slot.",
            accounts: [
                InstructionAccount(.writable, "server", .serverOfOwner),
                InstructionAccount(.writableSigner, "owner", docs: "Pays the rent of a new listing."),
                .systemProgram,
            ],
            arguments: [
                Field(
                    "output_price",
                    .u64,
                    at: SetListing.Arguments.outputPrice,
                    "Lamports per million output tokens, 1 to 2^32."
                ),
                Field(
                    "input_price",
                    .u64,
                    at: SetListing.Arguments.inputPrice,
                    "Lamports per million input tokens, 0 to 2^32."
                ),
                Field(
                    "minimum_charge",
                    .u64,
                    at: SetListing.Arguments.minimumCharge,
                    "Lamports per session, 0 to 2^32."
                ),
                Field(
                    "model_id",
                    .string,
                    at: SetListing.Arguments.modelID,
                    "1 to 128 bytes, printable ASCII without spaces."
                ),
            ]
        ),
        Instruction(
            "remove_listing",
            InstructionDiscriminator.removeListing,
            "Removes a listing; its rent goes back to the owner.",
            "The listings behind it move up by one.",
            accounts: [
                InstructionAccount(.writable, "server", .serverOfOwner),
                InstructionAccount(.writableSigner, "owner"),
            ],
            arguments: [
                Field("model_hash", .bytes32, at: RemoveListing.Arguments.modelHash, "SHA-256 of the model id.")
            ]
        ),
        Instruction(
            "heartbeat",
            InstructionDiscriminator.heartbeat,
            "Shows that the server is alive.",
            accounts: [
                InstructionAccount(.writable, "server", .serverOfOwner),
                InstructionAccount(.signer, "owner"),
            ]
        ),
        Instruction(
            "close_server",
            InstructionDiscriminator.closeServer,
            "Ends a server that has no request locked: fees to the treasury, everything else to the owner.",
            accounts: [
                InstructionAccount(.writable, "server", .serverOfOwner),
                InstructionAccount(.writableSigner, "owner"),
                InstructionAccount(.readonly, "market", .market),
                InstructionAccount(.writable, "treasury", heldBy: "market"),
            ]
        ),
        Instruction(
            "collect_fees",
            InstructionDiscriminator.collectFees,
            "Sends the fees that a server owes to the treasury. Anyone may.",
            accounts: [
                InstructionAccount(.writable, "server"),
                InstructionAccount(.readonly, "market", .market),
                InstructionAccount(.writable, "treasury", heldBy: "market"),
            ]
        ),
    ]
}
