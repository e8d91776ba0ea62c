import Solana

/// The lookup-table program: lists of addresses that version-0 messages name by one byte each.
///
/// On a validator it is an SBF program (`solana-program/address-lookup-table`); here it runs natively, with its checks,
/// their order, its error codes and its log lines. Its compute units are estimates.
enum LookupTableProcessor {
    static func run(in context: inout TransactionContext) throws(InstructionError) {
        let before = context.unitsRemaining
        let program = context.frame.program
        let result: Result<Void, InstructionError>
        do throws(Failure) {
            try process(&context)
            result = .success(())
        } catch {
            switch error {
            case .program(let error):
                context.logs.append("Program log: \(text(error))")
                result = .failure(error)
            case .runtime(let error):
                result = .failure(error)
            }
        }
        let used = before - context.unitsRemaining
        context.logs.append("Program \(program) consumed \(used) of \(before) compute units")
        try result.get()
    }

    /// The program's own refusals are logged by it, the runtime's are not.
    enum Failure: Error {
        case program(InstructionError)
        case runtime(InstructionError)
    }

    /// The program's own error codes.
    private enum Code {
        static let invalidSeeds = InstructionError.custom(1)
        static let readonlyDataModified = InstructionError.custom(10)
        static let readonlyLamportsChanged = InstructionError.custom(11)
    }

    private static func text(_ error: InstructionError) -> String {
        switch error {
        case Code.invalidSeeds: "Provided seeds do not result in a valid address"
        case Code.readonlyDataModified: "Instruction modified data of a read-only account"
        case Code.readonlyLamportsChanged: "Instruction changed the balance of a read-only account"
        default: "Error: \(error.name)"
        }
    }

    private static func process(_ context: inout TransactionContext) throws(Failure) {
        try runtime { () throws(InstructionError) in try context.consume(1_400) }
        guard let instruction = AddressLookupTableInstruction(decoding: context.frame.data) else {
            throw .program(.invalidInstructionData)
        }
        switch instruction {
        case .create(let recentSlot, let bump):
            context.logs.append("Program log: Instruction: CreateLookupTable")
            try create(recentSlot: recentSlot, bump: bump, &context)
        case .freeze:
            context.logs.append("Program log: Instruction: FreezeLookupTable")
            try freeze(&context)
        case .extend(let addresses):
            context.logs.append("Program log: Instruction: ExtendLookupTable")
            try extend(by: addresses, &context)
        case .deactivate:
            context.logs.append("Program log: Instruction: DeactivateLookupTable")
            try deactivate(&context)
        case .close:
            context.logs.append("Program log: Instruction: CloseLookupTable")
            try close(&context)
        }
    }

    // MARK: Instructions

    private static func create(
        recentSlot: UInt64,
        bump: UInt8,
        _ context: inout TransactionContext
    ) throws(Failure) {
        let table = try account(0, context)
        let authority = try account(1, context)
        let payer = try account(2, context)
        guard payer.isSigner else {
            throw refusal(.missingRequiredSignature, "Payer account must be a signer", &context)
        }
        guard context.environment.slotHashes.position(of: recentSlot) != nil else {
            throw refusal(.invalidInstructionData, "\(recentSlot) is not a recent slot", &context)
        }
        var slot: [UInt8] = []
        slot.append(little: recentSlot)
        try runtime { () throws(InstructionError) in try context.consume(1_500) }
        let derived = try? Address.createProgramAddress(
            seeds: [context.key(of: authority).bytes, slot, [bump]],
            program: AddressLookupTableProgram.id
        )
        guard let derived else { throw .program(Code.invalidSeeds) }
        guard context.key(of: table) == derived else {
            throw refusal(.invalidArgument, "Table address must match derived address: \(derived)", &context)
        }
        // It is there already: that is fine.
        guard context.accounts[table.index].owner != AddressLookupTableProgram.id else { return }
        try fund(table, size: AddressLookupTableAccount.stateByteCount, payer: payer, &context)
        _ = try account(3, context)
        let signing = InvokedAccount(account: table, isSigner: true, isWritable: true)
        let space = UInt64(AddressLookupTableAccount.stateByteCount)
        for step in [SystemInstruction.allocate(space: space), .assign(owner: AddressLookupTableProgram.id)] {
            try runtime { () throws(InstructionError) in
                try context.consume(1_000)
                try context.invokeSystem(step.data, [signing], derivedSigner: derived)
            }
        }
        let made = AddressLookupTableAccount(authority: context.key(of: authority))
        try runtime { () throws(InstructionError) in try context.setData(made.accountData, of: table) }
    }

