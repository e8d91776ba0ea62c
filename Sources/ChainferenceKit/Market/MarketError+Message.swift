import MarketProgram

extension MarketError {
    /// What is wrong, in one sentence; ``advice`` says what to do about it.
    public var message: String {
        switch code {
        case .instructionMissing: "The instruction's data is shorter than a discriminator."
        case .instructionFallbackNotFound: "No instruction has this discriminator."
        case .instructionDidNotDeserialize: "The arguments are truncated, too long or malformed."
        case .constraintMut: "An account that changes was passed read-only."
        case .constraintRentExempt: "The request account would fall below the rent exemption: claim a little less."
        case .constraintSeeds: "The account is not the program address that its seeds give."
        case .constraintAddress: "An account is not the one address that may stand in its place."
        case .accountDiscriminatorAlreadySet: "The account to create exists."
        case .accountDiscriminatorNotFound: "The account's data is too short for its type."
        case .accountDiscriminatorMismatch: "The account is of another type."
        case .accountDidNotDeserialize: "The account's data contradicts itself."
        case .accountNotEnoughKeys: "Too few accounts."
        case .accountOwnedByWrongProgram: "The account is owned by another program."
        case .invalidProgramID: "An account that must be a certain program is another."
        case .accountNotSigner: "A required signature is missing."
        case .notUpgradeAuthority: "Only the program's upgrade authority may initialise the market."
        case .notMarketAuthority: "Only the market's authority may change it."
        case .notPendingAuthority: "Only the pending authority may accept the market."
        case .feeTooHigh: "The fee is above 1,000 basis points."
        case .treasuryUnusable:
            "The treasury must belong to the system program, be writable and hold the rent exemption."
        case .wrongTreasury: "The treasury is not the market's."
        case .nothingToCollect: "The server owes no fees."
        case .duplicateAccount: "One account was passed in two places."
        case .wrongOwner: "The signer does not own this server."
        case .peerAddressInvalid: "A peer address has at most 192 bytes, all printable ASCII."
        case .modelIDInvalid: "A model id has 1 to 128 bytes, all printable ASCII without spaces."
        case .priceOutOfRange: "A price or minimum charge is above 2^32, or the output price is 0."
        case .tooManyListings: "The server has 64 listings already."
        case .listingNotFound: "The server has no such listing."
        case .serverHasOpenLocks: "The server still has requests locked."
        case .heartbeatStale: "The server's last heartbeat is more than 15 minutes old."
        case .serverReregistered: "The server account was made after the request was locked."
        case .wrongRequester: "The request belongs to another client."
        case .wrongServer: "The request is locked by another server."
        case .stakeOutOfRange:
            "The stake must not be 0, and stake, rent and lamports in the account must not exceed 2^64."
        case .creditAboveStake: "The credit is above the stake."
        case .lifetimeOutOfRange: "A request lives from 1 second to 7 days."
        case .criteriaOutOfRange: "A ratio or the fee cap is above 10,000 basis points."
        case .modeUnknown: "The request's mode is neither open (0) nor direct (1)."
        case .requestNotOpen: "The request is not open."
        case .requestNotLocked: "The request is not locked."
        case .requestNotClaimed: "The request is not claimed."
        case .requestExpired: "The request's time has passed."
        case .requestNotExpired: "The request's time has not passed."
        case .requestRecreated: "The request was created again: its slot or its stake are not the expected ones."
        case .ownRequest: "Server and client have the same wallet."
        case .lockTooSoon: "A request cannot be locked again in the second of its last lock."
        case .modelMismatch: "The listing is for another model."
        case .priceAboveCap: "The listing's prices are above the request's caps."
        case .feeAboveCap: "The market's fee is above the request's cap."
        case .listingRaised: "The listing was made or raised after the request."
        case .stakeBelowMinimumCharge: "The listing's minimum charge is above the stake."
        case .criteriaNotMet:
            "The server has completed too few requests, failed too many, or was not preferred often enough."
        case .deadlinePassed: "The deadline for the claim has passed."
        case .amountAboveStake: "The amount is above the stake."
        case .amountNotVouched: "The amount is above both the voucher and the credit."
        case .voucherMissing: "No Ed25519 instruction stands right before the claim."
        case .voucherMalformed: "The Ed25519 instruction has not exactly the shape of one voucher."
        case .voucherWrongSigner: "The voucher is signed by another key."
        case .voucherWrongRequest: "The voucher is for another request."
        case .voucherWrongLock: "The voucher is for another lock."
        case .closeTooSoon: "Only the client may close the request before 24 hours have passed."
        case .alreadyFlagged: "The response was flagged before."
        case .alreadyCompared: "One of the responses was compared before."
        case .sameServer: "Both responses come from one server."
        case .notVouched: "Only claims with a voucher can be compared."
        case .chargeTooSmall: "A charge is below the market's minimum for comparisons."
        case .claimsTooFarApart: "The claims are more than 10 minutes apart."
        }
    }

    /// The name as Anchor's clients print it, such as `RequestNotOpen`.
    public var anchorName: String {
        // Swift writes ID, Anchor's tools write Id.
        name.replacing("ID", with: "Id").capitalizedFirst
    }
}
