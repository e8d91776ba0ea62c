import JSON

/// The protocol of a PubSub connection as a value: what comes in changes it and yields what to do.
///
/// It knows neither sockets nor tasks nor clocks; instants are durations since a fixed origin. Its owner carries out the
/// actions in the order in which they were returned.
struct PubSubMachine {
    /// Names one subscriber.
    typealias Listener = UInt64

    /// What the owner has to do.
    enum Action: Hashable {
        /// Send a text.
        case send([UInt8])
        /// Send a ping.
        case ping
        /// Give the connection up; the owner reports it with `disconnected`.
        case drop(String)
        /// Hand an event to a subscriber.
        case deliver(Listener, Event)
        /// Tell a subscriber that nothing more comes; nil if that is how it should be.
        case finish(Listener, PubSubError?)
    }

    /// What subscribers are told; notifications are not yet decoded.
    enum Event: Hashable {
        case active
        case notification(slot: UInt64?, text: [UInt8])
        case interrupted(String)
    }

    /// How far a topic has come at the node.
    private enum Phase: Hashable {
        /// There is no connection.
        case waiting
        /// The request is under way.
        case requested(id: UInt64)
        /// The node sends notifications under that number.
        case active(subscription: UInt64)
    }

    private struct TopicState {
        var phase: Phase
        /// In the order of their arrival.
        ///
        /// Empty while an answer is awaited only to unsubscribe.
        var listeners: [Listener]
        var order: SlotOrder
    }

    private struct Pending {
        let topic: Topic
        let deadline: Duration
    }

    private struct Orphan {
        let subscription: UInt64
        let method: String
        let head: NotificationHead
        let text: [UInt8]
    }

    /// The listener that watches whether slots go on.
    static let heartbeat: Listener = 0

    private let configuration: PubSubConfiguration
    private var topics: [Topic: TopicState] = [:]
    private var topicOfListener: [Listener: Topic] = [:]
    private var topicOfSubscription: [UInt64: Topic] = [:]
    private var pending: [UInt64: Pending] = [:]
    /// Notifications that overtook the answer with their number.
    private var orphans: [Orphan] = []
    private var nextRequest: UInt64 = 1
    private var isConnected = false
    private var isClosed = false
    /// Why there is no connection, from the first one that failed or was lost to the next that is made.
    private var outage: String?
    /// Who has been told that nothing arrives, until they are told that something does.
    private var interrupted: Set<Listener> = []
    private var lastActivity: Duration = .zero
    private var lastReceived: Duration = .zero
    private var lastSlot: Duration?
    /// Attempts in a row that did not lead to a connection that works.
    private(set) var failures = 0

    init(configuration: PubSubConfiguration) {
        self.configuration = configuration
        if configuration.slotSilence != nil {
            topics[.slots] = TopicState(phase: .waiting, listeners: [Self.heartbeat], order: SlotOrder())
            topicOfListener[Self.heartbeat] = .slots
        }
    }

    /// How many different topics have subscribers.
    var topicCount: Int { topics.values.count { !$0.listeners.isEmpty } }
}

// MARK: Subscribers

extension PubSubMachine {
    /// Adds a subscriber.
    mutating func subscribe(_ listener: Listener, to topic: Topic, now: Duration) throws(PubSubError) -> [Action] {
        guard !isClosed else { throw .closed }
        if topics[topic] == nil, topics.count >= configuration.maximumSubscriptions {
            throw .tooManySubscriptions(limit: configuration.maximumSubscriptions)
        }
        topicOfListener[listener] = topic
        guard var state = topics[topic] else {
            topics[topic] = TopicState(phase: .waiting, listeners: [listener], order: SlotOrder())
            return isConnected ? request(topic, now: now) : tellOfOutage([listener])
        }
        state.listeners.append(listener)
        topics[topic] = state
        if case .active = state.phase { return [.deliver(listener, .active)] }
        return tellOfOutage([listener])
    }

    /// Removes a subscriber; the last one of a topic ends the subscription at the node.
    mutating func unsubscribe(_ listener: Listener, now: Duration) -> [Action] {
        interrupted.remove(listener)
        guard let topic = topicOfListener.removeValue(forKey: listener), var state = topics[topic] else { return [] }
        state.listeners.removeAll { $0 == listener }
        topics[topic] = state
        guard state.listeners.isEmpty else { return [] }
        switch state.phase {
        case .waiting:
            topics[topic] = nil
            return []
        case .requested:
            // The number to unsubscribe is not known yet; the answer brings it.
            return []
        case .active(let subscription):
            topics[topic] = nil
            topicOfSubscription[subscription] = nil
            return [sendUnsubscribe(topic, subscription: subscription, now: now)]
        }
    }

