import JSON
public import Solana

extension RPCClient {
    /// Runs a transaction on the node's state without effect (`simulateTransaction`).
    ///
    /// - Parameters:
    ///   - transaction: the transaction; its signatures may be missing unless `verifiesSignatures`.
    ///   - verifiesSignatures: whether wrong or missing signatures count as failure.
    ///   - replacesBlockhash: whether to use a recent blockhash in place of the transaction's.
    ///   - accounts: the accounts whose state afterwards is wanted.
    ///   - commitment: the state to run on; nil for the client's.
    /// - Returns: the result, also when the transaction would fail.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func simulateTransaction(
        _ transaction: Transaction,
        verifiesSignatures: Bool = false,
        replacesBlockhash: Bool = false,
        accounts: [Address] = [],
        commitment: Commitment? = nil
    ) async throws -> Contextual<SimulationResult> {
        var options: JSONObject = [
            "encoding": "base64",
            "sigVerify": .bool(verifiesSignatures),
            "replaceRecentBlockhash": .bool(replacesBlockhash),
        ]
        if !accounts.isEmpty {
            options["accounts"] = [
                "encoding": "base64", "addresses": .array(accounts.map { .string($0.base58) }),
            ]
        }
        let programs = transaction.programs
        let resolver = programErrors
        return try await callForContext(
            "simulateTransaction",
            [EncodedBytes.base64(try transaction.serialized())],
            options: options,
            commitment: commitment,
            programs: programs
        ) { (answer: SimulationAnswer) in
            let logs = answer.logs ?? []
            return SimulationResult(
                failure: answer.err.map {
                    TransactionFailure(
                        error: $0.error,
                        programs: programs,
                        logs: logs,
                        computeUnits: answer.unitsConsumed,
                        resolver: resolver
                    )
                },
                logs: logs,
                computeUnits: answer.unitsConsumed,
                returnData: answer.returnData,
                fee: answer.fee.map { Lamports($0) },
                accounts: answer.accounts ?? []
            )
        }
    }

    /// Hands a signed transaction to the node, which forwards it to the cluster (`sendTransaction`).
    ///
    /// That the node took it does not mean that it lands: see ``TransactionSender``. Sending the same bytes again does
    /// no harm.
    ///
    /// - Parameters:
    ///   - transaction: the signed transaction.
    ///   - skipsPreflight: whether to leave out the node's own simulation.
    ///   - preflightCommitment: the state of that simulation; nil for the client's commitment.
    ///   - maximumRetries: how often the node itself sends again; nil leaves it to the node.
    ///   - deadline: how long the call may take; nil for the policy's.
    /// - Returns: the transaction's first signature.
    /// - Throws: ``RPCError``, with ``RPCError/preflightFailure`` if the simulation failed.
    @discardableResult
    public func sendTransaction(
        _ transaction: Transaction,
        skipsPreflight: Bool = false,
        preflightCommitment: Commitment? = nil,
        maximumRetries: UInt64? = nil,
        deadline: Duration? = nil
    ) async throws -> Signature {
        let commitment = preflightCommitment ?? self.commitment
        var options: JSONObject = [
            "encoding": "base64",
            "skipPreflight": .bool(skipsPreflight),
            "preflightCommitment": .string(commitment.rawValue),
        ]
        let minimum = skipsPreflight ? nil : minimumSlot(for: commitment)
        if let maximumRetries { options["maxRetries"] = .unsigned(maximumRetries) }
        if let minimum { options["minContextSlot"] = .unsigned(minimum) }
        var call = RPCCall(
            method: "sendTransaction",
            params: [EncodedBytes.base64(try transaction.serialized()), .object(options)]
        )
        call.minimumSlot = minimum
        call.programs = transaction.programs
        let expected = transaction.id
        return try await perform(call, deadline: deadline) { (signature: Signature) throws(RefusedAnswer) in
            guard signature == expected else {
                throw RefusedAnswer(
                    .malformedAnswer("it names another transaction's signature", excerpt: signature.base58)
                )
            }
            return signature
        }
    }

    /// The most signatures that nodes take at once.
    static let signaturesPerCall = 256

    /// How far transactions have come, in the order of `signatures`, nil where the node knows nothing
    /// (`getSignatureStatuses`).
    ///
    /// More than 256 are asked for in several calls; the slot is that of the oldest answer.
    ///
    /// - Parameters:
    ///   - signatures: the transactions' first signatures.
    ///   - searchesHistory: whether to look beyond the recent blocks; slow.
    /// - Returns: one status for each signature.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func getSignatureStatuses(
        _ signatures: [Signature],
        searchesHistory: Bool = false
    ) async throws -> Contextual<[SignatureStatus?]> {
        var statuses: [SignatureStatus?] = []
        statuses.reserveCapacity(signatures.count)
        var slot: UInt64?
        var start = 0
        repeat {
            let chunk = signatures[start..<min(start + Self.signaturesPerCall, signatures.count)]
            start += chunk.count
            let count = chunk.count
            let call = RPCCall(
                method: "getSignatureStatuses",
                params: [
                    .array(chunk.map { .string($0.base58) }), ["searchTransactionHistory": .bool(searchesHistory)],
                ]
            )
            let part: Contextual<[SignatureStatus?]> = try await perform(call) {
                (answer: Contextual<[SignatureStatus?]>) throws(RefusedAnswer) in
                guard answer.value.count == count else {
                    throw RefusedAnswer(
                        .malformedAnswer("\(answer.value.count) statuses instead of \(count)", excerpt: "")
                    )
                }
                return answer
            }
            statuses += part.value
            slot = min(slot ?? part.slot, part.slot)
        } while start < signatures.count
        return Contextual(slot: slot ?? 0, value: statuses)
    }

    /// A transaction that has landed, or nil if the node knows none (`getTransaction`).
    ///
    /// - Parameters:
    ///   - signature: its first signature.
    ///   - commitment: what it has to have reached: confirmed or finalized; nil for the client's.
    /// - Returns: the transaction, or nil.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func getTransaction(
        _ signature: Signature,
        commitment: Commitment? = nil
    ) async throws -> TransactionRecord? {
        try await call(
            "getTransaction",
            [
                .string(signature.base58),
                [
                    "encoding": "base64", "maxSupportedTransactionVersion": 0,
                    "commitment": .string(max(.confirmed, commitment ?? self.commitment).rawValue),
                ],
            ]
        )
    }

    /// The transactions that involved an address, the newest first (`getSignaturesForAddress`).
    ///
    /// - Parameters:
    ///   - address: the address.
    ///   - limit: how many at most, 1 to 1,000.
    ///   - before: only those older than this one; pass the last one of a page to get the next.
    ///   - until: only those newer than this one.
    ///   - commitment: confirmed or finalized; nil for the client's.
    /// - Returns: one page, the newest first.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func getSignaturesForAddress(
        _ address: Address,
        limit: UInt64 = 1_000,
        before: Signature? = nil,
        until: Signature? = nil,
        commitment: Commitment? = nil
    ) async throws -> [SignatureRecord] {
        let commitment = max(.confirmed, commitment ?? self.commitment)
        let minimum = minimumSlot(for: commitment)
        var options: JSONObject = ["limit": .unsigned(limit)]
        if let before { options["before"] = .string(before.base58) }
        if let until { options["until"] = .string(until.base58) }
        var call = RPCCall(
            method: "getSignaturesForAddress",
            params: [
                .string(address.base58), configuration(options, commitment: commitment, minimum: minimum),
            ]
        )
        call.minimumSlot = minimum
        return try await perform(call) { $0 }
    }
}

extension Transaction {
    /// The programs of the instructions, in order.
    var programs: [Address] {
        message.instructions.map { instruction in
            // A program is never loaded from a table.
            let index = Int(instruction.programIndex)
            return message.accounts.indices.contains(index) ? message.accounts[index] : .zero
        }
    }
}
