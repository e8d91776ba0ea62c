import JSON
import Solana

/// The token methods of a cluster on which nobody has a token: there is no token program.
extension RPCCalls {
    private static let tokenPrograms: Set<Address> = [
        Address(literal: "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
        Address(literal: "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"),
    ]

    func getTokenAccountBalance(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        try refuse(parameters, "not a Token account", missing: "could not find account")
    }

    func getTokenSupply(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        try refuse(parameters, "not a Token mint", missing: "could not find account")
    }

    func getTokenLargestAccounts(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        try refuse(parameters, "not a Token mint", missing: "could not find mint")
    }

    /// By owner or by delegate: nobody has any.
    func getTokenAccounts(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        _ = try parameters.address(0)
        let filter = try parameters.required(1)
        let options = try parameters.options(2)
        _ = try options.encoding()
        let slot = try cluster.withState { state throws(RPCFailure) in try contextSlot(options, state.ledger) }
        if let program = filter["programId"] {
            guard Self.tokenPrograms.contains(try RPCParameters.address(program)) else {
                throw .invalidParams("Invalid param: unrecognized Token program id")
            }
            return inContext(slot, [])
        }
        guard let mint = filter["mint"] else {
            throw .invalidParams("Invalid params: invalid value: map, expected map with a single key.")
        }
        let address = try RPCParameters.address(mint)
        let isThere = cluster.withState { $0.ledger.account(address, atSlot: slot) != nil }
        throw .invalidParams("Invalid param: \(isThere ? "not a Token mint" : "could not find mint")")
    }

    private func refuse(
        _ parameters: RPCParameters,
        _ other: String,
        missing: String
    ) throws(RPCFailure) -> JSONValue {
        let address = try parameters.address(0)
        let options = try parameters.options(1)
        let isThere = try cluster.withState { state throws(RPCFailure) in
            state.ledger.account(address, atSlot: try contextSlot(options, state.ledger)) != nil
        }
        throw .invalidParams("Invalid param: \(isThere ? other : missing)")
    }
}
