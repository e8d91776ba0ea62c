import MarketProgram

extension MarketError {
    /// What was wrong and what to do, in a sentence or two.
    public var advice: String {
        switch code {
        case .notUpgradeAuthority, .notMarketAuthority, .notPendingAuthority, .feeTooHigh, .treasuryUnusable,
            .wrongTreasury, .nothingToCollect, .duplicateAccount:
            governanceAdvice
        case .wrongOwner, .peerAddressInvalid, .modelIDInvalid, .priceOutOfRange, .tooManyListings, .listingNotFound,
            .serverHasOpenLocks, .heartbeatStale, .serverReregistered:
            serverAdvice
        case .wrongRequester, .wrongServer, .stakeOutOfRange, .creditAboveStake, .lifetimeOutOfRange,
            .criteriaOutOfRange, .modeUnknown, .requestNotOpen, .requestNotLocked, .requestNotClaimed,
            .requestExpired, .requestNotExpired:
            requestAdvice
        case .requestRecreated, .ownRequest, .lockTooSoon, .modelMismatch, .priceAboveCap, .feeAboveCap,
            .listingRaised, .stakeBelowMinimumCharge, .criteriaNotMet:
            lockAdvice
        case .deadlinePassed, .amountAboveStake, .amountNotVouched, .voucherMissing, .voucherMalformed,
            .voucherWrongSigner, .voucherWrongRequest, .voucherWrongLock, .closeTooSoon, .alreadyFlagged,
            .alreadyCompared, .sameServer, .notVouched, .chargeTooSmall, .claimsTooFarApart:
            claimAdvice
        default:
            accountAdvice
        }
    }

    private var governanceAdvice: String {
        switch code {
        case .notUpgradeAuthority: "Only the program's upgrade authority may create the market; sign with its key."
        case .notMarketAuthority: "Only the market's authority may change it; sign with its key."
        case .notPendingAuthority: "Only the named successor may accept the market; name this key first."
        case .feeTooHigh: "The fee may be at most 1,000 basis points (10 %)."
        case .treasuryUnusable: "The treasury must be a wallet that holds the rent exemption; fund it first."
        case .wrongTreasury: "The treasury is another; read the market account again and use the one named there."
        case .nothingToCollect: "The server owes no fees now; nothing needs to be done."
        default: "One account stands in two places; each must be another one."
        }
    }

    private var serverAdvice: String {
        switch code {
        case .wrongOwner: "The server belongs to another wallet; sign with the one that registered it."
        case .peerAddressInvalid: "A peer address has at most 192 bytes of printable ASCII; shorten it."
        case .modelIDInvalid: "A model id has 1 to 128 bytes of printable ASCII without spaces."
        case .priceOutOfRange: "Prices and the minimum charge go up to 2³² lamports, and output must cost something."
        case .tooManyListings: "A server has at most 64 listings; remove one, or register a second server."
        case .listingNotFound: "The server does not offer this; read its account again."
        case .serverHasOpenLocks: "Claim or release the locked requests first."
        case .heartbeatStale: "The server was silent for more than 15 minutes; send a heartbeat first."
        default: "The server was registered after this request was locked, so the lock is not this server's."
        }
    }

    private var requestAdvice: String {
        switch code {
        case .wrongRequester: "The request belongs to another client; sign with the wallet that published it."
        case .wrongServer: "Another server has locked this request; leave it alone."
        case .stakeOutOfRange: "Stake something, and no more than the wallet can hold."
        case .creditAboveStake: "The credit can be at most the stake; lower it."
        case .lifetimeOutOfRange: "A request may stay open from one second to seven days."
        case .criteriaOutOfRange: "Ratios and the fee cap go up to 10,000 basis points."
        case .modeUnknown: "A request is open or direct; this version of the program knows no other mode."
        case .requestNotOpen: "Somebody has locked it, or it is over; look for another request."
        case .requestNotLocked: "Nobody has it locked now; read the account again."
        case .requestNotClaimed: "It has not been claimed; wait for the claim, or for the deadline."
        case .requestExpired: "Its time to be locked has passed; publish a new one, the stake comes back."
        default: "Its time has not passed yet; wait for the deadline that the account names."
        }
    }

    private var lockAdvice: String {
        switch code {
        case .requestRecreated: "The request was published again since it was read; read it again and decide anew."
        case .ownRequest: "A wallet can't serve its own request; use another wallet for one of the two."
        case .lockTooSoon: "It was locked and released within this second; try again in the next."
        case .modelMismatch: "The listing is for another model; read the server account again for its index."
        case .priceAboveCap: "The listing is dearer than the client accepts; lower the price or leave the request."
        case .feeAboveCap: "The market's fee is above what the client accepts; leave the request."
        case .listingRaised: "The listing was made or raised after the request; it binds later requests only."
        case .stakeBelowMinimumCharge: "The stake would not pay for the minimum charge; leave the request."
        default: "The server's record does not meet the client's criteria; leave the request."
        }
    }

    private var claimAdvice: String {
        switch code {
        case .deadlinePassed: "The deadline has passed; the stake is the client's again. Claim earlier next time."
        case .amountAboveStake: "More than the stake can't be claimed; claim at most that."
        case .amountNotVouched: "Claim at most the newest voucher's amount, or the credit without one."
        case .voucherMissing: "Put the voucher's Ed25519 instruction right before the claim."
        case .voucherMalformed: "The Ed25519 instruction must hold exactly one signature over one 50-byte voucher."
        case .voucherWrongSigner: "The voucher is not signed by this request's voucher key; don't accept such vouchers."
        case .voucherWrongRequest: "The voucher is for another request; use the one of this request."
        case .voucherWrongLock: "The voucher is for an earlier lock; only vouchers of the present lock count."
        case .closeTooSoon: "Only the client may close it in the first 24 hours after the claim."
        case .alreadyFlagged: "It was flagged before; nothing more needs to be done."
        case .alreadyCompared: "One of the responses was compared before; each can be compared once."
        case .sameServer: "Compare responses of two different servers."
        case .notVouched: "Only responses that were paid with a voucher can be compared."
        case .chargeTooSmall: "The charge is below the market's minimum for comparisons."
        default: "Compare responses that were claimed within ten minutes of each other."
        }
    }

    private var accountAdvice: String {
        switch code {
        case .constraintRentExempt: "The account would fall below its rent exemption; claim a little less."
        case .accountNotSigner: "A required signature is missing; sign with all keys that the instruction names."
        case .accountOwnedByWrongProgram: "An account belongs to another program, or is gone; check its address."
        case .accountDiscriminatorAlreadySet: "The account to create exists already."
        case .accountDiscriminatorMismatch, .accountDiscriminatorNotFound: "An account is of another type."
        default: "The instruction or its accounts are malformed; use this kit's builders and matching versions."
        }
    }
}
