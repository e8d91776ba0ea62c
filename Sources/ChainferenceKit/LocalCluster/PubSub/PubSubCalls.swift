import JSON
import Solana

/// Answers the calls that come over a WebSocket.
struct PubSubCalls {
    let node: ClusterNode
    let connection: PubSubConnection

    func answer(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes, limits: RPCServer.limits) else {
            return respond(id: .null, .failure(.parseError))
        }
        if let batch = value.elements {
            for call in batch { answer(call) }
        } else {
            answer(value)
        }
    }

    private func answer(_ call: JSONValue) {
        // A call without an id is a notification, such as the keep-alive "ping" of some clients: no answer.
        guard let id = call["id"] else { return }
        guard let method = call["method"]?.text else { return respond(id: id, .failure(.invalidRequest)) }
        do throws(RPCFailure) {
            try perform(method, RPCParameters(call["params"]), id: id)
        } catch {
            respond(id: id, .failure(error))
        }
    }

    private func perform(_ method: String, _ parameters: RPCParameters, id: JSONValue) throws(RPCFailure) {
        switch method {
        case "accountSubscribe": try subscribeToAccount(parameters, id)
        case "programSubscribe": try subscribeToProgram(parameters, id)
        case "signatureSubscribe": try subscribeToSignature(parameters, id)
        case "logsSubscribe": try subscribeToLogs(parameters, id)
        case "slotSubscribe": subscribe(.slot, .processed, id)
        case "slotsUpdatesSubscribe": subscribe(.slotUpdates, .processed, id)
        case "rootSubscribe": subscribe(.root, .finalized, id)
        case "accountUnsubscribe", "programUnsubscribe", "signatureUnsubscribe", "logsUnsubscribe", "slotUnsubscribe",
            "slotsUpdatesUnsubscribe", "rootUnsubscribe":
            let subscription = try parameters.unsigned(0)
            let hub = node.subscriptions
            guard node.cluster.withState({ $0[keyPath: hub].remove(subscription, of: connection) }) else {
                throw .invalidParams("Invalid subscription id.")
            }
            respond(id: id, .success(true))
        default: throw .methodNotFound
        }
    }

    private func subscribeToAccount(_ parameters: RPCParameters, _ id: JSONValue) throws(RPCFailure) {
        let address = try parameters.address(0)
        let options = try parameters.options(1)
        let encoding = try options.encoding() ?? .binary
        let slice = try options.dataSlice()
        subscribe(.account(address), try options.commitment() ?? .finalized, id) { subscription in
            subscription.encoding = encoding
            subscription.slice = slice
        }
    }

    private func subscribeToProgram(_ parameters: RPCParameters, _ id: JSONValue) throws(RPCFailure) {
        let program = try parameters.address(0)
        let options = try parameters.options(1)
        let filters = try AccountFilter.list(options["filters"])
        let encoding = try options.encoding() ?? .binary
        let slice = try options.dataSlice()
        subscribe(.program(program), try options.commitment() ?? .finalized, id) { subscription in
            subscription.filters = filters
            subscription.encoding = encoding
            subscription.slice = slice
        }
    }

    private func subscribeToSignature(_ parameters: RPCParameters, _ id: JSONValue) throws(RPCFailure) {
        let signature = try parameters.signature(0)
        let options = try parameters.options(1)
        let wantsReceived = try options.flag("enableReceivedNotification")
        let commitment = try options.commitment() ?? .finalized
        let hub = node.subscriptions
        node.cluster.withState { state in
            let subscription = state[keyPath: hub].add(
                .signature(signature),
                commitment: commitment,
                connection: connection
            ) { $0.wantsReceived = wantsReceived }
            respond(id: id, .success(.unsigned(subscription.id)))
            let reached = node.slot(at: commitment, in: state.ledger)
            if let record = state.ledger.transaction(signature), record.slot <= reached {
                state[keyPath: hub].settle(subscription, record, contextSlot: reached)
            }
        }
    }

    private func subscribeToLogs(_ parameters: RPCParameters, _ id: JSONValue) throws(RPCFailure) {
        let filter: Subscription.LogFilter
        let value = try parameters.required(0)
        switch value {
        case "all", "allWithVotes": filter = .all
        case .object:
            guard let mentions = value["mentions"]?.elements else {
                throw .invalidParams("Invalid params: expected `all`, `allWithVotes` or `mentions`.")
            }
            guard mentions.count == 1 else { throw .invalidParams("Invalid Request: Only 1 address supported") }
            filter = .mentions(try RPCParameters.address(mentions[0]))
        default: throw .invalidType(value, expected: "a logs filter")
        }
        subscribe(.logs, try parameters.options(1).commitment() ?? .finalized, id) { $0.logFilter = filter }
    }

    private func subscribe(
        _ topic: Subscription.Topic,
        _ commitment: Commitment,
        _ id: JSONValue,
        configure: (inout Subscription) -> Void = { _ in }
    ) {
        // The answer is queued under the lock, so that no notification overtakes it.
        let hub = node.subscriptions
        node.cluster.withState { state in
            let subscription = state[keyPath: hub].add(
                topic,
                commitment: commitment,
                connection: connection,
                configure: configure
            )
            respond(id: id, .success(.unsigned(subscription.id)))
        }
    }

    private func respond(id: JSONValue, _ result: Result<JSONValue, RPCFailure>) {
        connection.send(.response(RPCResponse.json(id: id, result)))
    }
}
