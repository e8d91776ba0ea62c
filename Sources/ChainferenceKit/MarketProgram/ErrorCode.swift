/// Why the program refused: the custom code of the transaction's error.
///
/// Codes from 6000 are the market's own. The others are Anchor's framework errors under Anchor's own numbers, so that
/// every Anchor client prints the right text. A refusal moves nothing.
public enum ErrorCode: UInt32, Error, Sendable {
    // MARK: Anchor's

    /// The instruction's data is shorter than a discriminator.
    case instructionMissing = 100
    /// No instruction has this discriminator.
    case instructionFallbackNotFound = 101
    /// The arguments are truncated, too long or malformed.
    case instructionDidNotDeserialize = 102
    /// An account that changes was passed read-only.
    case constraintMut = 2_000
    /// The request account would fall below the rent exemption: claim a little less.
    case constraintRentExempt = 2_005
    /// The account is not the program address that its seeds give.
    case constraintSeeds = 2_006
    /// An account is not the one address that may stand in its place.
    case constraintAddress = 2_012
    /// The account to create exists.
    case accountDiscriminatorAlreadySet = 3_000
    /// The account's data is too short for its type.
    case accountDiscriminatorNotFound = 3_001
    /// The account is of another type.
    case accountDiscriminatorMismatch = 3_002
    /// The account's data contradicts itself.
    case accountDidNotDeserialize = 3_003
    /// Too few accounts.
    case accountNotEnoughKeys = 3_005
    /// The account is owned by another program.
    case accountOwnedByWrongProgram = 3_007
    /// An account that must be a certain program is another.
    case invalidProgramID = 3_008
    /// A required signature is missing.
    case accountNotSigner = 3_010

    // MARK: Market

    /// Only the program's upgrade authority may initialise the market.
    case notUpgradeAuthority = 6_000
    /// Only the market's authority may change it.
    case notMarketAuthority = 6_001
    /// Only the pending authority may accept the market.
    case notPendingAuthority = 6_002
    /// The fee is above 1,000 basis points.
    case feeTooHigh = 6_003
    /// The treasury must belong to the system program, be writable and hold the rent exemption.
    case treasuryUnusable = 6_004
    /// The treasury is not the market's.
    case wrongTreasury = 6_005
    /// The server owes no fees.
    case nothingToCollect = 6_006
    /// One account was passed in two places.
    case duplicateAccount = 6_007

    // MARK: Servers

    /// The signer does not own this server.
    case wrongOwner = 6_020
    /// A peer address has at most 192 bytes, all printable ASCII.
    case peerAddressInvalid = 6_021
    /// A model id has 1 to 128 bytes, all printable ASCII without spaces.
    case modelIDInvalid = 6_022
    /// A price or minimum charge is above 2^32, or the output price is 0.
    case priceOutOfRange = 6_023
    /// The server has 64 listings already.
    case tooManyListings = 6_024
    /// The server has no such listing.
    case listingNotFound = 6_025
    /// The server still has requests locked.
    case serverHasOpenLocks = 6_026
    /// The server's last heartbeat is more than 15 minutes old.
    case heartbeatStale = 6_027
    /// The server account was made after the request was locked.
    case serverReregistered = 6_028

    // MARK: Requests

    /// The request belongs to another client.
    case wrongRequester = 6_040
    /// The request is locked by another server.
    case wrongServer = 6_041
    /// The stake must not be 0, and stake, rent and lamports in the account must not exceed 2^64.
    case stakeOutOfRange = 6_042
    /// The credit is above the stake.
    case creditAboveStake = 6_043
    /// A request lives from 1 second to 7 days.
    case lifetimeOutOfRange = 6_044
    /// A ratio or the fee cap is above 10,000 basis points.
    case criteriaOutOfRange = 6_045
    /// The request's mode is neither open (0) nor direct (1).
    case modeUnknown = 6_046
    /// The request is not open.
    case requestNotOpen = 6_047
    /// The request is not locked.
    case requestNotLocked = 6_048
    /// The request is not claimed.
    case requestNotClaimed = 6_049
    /// The request's time has passed.
    case requestExpired = 6_050
    /// The request's time has not passed.
    case requestNotExpired = 6_051
    /// The request was created again: its slot or its stake are not the expected ones.
    case requestRecreated = 6_052
    /// Server and client have the same wallet.
    case ownRequest = 6_053
    /// A request cannot be locked again in the second of its last lock.
    case lockTooSoon = 6_054
    /// The listing is for another model.
    case modelMismatch = 6_055
    /// The listing's prices are above the request's caps.
    case priceAboveCap = 6_056
    /// The market's fee is above the request's cap.
    case feeAboveCap = 6_057
    /// The listing was made or raised after the request.
    case listingRaised = 6_058
    /// The listing's minimum charge is above the stake.
    case stakeBelowMinimumCharge = 6_059
    /// The server has completed too few requests, failed too many, or was not preferred often enough.
    case criteriaNotMet = 6_060

    // MARK: Claims

    /// The deadline for the claim has passed.
    case deadlinePassed = 6_080
    /// The amount is above the stake.
    case amountAboveStake = 6_081
    /// The amount is above both the voucher and the credit.
    case amountNotVouched = 6_082
    /// No Ed25519 instruction stands right before the claim.
    case voucherMissing = 6_083
    /// The Ed25519 instruction has not exactly the shape of one voucher.
    case voucherMalformed = 6_084
    /// The voucher is signed by another key.
    case voucherWrongSigner = 6_085
    /// The voucher is for another request.
    case voucherWrongRequest = 6_086
    /// The voucher is for another lock.
    case voucherWrongLock = 6_087
    /// Only the client may close the request before 24 hours have passed.
    case closeTooSoon = 6_088

    // MARK: Reputation

    /// The response was flagged before.
    case alreadyFlagged = 6_100
    /// One of the responses was compared before.
    case alreadyCompared = 6_101
    /// Both responses come from one server.
    case sameServer = 6_102
    /// Only claims with a voucher can be compared.
    case notVouched = 6_103
    /// A charge is below the market's minimum for comparisons.
    case chargeTooSmall = 6_104
    /// The claims are more than 10 minutes apart.
    case claimsTooFarApart = 6_105
}

#if !hasFeature(Embedded)
    extension ErrorCode: CaseIterable {}
#endif
