import Solana

extension SystemProcessor {
    /// The nonce instructions' own error codes.
    private enum NonceCode {
        static let blockhashNotExpired = InstructionError.custom(7)
    }

    static func advanceNonce(_ context: inout TransactionContext) throws(InstructionError) {
        let account = try context.account(at: 0)
        try requireSysvar(Sysvar.recentBlockhashes, at: 1, context)
        let state = try nonce(account, "Advance nonce account", &context)
        guard case .initialized(var nonce) = state else {
            context.logs.append("Advance nonce account: Account \(context.key(of: account)) state is invalid")
            throw .invalidAccountData
        }
        guard signers(context).contains(nonce.authority) else {
            context.logs.append("Advance nonce account: Account \(nonce.authority) must be a signer")
            throw .missingRequiredSignature
        }
        let next = NonceAccount.durableNonce(from: context.environment.blockhash)
        guard nonce.durableNonce != next else {
            context.logs.append("Advance nonce account: nonce can only advance once per slot")
            throw NonceCode.blockhashNotExpired
        }
        nonce.isLegacy = false
        nonce.durableNonce = next
        nonce.lamportsPerSignature = context.environment.lamportsPerSignature
        try setNonce(.initialized(nonce), of: account, &context)
    }

    static func withdrawNonce(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let lamports = reader.u64() else { throw .invalidInstructionData }
        try requireAccounts(2, context)
        try requireSysvar(Sysvar.recentBlockhashes, at: 2, context)
        try requireSysvar(Sysvar.rent, at: 3, context)
        let from = try context.account(at: 0)
        let to = try context.account(at: 1)
        let name = "Withdraw nonce account"
        let funds = context.accounts[from.index].lamports.rawValue
        let signer: Address
        switch try nonce(from, name, &context) {
        case .uninitialized:
            try requireFunds(lamports, funds, name, &context)
            signer = context.key(of: from)
        case .initialized(let nonce):
            if lamports == funds {
                guard nonce.durableNonce != NonceAccount.durableNonce(from: context.environment.blockhash) else {
                    context.logs.append("\(name): nonce can only advance once per slot")
                    throw NonceCode.blockhashNotExpired
                }
                try setNonce(.uninitialized, of: from, &context)
            } else {
                let size = context.accounts[from.index].data.count
                let minimum = context.environment.rent.minimumBalance(dataLength: size).rawValue
                let (needed, overflow) = lamports.addingReportingOverflow(minimum)
                guard !overflow else { throw .insufficientFunds }
                try requireFunds(needed, funds, name, &context)
            }
            signer = nonce.authority
        }
        guard signers(context).contains(signer) else {
            context.logs.append("\(name): Account \(signer) must sign")
            throw .missingRequiredSignature
        }
        try context.setLamports(Lamports(funds - lamports), of: from)
        let (sum, overflow) = context.accounts[to.index].lamports.rawValue.addingReportingOverflow(lamports)
        guard !overflow else { throw .arithmeticOverflow }
        try context.setLamports(Lamports(sum), of: to)
    }

    static func initializeNonce(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let authority = reader.address() else { throw .invalidInstructionData }
        let account = try context.account(at: 0)
        try requireSysvar(Sysvar.recentBlockhashes, at: 1, context)
        try requireSysvar(Sysvar.rent, at: 2, context)
        let name = "Initialize nonce account"
        guard case .uninitialized = try nonce(account, name, &context) else {
            context.logs.append("\(name): Account \(context.key(of: account)) state is invalid")
            throw .invalidAccountData
        }
        let stored = context.accounts[account.index]
        let minimum = context.environment.rent.minimumBalance(dataLength: stored.data.count).rawValue
        try requireFunds(minimum, stored.lamports.rawValue, name, &context)
        let nonce = NonceAccount(
            authority: authority,
            durableNonce: NonceAccount.durableNonce(from: context.environment.blockhash),
            lamportsPerSignature: context.environment.lamportsPerSignature
        )
        try setNonce(.initialized(nonce), of: account, &context)
    }

    static func authorizeNonce(
        _ reader: inout InstructionReader,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard let authority = reader.address() else { throw .invalidInstructionData }
        let account = try context.account(at: 0)
        let name = "Authorize nonce account"
        guard case .initialized(var nonce) = try nonce(account, name, &context) else {
            context.logs.append("\(name): Account \(context.key(of: account)) state is invalid")
            throw .invalidAccountData
        }
        guard signers(context).contains(nonce.authority) else {
            context.logs.append("\(name): Account \(nonce.authority) must sign")
            throw .missingRequiredSignature
        }
        nonce.authority = authority
        try setNonce(.initialized(nonce), of: account, &context)
    }

    static func upgradeNonce(_ context: inout TransactionContext) throws(InstructionError) {
        let account = try context.account(at: 0)
        guard context.accounts[account.index].owner == SystemProgram.id else { throw .invalidAccountOwner }
        guard account.isWritable else { throw .invalidArgument }
        guard let state = NonceAccount.state(of: context.accounts[account.index].data) else {
            throw .invalidAccountData
        }
        guard case .initialized(let nonce) = state, let upgraded = nonce.upgraded else { throw .invalidArgument }
        try setNonce(.initialized(upgraded), of: account, &context)
    }

    // MARK: Steps

    /// The state of a nonce account that the instruction may write.
    private static func nonce(
        _ account: InstructionAccount,
        _ name: String,
        _ context: inout TransactionContext
    ) throws(InstructionError) -> NonceAccount.State {
        guard account.isWritable else {
            context.logs.append("\(name): Account \(context.key(of: account)) must be writeable")
            throw .invalidArgument
        }
        let data = context.accounts[account.index].data
        guard data.count >= NonceAccount.byteCount, let state = NonceAccount.state(of: data) else {
            throw .invalidAccountData
        }
        return state
    }

    private static func setNonce(
        _ state: NonceAccount.State,
        of account: InstructionAccount,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        let data = context.accounts[account.index].data
        try context.setData(NonceAccount.write(state, over: data), of: account)
    }

    private static func requireFunds(
        _ needed: UInt64,
        _ funds: UInt64,
        _ name: String,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard needed <= funds else {
            context.logs.append("\(name): insufficient lamports \(funds), need \(needed)")
            throw .insufficientFunds
        }
    }

    private static func requireSysvar(
        _ address: Address,
        at position: Int,
        _ context: TransactionContext
    ) throws(InstructionError) {
        guard context.key(of: try context.account(at: position)) == address else { throw .invalidArgument }
    }
}
