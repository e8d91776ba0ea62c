import JSON
import Solana

extension RPCCalls {
    func getAccountInfo(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let address = try parameters.address(0)
        let options = try parameters.options(1)
        let (slot, account) = try cluster.withState { state throws(RPCFailure) in
            let slot = try contextSlot(options, state.ledger)
            return (slot, state.ledger.account(address, atSlot: slot))
        }
        return inContext(slot, try show(account, options, default: .binary))
    }

    func getBalance(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let address = try parameters.address(0)
        let options = try parameters.options(1)
        let (slot, account) = try cluster.withState { state throws(RPCFailure) in
            let slot = try contextSlot(options, state.ledger)
            return (slot, state.ledger.account(address, atSlot: slot))
        }
        return inContext(slot, .unsigned(account?.lamports.rawValue ?? 0))
    }

    func getMultipleAccounts(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let addresses = try parameters.addresses(0, limit: 100)
        let options = try parameters.options(1)
        let (slot, accounts) = try cluster.withState { state throws(RPCFailure) in
            let slot = try contextSlot(options, state.ledger)
            return (slot, addresses.map { state.ledger.account($0, atSlot: slot) })
        }
        var shown: [JSONValue] = []
        for account in accounts { shown.append(try show(account, options, default: .base64)) }
        return inContext(slot, .array(shown))
    }

    func getProgramAccounts(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let program = try parameters.address(0)
        let options = try parameters.options(1)
        let filters = try AccountFilter.list(options["filters"])
        let (slot, accounts) = try cluster.withState { state throws(RPCFailure) in
            let slot = try contextSlot(options, state.ledger)
            return (slot, state.ledger.accounts(ownedBy: program, atSlot: slot))
        }
        var shown: [JSONValue] = []
        for (address, account) in accounts where filters.allSatisfy({ $0.matches(account.data) }) {
            let account = try show(account, options, default: .binary)
            shown.append(["pubkey": .string(address.base58), "account": account])
        }
        return try options.flag("withContext") ? inContext(slot, .array(shown)) : .array(shown)
    }

    func getMinimumBalanceForRentExemption(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let count = try parameters.unsigned(0)
        _ = try parameters.options(1).commitment()
        let rent = cluster.configuration.ledger.rent
        return .unsigned(rent.minimumBalance(dataLength: Int(clamping: count)).rawValue)
    }

    func getSupply(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let options = try parameters.options(0)
        let (slot, faucet, total) = try cluster.withState { state throws(RPCFailure) in
            let total = state.ledger.balances.values.reduce(Lamports.zero) { $0.saturatingAdding($1) }
            return (try contextSlot(options, state.ledger), state.ledger.account(Ledger.faucet.address), total)
        }
        let held = faucet?.lamports ?? .zero
        return inContext(
            slot,
            [
                "total": .unsigned(total.rawValue),
                "circulating": .unsigned(total.saturatingSubtracting(held).rawValue),
                "nonCirculating": .unsigned(held.rawValue),
                "nonCirculatingAccounts": [.string(Ledger.faucet.address.base58)],
            ]
        )
    }

    /// An account, or null if there is none.
    private func show(
        _ account: LedgerAccount?,
        _ options: RPCOptions,
        default encoding: AccountEncoding
    ) throws(RPCFailure) -> JSONValue {
        let encoding = try options.encoding() ?? encoding
        let slice = try options.dataSlice()
        guard let account else { return .null }
        return try account.json(encoding: encoding, slice: slice)
    }
}
