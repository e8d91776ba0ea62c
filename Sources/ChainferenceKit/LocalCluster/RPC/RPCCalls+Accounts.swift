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
        return inContext(slot, try show(account, at: address, options, default: .binary))
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
        for (address, account) in zip(addresses, accounts) {
            shown.append(try show(account, at: address, options, default: .base64))
        }
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
            let account = try show(account, at: address, options, default: .binary)
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

    func getLargestAccounts(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let options = try parameters.options(0)
        let filter = try options.text("filter")
        guard filter == nil || filter == "circulating" || filter == "nonCirculating" else {
            throw .invalidParams("Invalid params: unknown variant, expected `circulating` or `nonCirculating`.")
        }
        let (slot, balances) = try cluster.withState { state throws(RPCFailure) in
            (try contextSlot(options, state.ledger), state.ledger.balances)
        }
        let faucet = Ledger.faucet.address
        let wanted = balances.filter { address, _ in
            filter == nil || (address == faucet) == (filter == "nonCirculating")
        }
        let largest = wanted.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(20)
        return inContext(
            slot,
            .array(
                largest.map { ["address": .string($0.key.base58), "lamports": .unsigned($0.value.rawValue)] }
            )
        )
    }

    /// An account, or null if there is none.
    private func show(
        _ account: LedgerAccount?,
        at address: Address,
        _ options: RPCOptions,
        default encoding: AccountEncoding
    ) throws(RPCFailure) -> JSONValue {
        let encoding = try options.encoding() ?? encoding
        let slice = try options.dataSlice()
        guard let account else { return .null }
        return try account.json(at: address, encoding: encoding, slice: slice)
    }
}
