import JSON
import Solana

extension RPCCalls {
    /// How many slots a status is found in without searching the history, as long as a validator's status cache goes.
    private static let recentSlots: UInt64 = 300

    func getSignatureStatuses(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let values = try parameters.list(0)
        guard values.count <= 256 else { throw .invalidParams("Too many inputs provided; max 256") }
        var signatures: [Signature] = []
        for value in values { signatures.append(try RPCParameters.signature(value)) }
        let searchesHistory = try parameters.options(1).flag("searchTransactionHistory")
        return cluster.withState { state in
            let ledger = state.ledger
            let newest = node.slot(at: .processed, in: ledger)
            let statuses = signatures.map { signature -> JSONValue in
                guard let record = ledger.transaction(signature), record.slot <= newest,
                    searchesHistory || newest - record.slot <= Self.recentSlots
                else { return .null }
                let reached = commitment(of: record.slot, ledger)
                return [
                    "slot": .unsigned(record.slot),
                    "confirmations": reached == .finalized ? .null : .unsigned(newest - record.slot),
                    "err": .optional(record.error, \.json),
                    "status": TransactionJSON.status(record.error),
                    "confirmationStatus": .string(reached.rawValue),
                ]
            }
            return inContext(newest, .array(statuses))
        }
    }

    func getTransaction(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let signature = try parameters.signature(0)
        // Old clients pass the encoding as a bare string.
        let value = parameters[1]
        let options = try RPCOptions(value?.text == nil ? value : nil)
        let named = try options.text("encoding")
        let encoding = try TransactionJSON.Encoding(named: value?.text ?? named)
        let maximumVersion = try options.unsigned("maxSupportedTransactionVersion")
        let level = try confirmedOrBetter(options)
        let found = cluster.withState { state in
            state.ledger.transaction(signature).flatMap { record in
                record.slot <= node.slot(at: level, in: state.ledger) ? record : nil
            }
        }
        guard let record = found else { return .null }
        var members = try show(record, encoding, maximumVersion: maximumVersion)
        members["slot"] = .unsigned(record.slot)
        members["blockTime"] = .signed(record.blockTime)
        return .object(members)
    }

    func getSignaturesForAddress(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let address = try parameters.address(0)
        let options = try parameters.options(1)
        let limit = try options.unsigned("limit") ?? 1_000
        guard (1...1_000).contains(limit) else { throw .invalidParams("Invalid limit; max 1000") }
        let before = try options["before"].map { value throws(RPCFailure) in try RPCParameters.signature(value) }
        let until = try options["until"].map { value throws(RPCFailure) in try RPCParameters.signature(value) }
        let level = try confirmedOrBetter(options)
        return try cluster.withState { state throws(RPCFailure) in
            let newest = try contextSlot(options, state.ledger, default: level)
            var found: [JSONValue] = []
            var hasPassedStart = before == nil
            for record in state.ledger.history.records(mentioning: address) where record.slot <= newest {
                if record.signature == until || found.count == Int(limit) { break }
                if hasPassedStart { found.append(summary(of: record, state.ledger)) }
                if record.signature == before { hasPassedStart = true }
            }
            return .array(found)
        }
    }

    func requestAirdrop(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let address = try parameters.address(0)
        let lamports = Lamports(try parameters.unsigned(1))
        guard lamports <= cluster.configuration.ledger.airdropLimit else {
            throw RPCFailure(
                -32_603,
                "airdrop request failed: at most \(cluster.configuration.ledger.airdropLimit.rawValue) lamports at once"
            )
        }
        do throws(TransactionError) {
            return .string(try cluster.airdrop(lamports, to: address).base58)
        } catch {
            throw RPCFailure(-32_603, "airdrop request failed: \(error.agaveText)")
        }
    }

    // MARK: Parts

    /// A transaction and what it did, for a client that knows versions up to a maximum.
    ///
    /// - Throws: Error -32015 if the client does not know the transaction's version.
    func show(
        _ record: TransactionRecord,
        _ encoding: TransactionJSON.Encoding,
        maximumVersion: UInt64?
    ) throws(RPCFailure) -> JSONObject {
        let isVersioned = Self.isVersioned(record)
        guard !isVersioned || maximumVersion != nil else { throw .unsupportedVersion(0) }
        var members: JSONObject = [
            "transaction": try TransactionJSON.transaction(record, encoding: encoding),
            "meta": TransactionJSON.meta(record, encoding: encoding),
        ]
        if maximumVersion != nil { members["version"] = isVersioned ? 0 : "legacy" }
        return members
    }

    /// A transaction's accounts and outcome, without its instructions.
    ///
    /// - Throws: Error -32015 if the client does not know the transaction's version.
    func showAccounts(
        _ record: TransactionRecord,
        maximumVersion: UInt64?
    ) throws(RPCFailure) -> JSONObject {
        let isVersioned = Self.isVersioned(record)
        guard !isVersioned || maximumVersion != nil else { throw .unsupportedVersion(0) }
        var members: JSONObject = [
            "transaction": try TransactionJSON.accounts(record),
            "meta": TransactionJSON.accountsMeta(record),
        ]
        if maximumVersion != nil { members["version"] = isVersioned ? 0 : "legacy" }
        return members
    }

    private func summary(of record: TransactionRecord, _ ledger: Ledger) -> JSONValue {
        [
            "signature": .string(record.signature.base58),
            "slot": .unsigned(record.slot),
            "err": .optional(record.error, \.json),
            "memo": .optional(record.memo) { .string($0) },
            "blockTime": .signed(record.blockTime),
            "confirmationStatus": .string(commitment(of: record.slot, ledger).rawValue),
        ]
    }

    /// The level that a slot has reached.
    private func commitment(of slot: UInt64, _ ledger: Ledger) -> Commitment {
        if slot <= node.slot(at: .finalized, in: ledger) { return .finalized }
        return slot <= node.slot(at: .confirmed, in: ledger) ? .confirmed : .processed
    }

    func confirmedOrBetter(_ options: RPCOptions) throws(RPCFailure) -> Commitment {
        let level = try options.commitment() ?? .finalized
        guard level >= .confirmed else {
            throw .invalidParams("Method does not support commitment below `confirmed`")
        }
        return level
    }

    private static func isVersioned(_ record: TransactionRecord) -> Bool {
        guard let transaction = try? Transaction(decoding: record.wireBytes) else { return false }
        if case .v0 = transaction.message { return true }
        return false
    }
}
