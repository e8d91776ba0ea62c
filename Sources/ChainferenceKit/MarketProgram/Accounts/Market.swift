/// The `Market` account, checked.
struct Market {
    let account: Account

    /// There is one account of this type, because only `initialize_market` makes it, and only at one address: its owner
    /// and its discriminator prove it.
    @inline(__always)
    init(_ account: Account, of program: UnsafeMutableRawPointer) throws(Refusal) {
        try requireSuccess(checkMarket(account.header, program))
        self.account = account
    }

    @inline(__always)
    var authority: UnsafeMutableRawPointer { account.data + MarketLayout.authority }

    @inline(__always)
    var pendingAuthority: UnsafeMutableRawPointer { account.data + MarketLayout.pendingAuthority }

    @inline(__always)
    var treasury: UnsafeMutableRawPointer { account.data + MarketLayout.treasury }

    @inline(__always)
    var feeBasisPoints: UInt64 {
        get { account.data.u16(MarketLayout.feeBasisPoints) }
        nonmutating set { account.data.setU16(MarketLayout.feeBasisPoints, newValue) }
    }

    @inline(__always)
    var minimumComparedCharge: UInt64 {
        get { account.data.word(MarketLayout.minimumComparedCharge) }
        nonmutating set { account.data.setWord(MarketLayout.minimumComparedCharge, newValue) }
    }

    /// Tells observers what the market is now.
    @inline(__always)
    func emit<Machine>(_ discriminator: UInt64, in call: Invocation<Machine>) {
        emitMarket(call, discriminator, account.data)
    }
}

/// Whether an account can be paid fees: an ordinary account that holds its rent exemption.
///
/// The runtime passes sysvars and builtin programs read-only, so that a treasury that could never be paid fails the test
/// of being writable.
@inline(__always)
func requireUsable<Machine>(_ treasury: Account, in call: Invocation<Machine>) throws(Refusal) {
    try requireSuccess(checkTreasury(call.machine, treasury.header))
}

// MARK: Functions of their own, because many instructions need them

@inline(never)
private func checkTreasury<Machine: Runtime>(_ machine: Machine, _ header: UnsafeMutableRawPointer) -> UInt64 {
    let account = Account(located: header)
    do throws(Refusal) {
        let rent = try machine.rent()
        let isUsable =
            account.isWritable && account.isSystemOwned && !account.isExecutable && account.dataLength == 0
            && rent.allows(account, toReceive: 0)
        return isUsable ? 0 : UInt64(ErrorCode.treasuryUnusable.rawValue)
    } catch {
        return error.result
    }
}

@inline(never)
private func emitMarket<Machine: Runtime>(
    _ call: Invocation<Machine>,
    _ discriminator: UInt64,
    _ data: UnsafeMutableRawPointer
) {
    // Authority, pending authority, treasury and minimum stand in the event as they stand in the account.
    let event = call.event
    event.setWord(0, discriminator)
    (event + 8).copyMemory(
        from: data + MarketLayout.authority,
        byteCount: MarketLayout.feeBasisPoints - MarketLayout.authority
    )
    let end = 8 + MarketLayout.feeBasisPoints - MarketLayout.authority
    event.setU16(end, data.u16(MarketLayout.feeBasisPoints))
    call.machine.logData(event, count: end + 2)
}

@inline(never)
private func checkMarket(_ header: UnsafeMutableRawPointer, _ program: UnsafeMutableRawPointer) -> UInt64 {
    Account(located: header).check(AccountDiscriminator.market, size: MarketLayout.size, of: program)
}