    private static func freeze(_ context: inout TransactionContext) throws(Failure) {
        var (account, table) = try table(&context, frozen: "Lookup table is already frozen")
        guard table.deactivationSlot == .max else {
            throw refusal(.invalidArgument, "Deactivated tables cannot be frozen", &context)
        }
        guard !table.addresses.isEmpty else {
            throw refusal(.invalidInstructionData, "Empty lookup tables cannot be frozen", &context)
        }
        table.authority = nil
        try runtime { () throws(InstructionError) in try context.setData(table.accountData, of: account) }
    }

    private static func extend(by addresses: [Address], _ context: inout TransactionContext) throws(Failure) {
        var (tableAccount, table) = try table(&context)
        guard table.deactivationSlot == .max else {
            throw refusal(.invalidArgument, "Deactivated tables cannot be extended", &context)
        }
        let maximum = AddressLookupTableAccount.maximumAddressCount
        guard table.addresses.count < maximum else {
            throw refusal(.invalidArgument, "Lookup table is full and cannot contain more addresses", &context)
        }
        guard !addresses.isEmpty else {
            throw refusal(.invalidInstructionData, "Must extend with at least one address", &context)
        }
        let count = table.addresses.count + addresses.count
        guard count <= maximum else {
            throw refusal(
                .invalidInstructionData,
                "Extended lookup table length \(count) would exceed max capacity of \(maximum)",
                &context
            )
        }
        let slot = context.environment.clock.slot
        if table.lastExtendedSlot != slot {
            table.lastExtendedSlot = slot
            table.lastExtendedSlotStartIndex = UInt8(truncatingIfNeeded: table.addresses.count)
        }
        guard tableAccount.isWritable else { throw .program(Code.readonlyDataModified) }
        table.addresses += addresses
        let data = table.accountData
        try runtime { () throws(InstructionError) in try context.setData(data, of: tableAccount) }
        let needed = shortfall(of: tableAccount, size: data.count, context)
        guard needed > 0 else { return }
        let payer = try account(2, context)
        guard payer.isSigner else {
            throw refusal(.missingRequiredSignature, "Payer account must be a signer", &context)
        }
        _ = try account(3, context)
        try fund(tableAccount, size: data.count, payer: payer, &context)
    }

    private static func deactivate(_ context: inout TransactionContext) throws(Failure) {
        var (account, table) = try table(&context)
        guard table.deactivationSlot == .max else {
            throw refusal(.invalidArgument, "Lookup table is already deactivated", &context)
        }
        table.deactivationSlot = context.environment.clock.slot
        try runtime { () throws(InstructionError) in try context.setData(table.accountData, of: account) }
    }

    private static func close(_ context: inout TransactionContext) throws(Failure) {
        let tableAccount = try ownedTable(context: &context)
        let authority = try signedAuthority(&context)
        let recipient = try account(2, context)
        guard recipient.index != tableAccount.index else {
            throw refusal(
                .invalidArgument,
                "Lookup table cannot be the recipient of reclaimed lamports",
                &context
            )
        }
        let table = try readTable(tableAccount, authority, frozen: "Lookup table is frozen", &context)
        if let reason = stillNeeded(table, context) { throw refusal(.invalidArgument, reason, &context) }
        let lamports = context.accounts[tableAccount.index].lamports.rawValue
        let (sum, overflow) = context.accounts[recipient.index].lamports.rawValue.addingReportingOverflow(lamports)
        guard !overflow else { throw .program(.arithmeticOverflow) }
        guard recipient.isWritable else { throw .program(Code.readonlyLamportsChanged) }
        guard tableAccount.isWritable else { throw .program(Code.readonlyDataModified) }
        try runtime { () throws(InstructionError) in
            try context.setLamports(Lamports(sum), of: recipient)
            try context.setLamports(.zero, of: tableAccount)
            try context.resize(to: 0, of: tableAccount)
        }
    }

