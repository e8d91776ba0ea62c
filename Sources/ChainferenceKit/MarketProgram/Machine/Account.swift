/// What an account must be allowed to do: the bytes of its header behind the first.
struct Privileges {
    let rawValue: UInt64

    @inline(__always)
    static var signs: Privileges { Privileges(rawValue: 0x0001) }

    /// Lamports of the account change.
    @inline(__always)
    static var changes: Privileges { Privileges(rawValue: 0x0100) }

    @inline(__always)
    static var signsAndChanges: Privileges { Privileges(rawValue: 0x0101) }
}

/// An account in the input region.
struct Account {
    let header: UnsafeMutableRawPointer

    /// The account that starts at a header; refuses one that repeats an earlier account.
    @inline(__always)
    init(_ header: UnsafeMutableRawPointer) throws(Refusal) {
        try require(header.byte(AccountHeader.duplicate) == AccountHeader.notDuplicate, else: .duplicateAccount)
        self.header = header
    }

    /// An account that is known not to repeat an earlier one.
    @inline(__always)
    init(located header: UnsafeMutableRawPointer) {
        self.header = header
    }

    /// Where the next account starts.
    @inline(__always)
    var end: UnsafeMutableRawPointer {
        let padded = (dataLength &+ 7) & ~UInt64(7)
        return header.advanced(by: padded) + (AccountHeader.data + AccountHeader.growthRoom + 8)
    }

    @inline(__always)
    func next() throws(Refusal) -> Account { try Account(end) }

    @inline(__always)
    var key: UnsafeMutableRawPointer { header + AccountHeader.key }

    @inline(__always)
    var owner: UnsafeMutableRawPointer { header + AccountHeader.owner }

    @inline(__always)
    var data: UnsafeMutableRawPointer { header + AccountHeader.data }

    @inline(__always)
    var isSigner: Bool { header.byte(AccountHeader.isSigner) != 0 }

    @inline(__always)
    var isWritable: Bool { header.byte(AccountHeader.isWritable) != 0 }

    @inline(__always)
    var isExecutable: Bool { header.byte(AccountHeader.isExecutable) != 0 }

    @inline(__always)
    var lamports: UInt64 {
        get { header.word(AccountHeader.lamports) }
        nonmutating set { header.setWord(AccountHeader.lamports, newValue) }
    }

    @inline(__always)
    var dataLength: UInt64 {
        get { header.word(AccountHeader.dataLength) }
        nonmutating set { header.setWord(AccountHeader.dataLength, newValue) }
    }

    @inline(__always)
    var isSystemOwned: Bool { isZeroKey(owner) }

    @inline(__always)
    func requireSigner() throws(Refusal) { try require(isSigner, else: .accountNotSigner) }

    @inline(__always)
    func requireWritable() throws(Refusal) { try require(isWritable, else: .constraintMut) }

    /// Refuses unless the account is the system program.
    @inline(__always)
    func requireSystemProgram() throws(Refusal) { try requireSuccess(checkSystemProgram(header)) }

    /// Why the account is not one that this program owns, and whose data starts as that of a type, or 0.
    @inline(__always)
    func check(_ discriminator: UInt64, size: Int, of program: UnsafeMutableRawPointer) -> UInt64 {
        checkType(header, program, discriminator, UInt64(size))
    }

    /// Why the account is not a writable one of a type, or 0.
    @inline(__always)
    func checkWritable(_ discriminator: UInt64, size: Int, of program: UnsafeMutableRawPointer) -> UInt64 {
        checkWritableType(header, program, discriminator, UInt64(size))
    }

    /// Moves lamports to another account.
    ///
    /// The caller has checked that they are there.
    @inline(__always)
    func pay(_ amount: UInt64, to payee: Account) {
        lamports = lamports &- amount
        payee.lamports = payee.lamports &+ amount
    }

    /// Ends the account: all lamports go to the payee, and nothing is left that could be revived.
    ///
    /// Whoever sends lamports to the address afterwards, even in the same transaction, makes an empty system account.
    @inline(__always)
    func close(to payee: Account) {
        closeAccount(header, payee.header)
    }
}

@inline(never)
private func closeAccount(_ header: UnsafeMutableRawPointer, _ payee: UnsafeMutableRawPointer) {
    let account = Account(located: header)
    account.pay(account.lamports, to: Account(located: payee))
    account.data.setWord(0, 0)
    account.dataLength = 0
    clearKey(account.owner)
}

@inline(never)
private func checkType(
    _ header: UnsafeMutableRawPointer,
    _ program: UnsafeMutableRawPointer,
    _ discriminator: UInt64,
    _ size: UInt64
) -> UInt64 {
    let account = Account(located: header)
    guard areEqualKeys(account.owner, program) else { return UInt64(ErrorCode.accountOwnedByWrongProgram.rawValue) }
    let length = account.dataLength
    guard length >= 8 else { return UInt64(ErrorCode.accountDiscriminatorNotFound.rawValue) }
    guard account.data.word(0) == discriminator else {
        return UInt64(ErrorCode.accountDiscriminatorMismatch.rawValue)
    }
    guard length >= size else { return UInt64(ErrorCode.accountDidNotDeserialize.rawValue) }
    return 0
}

@inline(never)
private func checkWritableType(
    _ header: UnsafeMutableRawPointer,
    _ program: UnsafeMutableRawPointer,
    _ discriminator: UInt64,
    _ size: UInt64
) -> UInt64 {
    let status = checkType(header, program, discriminator, size)
    return status == 0 && !Account(located: header).isWritable ? UInt64(ErrorCode.constraintMut.rawValue) : status
}

@inline(never)
func checkSystemProgram(_ header: UnsafeMutableRawPointer) -> UInt64 {
    isZeroKey(Account(located: header).key) ? 0 : UInt64(ErrorCode.invalidProgramID.rawValue)
}
