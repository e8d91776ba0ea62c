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

    /// The first account, when there are at least `count`.
    @inline(__always)
    func firstAccount(of count: UInt64) throws(Refusal) -> Account {
        try require(accountCount >= count, else: .accountNotEnoughKeys)
        return try Account(input + 8)
    }

    /// Refuses unless the data has exactly this length.
    @inline(__always)
    func requireArguments(end: Int) throws(Refusal) {
        try require(argumentsLength == UInt64(end), else: .instructionDidNotDeserialize)
    }

    /// Refuses unless the arguments end with a Borsh string at `offset`; returns the string's length.
    @inline(__always)
    func trailingStringLength(at offset: Int) throws(Refusal) -> UInt64 {
        let fixed = UInt64(offset + 4)
        try require(argumentsLength >= fixed, else: .instructionDidNotDeserialize)
        let length = arguments.u32(offset)
        try require(argumentsLength == fixed &+ length, else: .instructionDidNotDeserialize)
        return length
    }

    @inline(__always)
    func clock() throws(Refusal) -> Clock {
        let buffer = machine.scratch + Scratch.clock
        try requireSuccess(machine.readClock(into: buffer))
        return Clock(slot: buffer.word(0), time: Int64(bitPattern: buffer.word(32)))
    }

    @inline(__always)
    func rent() throws(Refusal) -> Rent {
        let buffer = machine.scratch + Scratch.rent
        try requireSuccess(machine.readRent(into: buffer))
        return Rent(lamportsPerByteAndYear: buffer.word(0), threshold: buffer.word(8))
    }

    /// Room for the seeds of one program address.
    @inline(__always)
    var seeds: UnsafeMutablePointer<Seed> {
        (machine.scratch + Scratch.seeds).assumingMemoryBound(to: Seed.self)
    }

    /// Room for a found program address and its bump.
    @inline(__always)
    var foundAddress: UnsafeMutableRawPointer { machine.scratch + Scratch.found }

    /// Creates an account at the program address of one text seed and, perhaps, a key; returns the bump.
    ///
    /// Finding the address is dear, and it is what makes the address the only one: an account of this type can exist
    /// once per key.
    @inline(__always)
    func create(
        _ account: Account,
        payer: Account,
        seed: UInt64,
        seedLength: UInt64,
        key: UnsafeMutableRawPointer?,
        space: UInt64,
        rent: Rent
    ) throws(Refusal) -> UInt8 {
        let text = digest
        text.setWord(0, seed)
        seeds[0] = Seed(text, count: seedLength)
        var count = 1
        if let key {
            seeds[1] = Seed(key, count: 32)
            count = 2
        }
        let found = foundAddress
        try requireSuccess(machine.findProgramAddress(seeds: seeds, seedCount: count, program: program, into: found))
        try require(equalKeys(found, account.key), else: .constraintSeeds)
        seeds[count] = Seed(found + 32, count: 1)
        let need = rent.minimumBalance(space)
        let present = account.lamports
        try requireSuccess(
            machine.createAccount(
                FundedPair(receiver: account.header, payer: payer.header),
                AccountCreation(
                    lamports: need > present ? need &- present : 0,
                    space: space,
                    seeds: seeds,
                    seedCount: count + 1,
                    program: program
                )
            )
        )
        return found.byte(32)
    }

    /// Room for a digest.
    @inline(__always)
    var digest: UnsafeMutableRawPointer { machine.scratch + Scratch.digest }

    /// Starts an event.
    @inline(__always)
    func event(_ discriminator: UInt64) -> Event {
        let buffer = machine.scratch + Scratch.event
        buffer.setWord(0, discriminator)
        return Event(buffer: buffer, count: 8)
    }

    @inline(__always)
    func emit(_ event: Event) {
        machine.logData(event.buffer, count: event.count)
    }
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

/// An Anchor event under construction.
struct Event {
    let buffer: UnsafeMutableRawPointer
    var count: Int

    @inline(__always)
    func key(_ key: UnsafeMutableRawPointer) -> Event {
        copyKey(from: key, to: buffer + count)
        return Event(buffer: buffer, count: count + 32)
    }

    @inline(__always)
    func word(_ value: UInt64) -> Event {
        buffer.setWord(count, value)
        return Event(buffer: buffer, count: count + 8)
    }
}

/// Offsets in the scratch memory.
private enum Scratch {
    static let clock = 0
    static let rent = 64
    static let seeds = 96
    static let found = 192
    static let digest = 256
    static let event = 320
}
