import JSON
import Solana

extension RPCCalls {
    /// The most characters that a transaction of 1,232 bytes takes.
    private static let maximumBase58Count = 1_683
    private static let maximumBase64Count = 1_644

    func sendTransaction(_ parameters: RPCParameters, isLost: Bool) throws(RPCFailure) -> JSONValue {
        let options = try parameters.options(1)
        let (transaction, wireBytes) = try decode(try parameters.text(0), options)
        guard let signature = transaction.signatures.first else { throw Self.sanitizeFailure(.sanitizeFailure) }
        _ = try options.unsigned("maxRetries")
        let isValid = Ledger.hasValidSignatures(transaction)
        if try !options.flag("skipPreflight") {
            guard isValid else { throw .signatureVerification }
            try preflight(transaction, wireBytes: wireBytes, options)
        } else {
            let minimum = try options.unsigned("minContextSlot") ?? 0
            let slot = cluster.withState { node.slot(at: .processed, in: $0.ledger) }
            guard slot >= minimum else { throw .minimumContextSlot(slot) }
        }
        // From here on a node only passes the transaction on: what cannot land is dropped without a word.
        if isValid, !isLost { _ = try? cluster.land(transaction, wireBytes: wireBytes) }
        return .string(signature.base58)
    }

    func simulateTransaction(_ parameters: RPCParameters) throws(RPCFailure) -> JSONValue {
        let options = try parameters.options(1)
        let (transaction, wireBytes) = try decode(try parameters.text(0), options)
        let verifies = try options.flag("sigVerify")
        let replaces = try options.flag("replaceRecentBlockhash")
        let showsInner = try options.flag("innerInstructions")
        guard !(verifies && replaces) else {
            throw .invalidParams("sigVerify may not be used with replaceRecentBlockhash")
        }
        if verifies, !Ledger.hasValidSignatures(transaction) { throw .signatureVerification }
        let wanted = try wantedAccounts(options)
        let outcome = try cluster.withState { state throws(RPCFailure) in
            let slot = try contextSlot(options, state.ledger)
            let latest = state.ledger.latestBlockhash(atSlot: slot)
            var resolved = try resolve(transaction, wireBytes: wireBytes, state.ledger, atSlot: slot)
            if replaces { resolved = resolved.replacingBlockhash(latest.blockhash) }
            return Simulation(
                resolved,
                ledger: state.ledger,
                atSlot: slot,
                replacement: replaces ? latest : nil,
                wanted: wanted?.addresses ?? []
            )
        }
        var value = outcome.json
        if showsInner { value["innerInstructions"] = TransactionJSON.inner(outcome.innerInstructions) }
        if let wanted { value["accounts"] = try outcome.accounts(encoding: wanted.encoding) }
        return inContext(outcome.slot, .object(value))
    }

    // MARK: Steps

    private func preflight(
        _ transaction: Transaction,
        wireBytes: [UInt8],
        _ options: RPCOptions
    ) throws(RPCFailure) {
        let level = try options.commitment("preflightCommitment") ?? .finalized
        let minimum = try options.unsigned("minContextSlot") ?? 0
        let outcome = try cluster.withState { state throws(RPCFailure) in
            let slot = node.slot(at: level, in: state.ledger)
            guard slot >= minimum else { throw .minimumContextSlot(slot) }
            let resolved = try resolve(transaction, wireBytes: wireBytes, state.ledger, atSlot: slot)
            return Simulation(resolved, ledger: state.ledger, atSlot: slot)
        }
        guard let error = outcome.error else { return }
        throw RPCFailure(
            -32_002,
            "Transaction simulation failed: \(error.agaveText)",
            data: .object(outcome.json)
        )
    }

    /// A transaction with its accounts looked up, refused as Agave refuses it before anything runs.
    func resolve(
        _ transaction: Transaction,
        wireBytes: [UInt8],
        _ ledger: Ledger,
        atSlot slot: UInt64
    ) throws(RPCFailure) -> ResolvedTransaction {
        do throws(TransactionError) {
            return try ledger.resolve(transaction, wireBytes: wireBytes, atSlot: slot)
        } catch {
            throw Self.sanitizeFailure(error)
        }
    }

    private func decode(
        _ text: String,
        _ options: RPCOptions
    ) throws(RPCFailure) -> (transaction: Transaction, wireBytes: [UInt8]) {
        let type = "solana_transaction::versioned::VersionedTransaction"
        let maximum = Transaction.maximumByteCount
        let encoding = try options.text("encoding") ?? "base58"
        let limit = encoding == "base64" ? Self.maximumBase64Count : Self.maximumBase58Count
        guard text.utf8.count <= limit else {
            throw .invalidParams(
                "\(encoding) encoded \(type) too large: \(text.utf8.count) bytes (max: encoded/raw \(limit)/\(maximum))"
            )
        }
        let bytes: [UInt8]
        switch encoding {
        case "base64":
            guard let decoded = Base64.decode(text) else {
                throw .invalidParams("invalid base64 encoding: InvalidByte")
            }
            bytes = decoded
        case "base58":
            guard let decoded = try? Base58.decode(text, maximumCount: Self.maximumBase58Count) else {
                throw .invalidParams("invalid base58 encoding: InvalidCharacter")
            }
            bytes = decoded
        default:
            throw .invalidParams("unsupported encoding: \(encoding.prefix(64)). Supported encodings: base58, base64")
        }
        guard bytes.count <= maximum else {
            throw .invalidParams("decoded \(type) too large: \(bytes.count) bytes (max: \(maximum) bytes)")
        }
        do throws(MessageError) {
            return (try Transaction(decoding: bytes), bytes)
        } catch {
            throw Self.refusal(of: error, type: type)
        }
    }

    static func refusal(of error: MessageError, type: String) -> RPCFailure {
        if case .duplicateAccount = error { return sanitizeFailure(.accountLoadedTwice) }
        if error.isSanitizeFailure { return sanitizeFailure(.sanitizeFailure) }
        return .invalidParams("failed to deserialize \(type): \(error)")
    }

    static func sanitizeFailure(_ error: TransactionError) -> RPCFailure {
        .invalidParams("invalid transaction: \(error.agaveText)")
    }

    private func wantedAccounts(
        _ options: RPCOptions
    ) throws(RPCFailure) -> (addresses: [Address], encoding: AccountEncoding)? {
        guard let wanted = options["accounts"] else { return nil }
        guard let elements = wanted["addresses"]?.elements else {
            throw .invalidParams("Invalid params: `accounts` needs `addresses`.")
        }
        guard elements.count <= 64 else { throw .invalidParams("Too many accounts provided; max 64") }
        var addresses: [Address] = []
        for element in elements { addresses.append(try RPCParameters.address(element)) }
        let encoding = try RPCOptions(wanted).encoding() ?? .base64
        if encoding == .binary || encoding == .base58 { throw .invalidParams("base58 encoding not supported") }
        return (addresses, encoding)
    }
}
