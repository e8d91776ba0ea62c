/// What the market program asks of the machine that runs it.
///
/// There are two kinds of conformers. `SolanaRuntime` (compiled only for the chain) turns each requirement into a
/// syscall. A native conformer, such as the local cluster's, does the same work on the same bytes, so that one
/// program runs on both and can be compared byte for byte.
///
/// All pointers are into memory that the caller owns and that is 8-byte aligned, unless said otherwise. A requirement
/// that returns a status returns 0 for success and else the value that `MarketProgram.process` must return: a custom
/// code below 2^32, or a builtin error shifted left by 32 (see ``BuiltinError``).
public protocol Runtime {
    /// At least ``MarketProgram/scratchSize`` bytes, 8-byte aligned, that nothing else uses while the program runs.
    /// The contents need not be zero.
    var scratch: UnsafeMutableRawPointer { get }

    /// Writes the 40 bytes of the Clock sysvar: slot, epoch start time, epoch, leader schedule epoch, Unix time.
    func readClock(into destination: UnsafeMutableRawPointer) -> UInt64

    /// Writes the 17 bytes of the Rent sysvar: lamports per byte and year (u64), exemption threshold (IEEE 754 double),
    /// burn percentage (u8). The buffer has room for 24.
    func readRent(into destination: UnsafeMutableRawPointer) -> UInt64

    /// Writes the SHA-256 digest of some parts, one behind the other, to the 32 bytes at `digest`.
    func sha256(_ parts: UnsafePointer<Seed>, count: Int, into digest: UnsafeMutableRawPointer) -> UInt64

    /// Finds the program address of `seeds` with the highest bump.
    ///
    /// - Parameters:
    ///   - seeds: The seeds without the bump.
    ///   - seedCount: How many seeds there are.
    ///   - program: The 32 bytes of the program's address.
    ///   - result: Receives the 32 bytes of the address and then, at offset 32, the bump.
    /// - Returns: 0, or the error.
    func findProgramAddress(
        seeds: UnsafePointer<Seed>,
        seedCount: Int,
        program: UnsafeRawPointer,
        into result: UnsafeMutableRawPointer
    ) -> UInt64

    /// The system program's `CreateAccountAllowPrefund`, signed for a program address.
    ///
    /// A conformer that is not the chain must do what the chain does:
    /// * derive the address of `seeds` under `program` and refuse (`invalidSeeds`) unless it is the new account's key;
    /// * refuse unless the funder signed and both accounts are writable;
    /// * not mind lamports that the new account has already; the program has made sure that it belongs to the system
    ///   program and has no data;
    /// * refuse (custom 1) unless the funder has `lamports`; move them to the new account;
    /// * set the new account's data length (at most 10,240, the growth room that follows each account in the input
    ///   region), zero its data and make `program` its owner, all in place in the input region.
    ///
    /// - Parameters:
    ///   - accounts: The new account and the account that pays.
    ///   - creation: Lamports to move, data length, seeds with the bump, and the program that is to own the account.
    /// - Returns: 0, or the error.
    func createAccount(_ accounts: FundedPair, _ creation: AccountCreation) -> UInt64

    /// The system program's `Transfer`, from a signer that the system program owns.
    ///
    /// Refuse (custom 1) when the payer has too little; lamports move in place in the input region.
    func transfer(_ lamports: UInt64, _ accounts: FundedPair) -> UInt64

    /// Logs one `Program data:` entry with these bytes: an Anchor event.
    func logData(_ bytes: UnsafeRawPointer, count: Int)
}

/// One seed of a program address, or one part of what is hashed, laid out as the chain's `SolSignerSeed`.
public struct Seed {
    /// Where the seed's bytes are; of any alignment.
    public var address: UInt64
    /// How many bytes the seed has; at most 32 in a program address.
    public var count: UInt64

    /// The seed's bytes.
    @inline(__always)
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: UnsafeRawPointer(bitPattern: UInt(truncatingIfNeeded: address)),
            count: Int(truncatingIfNeeded: count)
        )
    }

    /// A seed over memory that outlives the call it is made for.
    @inline(__always)
    public init(_ pointer: UnsafeRawPointer, count: UInt64) {
        address = UInt64(UInt(bitPattern: pointer))
        self.count = count
    }
}

/// Two accounts of the input region, each by the address of its 88-byte header (see ``AccountHeader``).
public struct FundedPair {
    /// The account that receives.
    public var receiver: UnsafeMutableRawPointer
    /// The account that pays; it signed the transaction.
    public var payer: UnsafeMutableRawPointer

    /// Pairs two account headers.
    @inline(__always)
    public init(receiver: UnsafeMutableRawPointer, payer: UnsafeMutableRawPointer) {
        self.receiver = receiver
        self.payer = payer
    }
}

/// The arguments of ``Runtime/createAccount(_:_:)``.
public struct AccountCreation {
    /// Lamports that move from the payer; 0 when the account was funded beforehand.
    public var lamports: UInt64
    /// Length of the new account's data in bytes.
    public var space: UInt64
    /// The seeds of the new account's address, the bump last.
    public var seeds: UnsafePointer<Seed>
    /// How many seeds there are.
    public var seedCount: Int
    /// The 32 bytes of the program's address: deriver and owner.
    public var program: UnsafeRawPointer

    /// Collects the arguments.
    @inline(__always)
    public init(
        lamports: UInt64,
        space: UInt64,
        seeds: UnsafePointer<Seed>,
        seedCount: Int,
        program: UnsafeRawPointer
    ) {
        self.lamports = lamports
        self.space = space
        self.seeds = seeds
        self.seedCount = seedCount
        self.program = program
    }
}

/// Results that are not a program's own codes; the number is the result of `MarketProgram.process`.
public enum BuiltinError {
    /// `InstructionError::InvalidArgument`.
    public static let invalidArgument: UInt64 = 2 << 32
    /// `InstructionError::MissingRequiredSignature`.
    public static let missingRequiredSignature: UInt64 = 8 << 32
    /// `InstructionError::InvalidSeeds`.
    public static let invalidSeeds: UInt64 = 14 << 32
    /// `InstructionError::PrivilegeEscalation` has no number of its own in this encoding; the chain aborts instead.
    public static let privilegeEscalation: UInt64 = 14 << 32
}

/// The input region of the upgradeable loader ("ABI v1"), in which accounts are passed to the program.
///
/// ```text
/// u64 number of accounts
/// each account: an AccountHeader, data, 10,240 bytes of growth room, padding to 8, u64 rent epoch
///               or, for an account that occurred before: u8 its index, 7 bytes of padding
/// u64 length of the instruction's data, the data, 32 bytes program address
/// ```
public enum AccountHeader {
    /// u8: 0xff, or the index of the earlier account that this one repeats.
    public static let duplicate = 0
    /// u8: 1 when the account signed the transaction.
    public static let isSigner = 1
    /// u8: 1 when the account may be written.
    public static let isWritable = 2
    /// u8: 1 when the account is a program.
    public static let isExecutable = 3
    /// The account's address.
    public static let key = 8
    /// The program that owns the account.
    public static let owner = 40
    /// u64: the balance.
    public static let lamports = 72
    /// u64: length of the data.
    public static let dataLength = 80
    /// The data.
    public static let data = 88
    /// Room behind the data, zeroed, into which an account may grow.
    public static let growthRoom = 10_240
    /// The value of ``duplicate`` for an account that occurs for the first time.
    public static let notDuplicate: UInt8 = 0xff
}