    /// Why a table cannot be closed yet, or nil: 512 slots have to pass, so that nothing in flight needs it.
    private static func stillNeeded(_ table: AddressLookupTableAccount, _ context: TransactionContext) -> String? {
        let slot = table.deactivationSlot
        guard slot != .max else { return "Lookup table is not deactivated" }
        let remaining: Int
        if slot == context.environment.clock.slot {
            remaining = SlotHashes.maximumCount + 1
        } else if let position = context.environment.slotHashes.position(of: slot) {
            remaining = SlotHashes.maximumCount - position
        } else {
            return nil
        }
        return "Table cannot be closed until it's fully deactivated in \(remaining) blocks"
    }
}

// MARK: - Steps

extension LookupTableProcessor {
    private static func runtime(_ body: () throws(InstructionError) -> Void) throws(Failure) {
        do throws(InstructionError) {
            try body()
        } catch {
            throw .runtime(error)
        }
    }

    private static func refusal(
        _ error: InstructionError,
        _ reason: String,
        _ context: inout TransactionContext
    ) -> Failure {
        context.logs.append("Program log: \(reason)")
        return .program(error)
    }

    private static func account(_ position: Int, _ context: TransactionContext) throws(Failure) -> InstructionAccount {
        guard position < context.frame.accounts.count else { throw .program(.notEnoughAccountKeys) }
        return context.frame.accounts[position]
    }

    private static func ownedTable(context: inout TransactionContext) throws(Failure) -> InstructionAccount {
        let account = try account(0, context)
        guard context.accounts[account.index].owner == AddressLookupTableProgram.id else {
            throw refusal(
                .invalidAccountOwner,
                "Lookup table owner should be the Address Lookup Table program",
                &context
            )
        }
        return account
    }

    private static func signedAuthority(_ context: inout TransactionContext) throws(Failure) -> Address {
        let authority = try account(1, context)
        guard authority.isSigner else {
            throw refusal(.missingRequiredSignature, "Authority account must be a signer", &context)
        }
        return context.key(of: authority)
    }

    private static func readTable(
        _ account: InstructionAccount,
        _ authority: Address,
        frozen: String,
        _ context: inout TransactionContext
    ) throws(Failure) -> AddressLookupTableAccount {
        guard let table = AddressLookupTableAccount(accountData: context.accounts[account.index].data) else {
            throw .program(.invalidAccountData)
        }
        guard let expected = table.authority else { throw refusal(.immutable, frozen, &context) }
        guard expected == authority else {
            throw refusal(.incorrectAuthority, "Incorrect lookup table authority", &context)
        }
        return table
    }

    /// The table that an instruction changes, with its authority's consent.
    private static func table(
        _ context: inout TransactionContext,
        frozen: String = "Lookup table is frozen"
    ) throws(Failure) -> (account: InstructionAccount, table: AddressLookupTableAccount) {
        let account = try ownedTable(context: &context)
        let authority = try signedAuthority(&context)
        return (account, try readTable(account, authority, frozen: frozen, &context))
    }

    private static func shortfall(of account: InstructionAccount, size: Int, _ context: TransactionContext) -> UInt64 {
        let minimum = max(1, context.environment.rent.minimumBalance(dataLength: size).rawValue)
        let held = context.accounts[account.index].lamports.rawValue
        return minimum > held ? minimum - held : 0
    }

    /// Brings an account up to its rent exemption.
    private static func fund(
        _ account: InstructionAccount,
        size: Int,
        payer: InstructionAccount,
        _ context: inout TransactionContext
    ) throws(Failure) {
        let lamports = shortfall(of: account, size: size, context)
        guard lamports > 0 else { return }
        try runtime { () throws(InstructionError) in
            try context.consume(1_000)
            try context.invokeSystem(
                SystemInstruction.transfer(lamports: Lamports(lamports)).data,
                [
                    InvokedAccount(account: payer, isSigner: true, isWritable: true),
                    InvokedAccount(account: account, isWritable: true),
                ]
            )
        }
    }
}