    /// Ends everything for good.
    mutating func close() -> [Action] {
        isClosed = true
        isConnected = false
        let listeners = topicOfListener.keys.filter { $0 != Self.heartbeat }.sorted()
        topics = [:]
        topicOfListener = [:]
        topicOfSubscription = [:]
        interrupted = []
        pending = [:]
        orphans = []
        return listeners.map { .finish($0, .closed) }
    }
}

// MARK: The connection

extension PubSubMachine {
    /// There is a connection.
    mutating func connected(now: Duration) -> [Action] {
        isConnected = true
        outage = nil
        lastActivity = now
        lastReceived = now
        lastSlot = nil
        // In the order of the oldest subscriber, so that runs are alike.
        let waiting = topics.sorted { ($0.value.listeners.first ?? 0) < ($1.value.listeners.first ?? 0) }
        return waiting.flatMap { request($0.key, now: now) }
    }

    /// The connection has ended, or could not be made.
    mutating func disconnected(_ reason: String) -> [Action] {
        isConnected = false
        outage = reason
        failures = min(failures + 1, 30)
        pending = [:]
        orphans = []
        topicOfSubscription = [:]
        var actions: [Action] = []
        for (topic, state) in topics {
            if state.listeners.isEmpty {
                topics[topic] = nil
                continue
            }
            topics[topic]?.phase = .waiting
            actions += tellOfOutage(state.listeners)
        }
        return actions
    }

    /// Tells subscribers, once until the next `active`, that nothing arrives; also if nothing ever has.
    private mutating func tellOfOutage(_ listeners: [Listener]) -> [Action] {
        guard let outage else { return [] }
        return listeners.filter { $0 != Self.heartbeat && interrupted.insert($0).inserted }
            .map { .deliver($0, .interrupted(outage)) }
    }

    /// How long to wait before the next connection; `random` is in `0 ..< 1`.
    func reconnectPause(random: Double) -> Duration {
        let doublings = min(max(0, failures - 1), 20)
        let ceiling = min(configuration.maximumBackoff, configuration.initialBackoff * (1 << doublings))
        return ceiling * (0.5 + 0.5 * random)
    }

    /// Something other than a text came: a ping or a pong.
    mutating func receivedControl(now: Duration) {
        lastReceived = now
        lastActivity = now
    }

    /// Time has passed.
    mutating func tick(now: Duration) -> [Action] {
        guard isConnected else { return [] }
        if now - lastReceived >= configuration.silence {
            return [.drop("the node was silent for \(configuration.silence)")]
        }
        if let late = pending.values.first(where: { $0.deadline <= now }) {
            return [.drop("the node did not answer \(late.topic.subscribeMethod) in \(configuration.answerTimeout)")]
        }
        if let limit = configuration.slotSilence, let lastSlot, now - lastSlot >= limit {
            return [.drop("the node told of no new slot for \(limit)")]
        }
        if now - lastActivity >= configuration.idlePing {
            lastActivity = now
            return [.ping]
        }
        return []
    }

    private mutating func request(_ topic: Topic, now: Duration) -> [Action] {
        let id = nextRequest
        nextRequest += 1
        topics[topic]?.phase = .requested(id: id)
        pending[id] = Pending(topic: topic, deadline: now + configuration.answerTimeout)
        lastActivity = now
        return [.send(Self.text(id: id, method: topic.subscribeMethod, params: topic.params))]
    }

    private mutating func sendUnsubscribe(_ topic: Topic, subscription: UInt64, now: Duration) -> Action {
        let id = nextRequest
        nextRequest += 1
        lastActivity = now
        return .send(Self.text(id: id, method: topic.unsubscribeMethod, params: [.unsigned(subscription)]))
    }

    static func text(id: UInt64, method: String, params: [JSONValue]) -> [UInt8] {
        // Strings, whole numbers, truth values: always encodable.
        JSONRPCRequest(id: id, method: method, params: params).text
    }
}

// MARK: What the node says

