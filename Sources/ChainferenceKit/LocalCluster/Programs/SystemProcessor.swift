import Solana

/// The system program: makes accounts, moves lamports.
///
/// Checks, their order, error codes and log lines are Agave's (`programs/system/src/system_processor.rs`).
enum SystemProcessor {
    /// What one instruction costs.
    static let units: UInt64 = 150

    /// The system program's own error codes.
    enum Code {
        static let accountAlreadyInUse = InstructionError.custom(0)
        static let resultWithNegativeLamports = InstructionError.custom(1)
        static let invalidAccountDataLength = InstructionError.custom(3)
        static let addressWithSeedMismatch = InstructionError.custom(5)
    }

    /// An account that is named by its address, or by a base that signs for it and a seed.
    private struct NamedAccount {
        var address: Address
        var base: Address?

        /// Whether its key, or its base's, signed.
        func isSigner(in signers: Set<Address>) -> Bool { signers.contains(base ?? address) }

        /// As the Rust structure prints itself; the log shows it so.
        var text: String { "Address { address: \(address), base: \(base.map { "Some(\($0))" } ?? "None") }" }
    }

    static func run(in context: inout TransactionContext) throws(InstructionError) {
        try context.consume(units)
        var reader = InstructionReader(context.frame.data)
        guard let tag = reader.u32() else { throw .invalidInstructionData }
        switch tag {
        case 0: try createAccount(&reader, &context)
        case 1: try assign(&reader, &context)
        case 2: try transfer(&reader, &context)
        case 3: try createAccountWithSeed(&reader, &context)
        case 4: try advanceNonce(&context)
        case 5: try withdrawNonce(&reader, &context)
        case 6: try initializeNonce(&reader, &context)
        case 7: try authorizeNonce(&reader, &context)
        case 8: try allocate(&reader, &context)
        case 9: try allocateWithSeed(&reader, &context)
        case 10: try assignWithSeed(&reader, &context)
        case 11: try transferWithSeed(&reader, &context)
        case 12: try upgradeNonce(&context)
        case 13: try createAccountAllowPrefund(&reader, &context)
        default: throw .invalidInstructionData
        }
    }

    // MARK: Instructions

    private static func createAccount(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let lamports = reader.u64(), let space = reader.u64(), let owner = reader.address() else {
            throw .invalidInstructionData
        }
        try requireAccounts(2, context)
        let to = try context.account(at: 1)
        let name = NamedAccount(address: context.key(of: to))
        try create(to, name, from: 0, lamports: lamports, space: space, owner: owner, &context)
    }

    private static func createAccountWithSeed(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let base = reader.address(), let seed = reader.string(), let lamports = reader.u64(),
            let space = reader.u64(), let owner = reader.address()
        else { throw .invalidInstructionData }
        try requireAccounts(2, context)
        let to = try context.account(at: 1)
        let name = try named(to, base: base, seed: seed, owner: owner, &context)
        try create(to, name, from: 0, lamports: lamports, space: space, owner: owner, &context)
    }

    private static func createAccountAllowPrefund(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let lamports = reader.u64(), let space = reader.u64(), let owner = reader.address() else {
            throw .invalidInstructionData
        }
        try requireAccounts(lamports > 0 ? 2 : 1, context)
        let to = try context.account(at: 0)
        let name = NamedAccount(address: context.key(of: to))
        try allocateAndAssign(to, name, space: space, owner: owner, &context)
        if lamports > 0 { try move(lamports, from: 1, to: 0, &context) }
    }

    private static func assign(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let owner = reader.address() else { throw .invalidInstructionData }
        let account = try context.account(at: 0)
        try assign(account, NamedAccount(address: context.key(of: account)), owner: owner, &context)
    }

    private static func assignWithSeed(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let base = reader.address(), let seed = reader.string(), let owner = reader.address() else {
            throw .invalidInstructionData
        }
        let account = try context.account(at: 0)
        let name = try named(account, base: base, seed: seed, owner: owner, &context)
        try assign(account, name, owner: owner, &context)
    }

    private static func allocate(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let space = reader.u64() else { throw .invalidInstructionData }
        let account = try context.account(at: 0)
        try allocate(account, NamedAccount(address: context.key(of: account)), space: space, &context)
    }

    private static func allocateWithSeed(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let base = reader.address(), let seed = reader.string(), let space = reader.u64(),
            let owner = reader.address()
        else { throw .invalidInstructionData }
        let account = try context.account(at: 0)
        let name = try named(account, base: base, seed: seed, owner: owner, &context)
        try allocateAndAssign(account, name, space: space, owner: owner, &context)
    }

    private static func transfer(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let lamports = reader.u64() else { throw .invalidInstructionData }
        try requireAccounts(2, context)
        try move(lamports, from: 0, to: 1, &context)
    }

