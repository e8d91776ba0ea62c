extension Invocation {
    /// Refuses unless `account` can be created at the cost of `payer`.
    ///
    /// The account must belong to the system program and have no data; lamports that somebody sent there beforehand are
    /// no obstacle.
    @inline(__always)
    func requireCreation(of account: Account, by payer: Account, system: Account) throws(Refusal) {
        try requireSuccess(checkCreation(account.header, payer.header, system.header))
    }

    /// Creates an account of which there can be one per seeds, because its address has the highest bump; returns it.
    ///
    /// Finding that address is dear, which is why requests, of which a client may have many, do without.
    @inline(__always)
    func createOnly(_ account: Account, payer: Account, seedCount: UInt64, space: UInt64) throws(Refusal) -> UInt8 {
        try requireSuccess(findAddress(machine, program, account.header, seedCount))
        try create(account, payer: payer, seedCount: seedCount &+ 1, space: space, lamports: 0)
        return foundAddress.byte(32)
    }

    /// Refuses unless an account stands at the address of ``seeds``, of which `seedCount` are set, the bump included.
    ///
    /// Hashing is a tenth of what the VM's own derivation costs. What the hash does not show, that it is no point of the
    /// curve, the VM makes sure of when it signs for the address.
    @inline(__always)
    func requireAddress(_ account: Account, seedCount: UInt64) throws(Refusal) {
        try requireSuccess(checkAddress(machine, program, account.header, seedCount))
    }

    /// Creates an account with lamports on top of its rent.
    ///
    /// Lamports that are there already are counted; what is too much stays, for the account to give back when it ends.
    ///
    /// - Parameters:
    ///   - account: The account.
    ///   - payer: Who pays.
    ///   - seedCount: How many of ``seeds`` are set, the bump included.
    ///   - space: Length of the data, below 2^16.
    ///   - lamports: What the account shall hold beyond its rent.
    /// - Throws: A refusal, when rent and lamports together have no room in 64 bits, or when the runtime refuses.
    @inline(__always)
    func create(
        _ account: Account,
        payer: Account,
        seedCount: UInt64,
        space: UInt64,
        lamports: UInt64
    ) throws(Refusal) {
        text.setWord(8, lamports)
        try requireSuccess(
            createFunded(machine, program, account.header, payer.header, seedCount << 16 | space)
        )
    }
}

// MARK: Functions of their own, because many instructions need them

@inline(never)
private func checkCreation(
    _ header: UnsafeMutableRawPointer,
    _ payerHeader: UnsafeMutableRawPointer,
    _ system: UnsafeMutableRawPointer
) -> UInt64 {
    let account = Account(located: header)
    let payer = Account(located: payerHeader)
    guard payer.isSigner else { return UInt64(ErrorCode.accountNotSigner.rawValue) }
    guard payer.isWritable, account.isWritable else { return UInt64(ErrorCode.constraintMut.rawValue) }
    guard account.isSystemOwned, account.dataLength == 0 else {
        return UInt64(ErrorCode.accountDiscriminatorAlreadySet.rawValue)
    }
    return checkSystemProgram(system)
}

/// Finds the address of the seeds, adds the bump to them, and compares the address with the account's.
@inline(never)
private func findAddress<Machine: Runtime>(
    _ machine: Machine,
    _ program: UnsafeMutableRawPointer,
    _ header: UnsafeMutableRawPointer,
    _ seedCount: UInt64
) -> UInt64 {
    let call = Invocation(input: program, arguments: program, machine: machine)
    let found = call.foundAddress
    let count = Int(truncatingIfNeeded: seedCount)
    let status = machine.findProgramAddress(seeds: call.seeds, seedCount: count, program: program, into: found)
    guard status == 0 else { return status }
    call.seeds[count] = Seed(found + 32, count: 1)
    return areEqualKeys(found, Account(located: header).key) ? 0 : UInt64(ErrorCode.constraintSeeds.rawValue)
}

/// Hashes the seeds, the program and the marker, and compares.
@inline(never)
private func checkAddress<Machine: Runtime>(
    _ machine: Machine,
    _ program: UnsafeMutableRawPointer,
    _ header: UnsafeMutableRawPointer,
    _ seedCount: UInt64
) -> UInt64 {
    let call = Invocation(input: program, arguments: program, machine: machine)
    let count = Int(truncatingIfNeeded: seedCount)
    // "ProgramDerivedAddress"
    let marker = call.text + 16
    marker.setWord(0, 0x446d_6172_676f_7250)
    marker.setWord(8, 0x6441_6465_7669_7265)
    marker.setWord(16, 0x0000_0073_7365_7264)
    call.seeds[count] = Seed(program, count: 32)
    call.seeds[count + 1] = Seed(marker, count: 21)
    let found = call.foundAddress
    let status = machine.sha256(call.seeds, count: count + 2, into: found)
    guard status == 0 else { return status }
    return compareKeys(found, Account(located: header).key, UInt64(ErrorCode.constraintSeeds.rawValue))
}

/// The lamports beyond the rent stand in the second word of the text, the first of which may be a seed.
@inline(never)
private func createFunded<Machine: Runtime>(
    _ machine: Machine,
    _ program: UnsafeMutableRawPointer,
    _ header: UnsafeMutableRawPointer,
    _ payer: UnsafeMutableRawPointer,
    _ countAndSpace: UInt64
) -> UInt64 {
    let call = Invocation(input: program, arguments: program, machine: machine)
    let space = countAndSpace & 0xffff
    let lamports = call.text.word(8)
    do throws(Refusal) {
        let need = try machine.rent().minimumBalance(space) &+ lamports
        try require(need >= lamports, else: .stakeOutOfRange)
        let present = Account(located: header).lamports
        return machine.createAccount(
            FundedPair(receiver: header, payer: payer),
            AccountCreation(
                lamports: need > present ? need &- present : 0,
                space: space,
                seeds: call.seeds,
                seedCount: Int(truncatingIfNeeded: countAndSpace >> 16),
                program: program
            )
        )
    } catch {
        return error.result
    }
}