extension PubSubMachine {
    /// A text came.
    mutating func received(_ text: [UInt8], now: Duration) -> [Action] {
        lastReceived = now
        lastActivity = now
        let message: IncomingMessage
        do {
            message = try JSONCoding.decode(IncomingMessage.self, from: text)
        } catch {
            return [.drop("the node sent something that makes no sense: \(error.reason)")]
        }
        switch message {
        case .stray:
            return []
        case .answer(let id, let result):
            return answered(id, result: result, now: now)
        case .refusal(let id, let error):
            return refused(id, error: error)
        case .notification(let method, let subscription, let head):
            guard let topic = topicOfSubscription[subscription] else {
                keepOrphan(Orphan(subscription: subscription, method: method, head: head, text: text))
                return []
            }
            return notified(topic, subscription: subscription, method: method, head: head, text: text, now: now)
        }
    }

    private mutating func answered(_ id: UInt64, result: JSONValue, now: Duration) -> [Action] {
        // The answers to unsubscriptions are of no interest.
        guard let request = pending.removeValue(forKey: id), let state = topics[request.topic] else { return [] }
        let topic = request.topic
        guard let subscription = result.unsigned else {
            return [.drop("the node answered \(topic.subscribeMethod) without a number")]
        }
        guard !state.listeners.isEmpty else {
            topics[topic] = nil
            return [sendUnsubscribe(topic, subscription: subscription, now: now)]
        }
        guard topicOfSubscription[subscription] == nil else {
            return [.drop("the node gave two subscriptions the same number")]
        }
        failures = 0
        topics[topic]?.phase = .active(subscription: subscription)
        topicOfSubscription[subscription] = topic
        if topic == .slots, configuration.slotSilence != nil { lastSlot = now }
        interrupted.subtract(state.listeners)
        var actions = state.listeners.filter { $0 != Self.heartbeat }.map { Action.deliver($0, .active) }
        let early = orphans.filter { $0.subscription == subscription }
        orphans.removeAll { $0.subscription == subscription }
        for orphan in early where topicOfSubscription[subscription] != nil {
            actions += notified(
                topic,
                subscription: subscription,
                method: orphan.method,
                head: orphan.head,
                text: orphan.text,
                now: now
            )
        }
        return actions
    }

    private mutating func refused(_ id: UInt64, error: JSONRPCErrorObject) -> [Action] {
        guard let request = pending.removeValue(forKey: id),
            let state = topics.removeValue(forKey: request.topic)
        else { return [] }
        let code = JSONRPCErrorCode(rawValue: error.code)
        if code.isTransient {
            // The node's trouble, not the request's: try at a new connection.
            topics[request.topic] = state
            return [.drop("the node refused \(request.topic.subscribeMethod): \(code)")]
        }
        forget(state.listeners)
        return state.listeners.filter { $0 != Self.heartbeat }
            .map { .finish($0, .refused(code: code, message: error.message)) }
    }

    private mutating func notified(
        _ topic: Topic,
        subscription: UInt64,
        method: String,
        head: NotificationHead,
        text: [UInt8],
        now: Duration
    ) -> [Action] {
        guard method == topic.notificationMethod, var state = topics[topic] else {
            return [.drop("the node sent a \(JSONValue.excerpt(of: Array(method.utf8), limit: 40)) out of place")]
        }
        if topic == .slots { lastSlot = now }
        if let slot = head.slot {
            let isCurrent =
                switch topic.ordering {
                case .none: true
                case .single: state.order.admit("", slot: slot)
                case .byAddress: state.order.admit(head.address ?? "", slot: slot)
                }
            topics[topic] = state
            guard isCurrent else { return [] }
        }
        let listeners = state.listeners.filter { $0 != Self.heartbeat }
        var actions = listeners.map { Action.deliver($0, .notification(slot: head.slot, text: text)) }
        if topic.isOneShot, !head.isReceipt {
            topics[topic] = nil
            topicOfSubscription[subscription] = nil
            forget(state.listeners)
            actions += listeners.map { .finish($0, nil) }
        }
        return actions
    }

    private mutating func forget(_ listeners: [Listener]) {
        for listener in listeners { topicOfListener[listener] = nil }
        interrupted.subtract(listeners)
    }

    private mutating func keepOrphan(_ orphan: Orphan) {
        // Only while an answer is awaited can its notification have come first. What is beyond the bound is a stranger's.
        guard !pending.isEmpty, orphan.text.count <= 65_536 else { return }
        if orphans.count >= 64 { orphans.removeFirst() }
        orphans.append(orphan)
    }
}