    private static func transferWithSeed(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let lamports = reader.u64(), let seed = reader.string(), let owner = reader.address() else {
            throw .invalidInstructionData
        }
        try requireAccounts(3, context)
        let base = try context.account(at: 1)
        guard base.isSigner else {
            context.logs.append("Transfer: 'from' account \(context.key(of: base)) must sign")
            throw .missingRequiredSignature
        }
        let from = try context.account(at: 0)
        let derived = try derive(base: context.key(of: base), seed: seed, owner: owner)
        guard derived == context.key(of: from) else {
            context.logs.append(
                "Transfer: 'from' address \(context.key(of: from)) does not match derived address \(derived)"
            )
            throw Code.addressWithSeedMismatch
        }
        try moveVerified(lamports, from: 0, to: 2, &context)
    }

    // MARK: Steps

    private static func create(
        _ to: InstructionAccount,
        _ name: NamedAccount,
        from: Int,
        lamports: UInt64,
        space: UInt64,
        owner: Address,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard context.accounts[to.index].lamports == .zero else {
            context.logs.append("Create Account: account \(name.text) already in use")
            throw Code.accountAlreadyInUse
        }
        try allocateAndAssign(to, name, space: space, owner: owner, &context)
        try move(lamports, from: from, to: 1, &context)
    }

    private static func allocateAndAssign(
        _ account: InstructionAccount,
        _ name: NamedAccount,
        space: UInt64,
        owner: Address,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        try allocate(account, name, space: space, &context)
        try assign(account, name, owner: owner, &context)
    }

    private static func allocate(
        _ account: InstructionAccount,
        _ name: NamedAccount,
        space: UInt64,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard name.isSigner(in: signers(context)) else {
            context.logs.append("Allocate: 'to' account \(name.text) must sign")
            throw .missingRequiredSignature
        }
        let current = context.accounts[account.index]
        guard current.data.isEmpty, current.owner == SystemProgram.id else {
            context.logs.append("Allocate: account \(name.text) already in use")
            throw Code.accountAlreadyInUse
        }
        let maximum = TransactionContext.maximumDataCount
        guard space <= UInt64(maximum) else {
            context.logs.append("Allocate: requested \(space), max allowed \(maximum)")
            throw Code.invalidAccountDataLength
        }
        try context.resize(to: Int(space), of: account)
    }

    private static func assign(
        _ account: InstructionAccount,
        _ name: NamedAccount,
        owner: Address,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard context.accounts[account.index].owner != owner else { return }
        guard name.isSigner(in: signers(context)) else {
            context.logs.append("Assign: account \(name.text) must sign")
            throw .missingRequiredSignature
        }
        try context.setOwner(owner, of: account)
    }

    private static func move(
        _ lamports: UInt64,
        from: Int,
        to: Int,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        let payer = try context.account(at: from)
        guard payer.isSigner else {
            context.logs.append("Transfer: `from` account \(context.key(of: payer)) must sign")
            throw .missingRequiredSignature
        }
        try moveVerified(lamports, from: from, to: to, &context)
    }

    private static func moveVerified(
        _ lamports: UInt64,
        from: Int,
        to: Int,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        let payer = try context.account(at: from)
        guard context.accounts[payer.index].data.isEmpty else {
            context.logs.append("Transfer: `from` must not carry data")
            throw .invalidArgument
        }
        let funds = context.accounts[payer.index].lamports.rawValue
        guard lamports <= funds else {
            context.logs.append("Transfer: insufficient lamports \(funds), need \(lamports)")
            throw Code.resultWithNegativeLamports
        }
        try context.setLamports(Lamports(funds - lamports), of: payer)
        let payee = try context.account(at: to)
        let (sum, overflow) = context.accounts[payee.index].lamports.rawValue.addingReportingOverflow(lamports)
        guard !overflow else { throw .arithmeticOverflow }
        try context.setLamports(Lamports(sum), of: payee)
    }

    // MARK: Checks

    static func requireAccounts(_ count: Int, _ context: TransactionContext) throws(InstructionError) {
        guard context.frame.accounts.count >= count else { throw .missingAccount }
    }

    static func signers(_ context: TransactionContext) -> Set<Address> {
        Set(context.frame.accounts.lazy.filter(\.isSigner).map { context.key(of: $0) })
    }

    private static func named(
        _ account: InstructionAccount,
        base: Address,
        seed: String,
        owner: Address,
        _ context: inout TransactionContext
    ) throws(InstructionError) -> NamedAccount {
        let derived = try derive(base: base, seed: seed, owner: owner)
        let address = context.key(of: account)
        guard derived == address else {
            context.logs.append("Create: address \(address) does not match derived address \(derived)")
            throw Code.addressWithSeedMismatch
        }
        return NamedAccount(address: address, base: base)
    }

    private static func derive(base: Address, seed: String, owner: Address) throws(InstructionError) -> Address {
        do throws(ProgramAddressError) {
            return try Address.createWithSeed(base: base, seed: seed, owner: owner)
        } catch {
            // Agave turns the address error's number into a custom code: 0 too long, 2 illegal owner.
            if case .illegalOwner = error { throw .custom(2) }
            throw .custom(0)
        }
    }
}
