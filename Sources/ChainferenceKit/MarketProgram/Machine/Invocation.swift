/// One instruction at work: its accounts, its arguments, its machine.
struct Invocation<Machine: Runtime> {
    /// Number of accounts, then the accounts.
    let input: UnsafeMutableRawPointer
    /// The instruction's data.
    let arguments: UnsafeMutableRawPointer
    let machine: Machine

    @inline(__always)
    var argumentsLength: UInt64 { (arguments - 8).word(0) }

    /// The 32 bytes of the program's address.
    @inline(__always)
    var program: UnsafeMutableRawPointer { arguments.advanced(by: argumentsLength) }

    @inline(__always)
    var accountCount: UInt64 { input.word(0) }

    /// Finds the first `count` accounts; refuses when there are fewer, or when one of them repeats another.
    @inline(__always)
    func locate(_ count: UInt64) throws(Refusal) {
        try requireSuccess(locateAccounts(input, count, machine.scratch + Scratch.accounts))
    }

    /// Refuses unless the data has exactly this length.
    @inline(__always)
    func requireArguments(end: Int) throws(Refusal) {
        try require(argumentsLength == UInt64(end), else: .instructionDidNotDeserialize)
    }

    /// One of the accounts that ``locate(_:)`` found.
    @inline(__always)
    func account(_ index: Int) -> Account {
        let header = (machine.scratch + Scratch.accounts).word(index &* 8)
        return Account(
            located: UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: header)).unsafelyUnwrapped
        )
    }

    @inline(__always)
    func clock() throws(Refusal) -> Clock {
        let buffer = machine.scratch + Scratch.clock
        try requireSuccess(machine.readClock(into: buffer))
        return Clock(slot: buffer.word(0), time: Int64(bitPattern: buffer.word(32)))
    }

    @inline(__always)
    func rent() throws(Refusal) -> Rent { try machine.rent() }

    /// Room for the seeds of one program address, or for the six parts of what such an address is the hash of.
    @inline(__always)
    var seeds: UnsafeMutablePointer<Seed> {
        (machine.scratch + Scratch.seeds).assumingMemoryBound(to: Seed.self)
    }

    /// Room for a found program address and its bump.
    @inline(__always)
    var foundAddress: UnsafeMutableRawPointer { machine.scratch + Scratch.found }

    /// Room for the seed that is a word, the lamports of a creation, and the marker of program addresses.
    @inline(__always)
    var text: UnsafeMutableRawPointer { machine.scratch + Scratch.text }

    /// Room for a digest.
    @inline(__always)
    var digest: UnsafeMutableRawPointer { machine.scratch + Scratch.digest }

    /// Hashes bytes into ``digest``.
    @inline(__always)
    func hash(_ bytes: UnsafeMutableRawPointer, count: UInt64) throws(Refusal) {
        seeds[0] = Seed(bytes, count: count)
        try requireSuccess(machine.sha256(seeds, count: 1, into: digest))
    }

    // MARK: Events

    /// Room for an event.
    @inline(__always)
    var event: UnsafeMutableRawPointer { machine.scratch + Scratch.event }

    /// Emits an event of one address, and the words that stand in ``event`` behind it.
    @inline(__always)
    func emit(_ discriminator: UInt64, _ key: UnsafeMutableRawPointer, words: Int = 0) {
        emitKey(machine, discriminator, key, 40 + 8 * words)
    }

    /// Emits an event of two addresses, and the words that stand in ``event`` behind them.
    @inline(__always)
    func emit(
        _ discriminator: UInt64,
        _ first: UnsafeMutableRawPointer,
        _ second: UnsafeMutableRawPointer,
        words: Int = 0
    ) {
        emitKeys(machine, discriminator, first, second, 72 + 8 * words)
    }

    /// Sets a word of an event that begins with one address.
    @inline(__always)
    func setWordBehindKey(_ index: Int, _ value: UInt64) { event.setWord(40 + 8 * index, value) }

    /// Sets a word of an event that begins with two addresses.
    @inline(__always)
    func setWordBehindKeys(_ index: Int, _ value: UInt64) { event.setWord(72 + 8 * index, value) }
}

/// The parts of the Clock sysvar that the market uses.
struct Clock {
    let slot: UInt64
    /// Unix time in seconds.
    let time: Int64

    /// Whether at most `duration` seconds have passed since `start`.
    @inline(__always)
    func isWithin(_ duration: UInt64, of start: Int64) -> Bool {
        time <= start &+ Int64(bitPattern: duration)
    }
}

// MARK: Functions of their own, because many instructions need them

/// Writes the addresses of `count` account headers to a table; the result is that of the program.
@inline(never)
private func locateAccounts(
    _ input: UnsafeMutableRawPointer,
    _ count: UInt64,
    _ table: UnsafeMutableRawPointer
) -> UInt64 {
    guard input.word(0) >= count else { return UInt64(ErrorCode.accountNotEnoughKeys.rawValue) }
    var header = input + 8
    var entry = table
    let end = table.advanced(by: count &* 8)
    while entry != end {
        guard header.byte(AccountHeader.duplicate) == AccountHeader.notDuplicate else {
            return UInt64(ErrorCode.duplicateAccount.rawValue)
        }
        entry.setWord(0, UInt64(UInt(bitPattern: header)))
        header = Account(located: header).end
        entry += 8
    }
    return 0
}

/// Reads the rent into the scratch memory: 24 bytes of sysvar, then the lamports per byte.
@inline(never)
private func loadRent<Machine: Runtime>(_ machine: Machine) -> UInt64 {
    let buffer = machine.scratch + Scratch.rent
    let status = machine.readRent(into: buffer)
    guard status == 0 else { return status }
    let rent = Rent(lamportsPerByteAndYear: buffer.word(0), threshold: buffer.word(8))
    buffer.setWord(24, rent.lamportsPerByte)
    return 0
}

extension Runtime {
    @inline(__always)
    func rent() throws(Refusal) -> Rent {
        try requireSuccess(loadRent(self))
        return Rent(lamportsPerByte: (scratch + Scratch.rent).word(24))
    }
}

@inline(never)
private func emitKey<Machine: Runtime>(
    _ machine: Machine,
    _ discriminator: UInt64,
    _ key: UnsafeMutableRawPointer,
    _ count: Int
) {
    let buffer = machine.scratch + Scratch.event
    buffer.setWord(0, discriminator)
    copyKey(from: key, to: buffer + 8)
    machine.logData(buffer, count: count)
}

@inline(never)
private func emitKeys<Machine: Runtime>(
    _ machine: Machine,
    _ discriminator: UInt64,
    _ first: UnsafeMutableRawPointer,
    _ second: UnsafeMutableRawPointer,
    _ count: Int
) {
    let buffer = machine.scratch + Scratch.event
    buffer.setWord(0, discriminator)
    copyKey(from: first, to: buffer + 8)
    copyKey(from: second, to: buffer + 40)
    machine.logData(buffer, count: count)
}

/// Offsets in the scratch memory.
private enum Scratch {
    static let clock = 0
    static let rent = 40
    static let accounts = 72
    static let seeds = 136
    static let found = 232
    static let text = 272
    static let digest = 312
    static let event = 344
}
