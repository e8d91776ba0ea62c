"""The program's error codes, by the names that the IDL gives them."""

from enum import IntEnum


class Error(IntEnum):
    InstructionMissing = 100
    InstructionFallbackNotFound = 101
    InstructionDidNotDeserialize = 102
    ConstraintMut = 2000
    ConstraintRentExempt = 2005
    ConstraintSeeds = 2006
    ConstraintAddress = 2012
    AccountDiscriminatorAlreadySet = 3000
    AccountDiscriminatorNotFound = 3001
    AccountDiscriminatorMismatch = 3002
    AccountDidNotDeserialize = 3003
    AccountNotEnoughKeys = 3005
    AccountOwnedByWrongProgram = 3007
    InvalidProgramId = 3008
    AccountNotSigner = 3010

    NotUpgradeAuthority = 6000
    NotMarketAuthority = 6001
    NotPendingAuthority = 6002
    FeeTooHigh = 6003
    TreasuryUnusable = 6004
    WrongTreasury = 6005
    NothingToCollect = 6006
    DuplicateAccount = 6007

    WrongOwner = 6020
    PeerAddressInvalid = 6021
    ModelIdInvalid = 6022
    PriceOutOfRange = 6023
    TooManyListings = 6024
    ListingNotFound = 6025
    ServerHasOpenLocks = 6026
    HeartbeatStale = 6027
    ServerReregistered = 6028

    WrongRequester = 6040
    WrongServer = 6041
    StakeOutOfRange = 6042
    CreditAboveStake = 6043
    LifetimeOutOfRange = 6044
    CriteriaOutOfRange = 6045
    ModeUnknown = 6046
    RequestNotOpen = 6047
    RequestNotLocked = 6048
    RequestNotClaimed = 6049
    RequestExpired = 6050
    RequestNotExpired = 6051
    RequestRecreated = 6052
    OwnRequest = 6053
    LockTooSoon = 6054
    ModelMismatch = 6055
    PriceAboveCap = 6056
    FeeAboveCap = 6057
    ListingRaised = 6058
    StakeBelowMinimumCharge = 6059
    CriteriaNotMet = 6060

    DeadlinePassed = 6080
    AmountAboveStake = 6081
    AmountNotVouched = 6082
    VoucherMissing = 6083
    VoucherMalformed = 6084
    VoucherWrongSigner = 6085
    VoucherWrongRequest = 6086
    VoucherWrongLock = 6087
    CloseTooSoon = 6088

    AlreadyFlagged = 6100
    AlreadyCompared = 6101
    SameServer = 6102
    NotVouched = 6103
    ChargeTooSmall = 6104
    ClaimsTooFarApart = 6105
