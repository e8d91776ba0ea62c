/// The `Market` account, checked.
struct Market {
    let account: Account

    /// There is one account of this type, because only `initialize_market` makes it, and only at one address: its owner
    /// and its discriminator prove it.
    @inline(__always)
    init(_ account: Account, of program: UnsafeMutableRawPointer) throws(Refusal) {
        try account.requireType(AccountDiscriminator.market, size: MarketLayout.size, of: program)
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

    /// The fields that tell observers what the market is now.
    @inline(__always)
    func event<Machine>(_ discriminator: UInt64, in call: Invocation<Machine>) -> Event {
        call.event(discriminator).key(authority).key(pendingAuthority).key(treasury)
            .word(minimumComparedCharge).word(feeBasisPoints)
    }
}

/// Whether an account can be paid fees: an ordinary account that holds its rent exemption.
///
/// The runtime passes sysvars and builtin programs read-only, so that a treasury that could never be paid fails the test
/// of being writable.
@inline(__always)
func isUsableTreasury(_ account: Account, rent: Rent) -> Bool {
    account.isWritable && account.isSystemOwned && !account.isExecutable && account.dataLength == 0
        && rent.allows(account, toReceive: 0)
}
