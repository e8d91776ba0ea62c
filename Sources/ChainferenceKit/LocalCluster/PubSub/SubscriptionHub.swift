import Solana

/// All subscriptions of a cluster; its owner's lock orders notifications as the ledger's changes are ordered.
struct SubscriptionHub: Sendable {
    private var next: UInt64 = 0
    private var subscriptions: [UInt64: Subscription] = [:]
    private var byTopic: [Subscription.Topic: [UInt64]] = [:]

    /// How many subscriptions there are.
    var count: Int { subscriptions.count }

    /// Adds a subscription under a new id.
    mutating func add(
        _ topic: Subscription.Topic,
        commitment: Commitment,
        connection: PubSubConnection,
        configure: (inout Subscription) -> Void = { _ in }
    ) -> Subscription {
        next += 1
        var subscription = Subscription(id: next, topic: topic, commitment: commitment, connection: connection)
        configure(&subscription)
        subscriptions[next] = subscription
        byTopic[topic, default: []].append(next)
        return subscription
    }

    /// Removes a connection's own subscription; false if it has none with this id.
    mutating func remove(_ id: UInt64, of connection: PubSubConnection) -> Bool {
        guard subscriptions[id]?.connection === connection else { return false }
        remove(id)
        return true
    }

    /// Removes all subscriptions of a connection.
    mutating func removeAll(of connection: PubSubConnection) {
        for (id, subscription) in subscriptions where subscription.connection === connection { remove(id) }
    }

    /// The connections that have subscriptions.
    var connections: [PubSubConnection] {
        var seen: [ObjectIdentifier: PubSubConnection] = [:]
        for subscription in subscriptions.values {
            seen[ObjectIdentifier(subscription.connection)] = subscription.connection
        }
        return Array(seen.values)
    }

    private mutating func remove(_ id: UInt64) {
        guard let subscription = subscriptions.removeValue(forKey: id) else { return }
        byTopic[subscription.topic]?.removeAll { $0 == id }
        if byTopic[subscription.topic]?.isEmpty == true { byTopic[subscription.topic] = nil }
    }

    // MARK: Publishing

    /// Tells of a transaction at the commitment level `processed`.
    mutating func publish(_ processed: ProcessedTransaction) {
        guard !subscriptions.isEmpty else { return }
        publish(processed.changes, slot: processed.record.slot, commitment: .processed)
        publish(processed.record, slot: processed.record.slot, commitment: .processed)
    }

    /// Tells of a new slot and of everything that reached a higher commitment level with it.
    mutating func publish(_ advance: SlotAdvance) {
        guard !subscriptions.isEmpty else { return }
        for subscription in matching(.slot) {
            notify(
                subscription,
                .slot(slot: advance.slot, parent: advance.parent, root: advance.root),
                contextSlot: advance.slot
            )
        }
        publishUpdates(of: advance)
        let reached = advance.confirmed.map { ($0, Commitment.confirmed) } + advance.finalized.map { ($0, .finalized) }
        for (summary, commitment) in reached {
            if commitment == .finalized {
                for subscription in matching(.root) {
                    notify(subscription, .root(summary.slot), contextSlot: summary.slot)
                }
            }
            publish(summary.changes, slot: summary.slot, commitment: commitment)
            for record in summary.transactions { publish(record, slot: summary.slot, commitment: commitment) }
        }
    }

    private func publishUpdates(of advance: SlotAdvance) {
        let listeners = matching(.slotUpdates)
        guard !listeners.isEmpty else { return }
        var updates = [
            (advance.parent, SlotUpdate.Step.frozen(transactions: advance.landed, failed: advance.failed)),
            (advance.slot, .createdBank(parent: advance.parent)),
        ]
        updates += advance.confirmed.map { ($0.slot, .optimisticConfirmation) }
        updates += advance.finalized.map { ($0.slot, .root) }
        let timestamp = UInt64(max(0, advance.unixTimestamp)) * 1_000
        for (slot, step) in updates {
            let update = SlotUpdate(slot: slot, timestamp: timestamp, step: step)
            for subscription in listeners { notify(subscription, .slotUpdate(update), contextSlot: slot) }
        }
    }

    /// Tells a subscription of a transaction that landed before it subscribed.
    mutating func settle(_ subscription: Subscription, _ record: TransactionRecord, contextSlot: UInt64) {
        notify(subscription, .signature(record.error), contextSlot: contextSlot)
        remove(subscription.id)
    }

    private func publish(_ changes: [AccountChange], slot: UInt64, commitment: Commitment) {
        for change in changes {
            for subscription in matching(.account(change.address), commitment) {
                notify(subscription, .account(change.address, change.account), contextSlot: slot)
            }
            // As on a validator, an account that is gone belongs to nobody: no program hears of it.
            guard let account = change.account else { continue }
            for subscription in matching(.program(account.owner), commitment)
            where subscription.filters.allSatisfy({ $0.matches(account.data) }) {
                notify(subscription, .program(change.address, account), contextSlot: slot)
            }
        }
    }

    private mutating func publish(_ record: TransactionRecord, slot: UInt64, commitment: Commitment) {
        for subscription in matching(.signature(record.signature)) {
            if commitment == .processed, subscription.wantsReceived {
                notify(subscription, .signatureReceived, contextSlot: slot)
            }
            guard subscription.commitment == commitment else { continue }
            notify(subscription, .signature(record.error), contextSlot: slot)
            remove(subscription.id)
        }
        for subscription in matching(.logs, commitment) {
            if case .mentions(let address) = subscription.logFilter, !record.accountKeys.contains(address) { continue }
            notify(subscription, .logs(record.signature, record.error, record.logs), contextSlot: slot)
        }
    }

    private func matching(_ topic: Subscription.Topic, _ commitment: Commitment? = nil) -> [Subscription] {
        (byTopic[topic] ?? []).compactMap { id in
            guard let subscription = subscriptions[id] else { return nil }
            return commitment == nil || subscription.commitment == commitment ? subscription : nil
        }
    }

    private func notify(_ subscription: Subscription, _ content: PubSubNotification.Content, contextSlot: UInt64) {
        subscription.connection.send(
            .notification(
                PubSubNotification(
                    subscription: subscription.id,
                    contextSlot: contextSlot,
                    content: content,
                    encoding: subscription.encoding,
                    slice: subscription.slice
                )
            )
        )
    }
}
