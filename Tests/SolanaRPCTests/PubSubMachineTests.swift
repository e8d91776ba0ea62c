import Solana
import Testing
import VirtualTime

@testable import SolanaRPC

@Suite("PubSub protocol, as a value")
struct PubSubMachineTests {
    private typealias Action = PubSubMachine.Action
    private let topic = Topic.account(.zero, dataSlice: nil, commitment: .confirmed)
    private let other = Topic.logs(.all, commitment: .confirmed)

    private func machine(_ configuration: PubSubConfiguration = PubSubConfiguration(slotSilence: nil)) -> Driver {
        Driver(PubSubMachine(configuration: configuration))
    }

    private func answer(_ id: UInt64, _ subscription: UInt64) -> [UInt8] {
        Array(#"{"jsonrpc":"2.0","result":\#(subscription),"id":\#(id)}"#.utf8)
    }

    private func account(_ subscription: UInt64, slot: UInt64) -> [UInt8] {
        Array(
            (#"{"jsonrpc":"2.0","method":"accountNotification","params":{"result":{"context":{"slot":\#(slot)},"#
                + #""value":{"lamports":1}},"subscription":\#(subscription)}}"#).utf8
        )
    }

    private func sent(_ actions: [Action]) throws -> [SeenRequest] {
        try actions.compactMap { action in
            guard case .send(let text) = action else { return nil }
            return try JSONCoding.decode(SeenRequest.self, from: text)
        }
    }

    @Test("A subscription goes out when there is a connection, and is told active by its answer")
    func subscribe() throws {
        let machine = machine()
        #expect(try machine.subscribe(1, to: topic, now: .zero).isEmpty)
        let requests = try sent(machine.connected(now: .zero))
        #expect(requests.map(\.method) == ["accountSubscribe"])
        #expect(requests[0].params[0] == .string(Address.zero.base58))
        #expect(requests[0].option("encoding") == "base64")
        #expect(machine.received(answer(requests[0].id, 9), now: .zero) == [.deliver(1, .active)])
        #expect(machine.received(account(9, slot: 5), now: .zero).count == 1)
    }

    @Test("Equal subscriptions share one at the node, and the last subscriber ends it")
    func sharing() throws {
        let machine = machine()
        _ = machine.connected(now: .zero)
        let first = try sent(machine.subscribe(1, to: topic, now: .zero))
        #expect(try machine.subscribe(2, to: topic, now: .zero).isEmpty)
        #expect(
            machine.received(answer(first[0].id, 9), now: .zero) == [.deliver(1, .active), .deliver(2, .active)]
        )
        #expect(try machine.subscribe(3, to: topic, now: .zero) == [.deliver(3, .active)])
        #expect(machine.received(account(9, slot: 5), now: .zero).count == 3)
        #expect(machine.unsubscribe(1, now: .zero).isEmpty)
        #expect(machine.unsubscribe(2, now: .zero).isEmpty)
        let last = try sent(machine.unsubscribe(3, now: .zero))
        #expect(last.map(\.method) == ["accountUnsubscribe"])
        #expect(last[0].params == [9])
        #expect(machine.received(account(9, slot: 6), now: .zero).isEmpty)
        #expect(machine.topicCount == 0)
    }

    @Test("Who leaves before the answer is unsubscribed when it comes; who joins meanwhile is not")
    func leaveEarly() throws {
        let machine = machine()
        _ = machine.connected(now: .zero)
        let first = try sent(machine.subscribe(1, to: topic, now: .zero))
        #expect(machine.unsubscribe(1, now: .zero).isEmpty)
        let ended = try sent(machine.received(answer(first[0].id, 9), now: .zero))
        #expect(ended.map(\.method) == ["accountUnsubscribe"])
        let second = try sent(machine.subscribe(2, to: topic, now: .zero))
        _ = machine.unsubscribe(2, now: .zero)
        #expect(try machine.subscribe(3, to: topic, now: .zero).isEmpty)
        #expect(machine.received(answer(second[0].id, 9), now: .zero) == [.deliver(3, .active)])
    }

    @Test("After a lost connection everything is subscribed again, and everyone told")
    func resubscribe() throws {
        let machine = machine()
        _ = machine.connected(now: .zero)
        let requests = try sent(
            machine.subscribe(1, to: topic, now: .zero) + machine.subscribe(2, to: other, now: .zero)
        )
        _ = machine.received(answer(requests[0].id, 9), now: .zero)
        #expect(
            Set(machine.disconnected("gone")) == [.deliver(1, .interrupted("gone")), .deliver(2, .interrupted("gone"))]
        )
        #expect(machine.disconnected("still").isEmpty, "nobody is told twice")
        let again = try sent(machine.connected(now: .seconds(1)))
        #expect(again.map(\.method) == ["accountSubscribe", "logsSubscribe"])
        #expect(Set(again.map(\.id)).isDisjoint(with: requests.map(\.id)))
        // An answer to the old connection's request means nothing.
        #expect(machine.received(answer(requests[1].id, 5), now: .zero).isEmpty)
        #expect(machine.received(answer(again[0].id, 4), now: .zero) == [.deliver(1, .active)])
        #expect(machine.received(account(9, slot: 9), now: .zero).isEmpty, "the old number is void")
        #expect(machine.received(account(4, slot: 9), now: .zero).count == 1)
    }

    @Test("Who subscribes before there ever was a connection learns that there is none, once, whoever comes later too")
    func neverConnected() throws {
        let machine = machine()
        #expect(try machine.subscribe(1, to: topic, now: .zero).isEmpty, "nothing has failed yet")
        #expect(machine.disconnected("refused") == [.deliver(1, .interrupted("refused"))])
        #expect(machine.disconnected("refused").isEmpty)
        #expect(try machine.subscribe(2, to: topic, now: .zero) == [.deliver(2, .interrupted("refused"))])
        #expect(try machine.subscribe(3, to: other, now: .zero) == [.deliver(3, .interrupted("refused"))])
        #expect(machine.unsubscribe(3, now: .zero).isEmpty)
        let requests = try sent(machine.connected(now: .zero))
        #expect(requests.map(\.method) == ["accountSubscribe"])
        #expect(try machine.subscribe(4, to: topic, now: .zero).isEmpty, "there is a connection")
        // It ends before it has answered: who was told already is not told again.
        #expect(machine.disconnected("reset") == [.deliver(4, .interrupted("reset"))])
        let again = try sent(machine.connected(now: .zero))
        #expect(
            machine.received(answer(again[0].id, 9), now: .zero)
                == [.deliver(1, .active), .deliver(2, .active), .deliver(4, .active)]
        )
        #expect(Set(machine.disconnected("gone")) == Set([1, 2, 4].map { .deliver($0, .interrupted("gone")) }))
    }

    @Test("Notifications from before the last one are dropped, also across connections")
    func staleness() throws {
        let machine = machine()
        _ = machine.connected(now: .zero)
        let first = try sent(machine.subscribe(1, to: topic, now: .zero))
        _ = machine.received(answer(first[0].id, 9), now: .zero)
        #expect(machine.received(account(9, slot: 50), now: .zero).count == 1)
        #expect(machine.received(account(9, slot: 50), now: .zero).count == 1)
        #expect(machine.received(account(9, slot: 49), now: .zero).isEmpty)
        _ = machine.disconnected("gone")
        let again = try sent(machine.connected(now: .zero))
        _ = machine.received(answer(again[0].id, 1), now: .zero)
        #expect(machine.received(account(1, slot: 40), now: .zero).isEmpty)
        #expect(machine.received(account(1, slot: 51), now: .zero).count == 1)
    }

    @Test("A program's accounts are ordered each for itself, in bounded memory")
    func orderPerAccount() {
        var order = SlotOrder(capacity: 100)
        let admitted = [order.admit("a", slot: 10), order.admit("b", slot: 5), order.admit("a", slot: 9)]
        #expect(admitted == [true, true, false])
        for index in 0..<10_000 {
            let isAdmitted = order.admit("x\(index)", slot: UInt64(100 + index))
            #expect(isAdmitted)
        }
        #expect(order.count <= 100)
    }

    @Test("A notification that overtakes the answer with its number is not lost")
    func overtaking() throws {
        let machine = machine()
        _ = machine.connected(now: .zero)
        let first = try sent(machine.subscribe(1, to: topic, now: .zero))
        #expect(machine.received(account(9, slot: 5), now: .zero).isEmpty)
        let actions = machine.received(answer(first[0].id, 9), now: .zero)
        #expect(actions.count == 2)
        #expect(actions.first == .deliver(1, .active))
    }

    @Test("A signature's subscription ends with its outcome, not with the receipt")
    func oneShot() throws {
        let machine = machine()
        _ = machine.connected(now: .zero)
        let topic = Topic.signature(.zero, reportsReceipt: true, commitment: .confirmed)
        let first = try sent(machine.subscribe(1, to: topic, now: .zero))
        #expect(first[0].option("enableReceivedNotification") == true)
        _ = machine.received(answer(first[0].id, 9), now: .zero)
        func notice(_ value: String) -> [UInt8] {
            Array(
                (#"{"jsonrpc":"2.0","method":"signatureNotification","params":{"subscription":9,"result":"#
                    + #"{"context":{"slot":5},"value":\#(value)}}}"#).utf8
            )
        }
        #expect(machine.received(notice(#""receivedSignature""#), now: .zero).count == 1)
        let end = machine.received(notice(#"{"err":null}"#), now: .zero)
        #expect(end.count == 2)
        #expect(end.last == .finish(1, nil))
        #expect(machine.unsubscribe(1, now: .zero).isEmpty, "the node has ended it already")
    }

    @Test("A refusal ends that subscription alone; a passing trouble is tried again")
    func refusals() throws {
        let machine = machine()
        _ = machine.connected(now: .zero)
        let requests = try sent(
            machine.subscribe(1, to: topic, now: .zero) + machine.subscribe(2, to: other, now: .zero)
        )
        let refusal = #"{"jsonrpc":"2.0","error":{"code":-32601,"message":"no"},"id":\#(requests[0].id)}"#
        #expect(
            machine.received(Array(refusal.utf8), now: .zero)
                == [.finish(1, .refused(code: .methodNotFound, message: "no"))]
        )
        let trouble = #"{"jsonrpc":"2.0","error":{"code":-32603,"message":"busy"},"id":\#(requests[1].id)}"#
        guard case .drop? = machine.received(Array(trouble.utf8), now: .zero).first else {
            Issue.record("not dropped")
            return
        }
        _ = machine.disconnected("busy")
        #expect(try sent(machine.connected(now: .zero)).map(\.method) == ["logsSubscribe"])
    }

    @Test("An idle connection is pinged, a silent one dropped")
    func silence() throws {
        let machine = machine(PubSubConfiguration(idlePing: .seconds(5), silence: .seconds(20), slotSilence: nil))
        _ = machine.connected(now: .seconds(100))
        #expect(machine.tick(now: .seconds(104)).isEmpty)
        #expect(machine.tick(now: .seconds(105)) == [.ping])
        #expect(machine.tick(now: .seconds(106)).isEmpty, "one ping an interval")
        machine.receivedControl(now: .seconds(107))
        #expect(machine.tick(now: .seconds(111)).isEmpty)
        #expect(machine.tick(now: .seconds(112)) == [.ping])
        #expect(machine.tick(now: .seconds(126)) == [.ping])
        guard case .drop(let reason)? = machine.tick(now: .seconds(127)).first else {
            Issue.record("not dropped")
            return
        }
        #expect(reason.contains("silent"))
    }

    @Test("A request without an answer drops the connection")
    func unanswered() throws {
        let machine = machine(PubSubConfiguration(slotSilence: nil, answerTimeout: .seconds(15)))
        _ = machine.connected(now: .zero)
        _ = try machine.subscribe(1, to: topic, now: .zero)
        machine.receivedControl(now: .seconds(14))
        #expect(machine.tick(now: .seconds(14)).isEmpty)
        machine.receivedControl(now: .seconds(15))
        guard case .drop? = machine.tick(now: .seconds(15)).first else {
            Issue.record("not dropped")
            return
        }
    }

    @Test("A node that answers pings but has stopped following the chain is left")
    func stuckNode() throws {
        let machine = machine(PubSubConfiguration(slotSilence: .seconds(30)))
        let request = try sent(machine.connected(now: .zero))
        #expect(request.map(\.method) == ["slotSubscribe"])
        #expect(machine.received(answer(request[0].id, 1), now: .zero).isEmpty)
        let slot = #"{"method":"slotNotification","params":{"result":{"slot":7,"parent":6,"root":1},"subscription":1}}"#
        #expect(machine.received(Array(slot.utf8), now: .seconds(10)).isEmpty)
        machine.receivedControl(now: .seconds(39))
        #expect(machine.tick(now: .seconds(39)) == [])
        machine.receivedControl(now: .seconds(40))
        guard case .drop(let reason)? = machine.tick(now: .seconds(40)).first else {
            Issue.record("not dropped")
            return
        }
        #expect(reason.contains("slot"))
    }

    @Test("A subscriber to slots shares the watch, and its end leaves the watch alone")
    func sharedWatch() throws {
        let machine = machine(PubSubConfiguration())
        let request = try sent(machine.connected(now: .zero))
        _ = machine.received(answer(request[0].id, 1), now: .zero)
        #expect(try machine.subscribe(1, to: .slots, now: .zero) == [.deliver(1, .active)])
        #expect(machine.unsubscribe(1, now: .zero).isEmpty)
    }

    @Test("Rubbish drops the connection with a reason, whatever it is")
    func rubbish() throws {
        let texts = [
            "", "x", "{", "[]", "null", "5", "{}", #"{"id":1}"#, #"{"method":5}"#, #"{"method":"a"}"#,
            #"{"method":"accountNotification","params":{"subscription":-1,"result":{}}}"#,
            #"{"method":"accountNotification","params":{"subscription":18446744073709551616,"result":{}}}"#,
            String(repeating: "[", count: 100_000),
            #"{"method":"accountNotification","params":"# + String(repeating: #"{"a":"#, count: 5_000),
        ]
        for text in texts {
            let machine = machine()
            _ = machine.connected(now: .zero)
            _ = try machine.subscribe(1, to: topic, now: .zero)
            let actions = machine.received(Array(text.utf8), now: .zero)
            guard case .drop? = actions.first else {
                // What belongs to no request is passed over; all else is rubbish.
                #expect(actions.isEmpty && text == "{}", "\(text.prefix(40))")
                continue
            }
        }
    }

    @Test("A notification of the wrong kind drops the connection")
    func wrongKind() throws {
        let machine = machine()
        _ = machine.connected(now: .zero)
        let first = try sent(machine.subscribe(1, to: other, now: .zero))
        _ = machine.received(answer(first[0].id, 9), now: .zero)
        guard case .drop? = machine.received(account(9, slot: 5), now: .zero).first else {
            Issue.record("not dropped")
            return
        }
    }

    @Test("There is a bound on subscriptions, and an end for all")
    func bounds() throws {
        let machine = machine(PubSubConfiguration(slotSilence: nil, maximumSubscriptions: 2))
        _ = try machine.subscribe(1, to: topic, now: .zero)
        _ = try machine.subscribe(2, to: other, now: .zero)
        _ = try machine.subscribe(3, to: other, now: .zero)
        #expect(throws: PubSubError.tooManySubscriptions(limit: 2)) {
            try machine.subscribe(4, to: .slots, now: .zero)
        }
        #expect(machine.close() == [.finish(1, .closed), .finish(2, .closed), .finish(3, .closed)])
        #expect(throws: PubSubError.closed) { try machine.subscribe(5, to: topic, now: .zero) }
    }

    @Test("Random streams of valid and broken messages never break an invariant")
    func fuzz() throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<300 {
            let machine = machine()
            var connected = false
            var alive: Set<UInt64> = []
            var next: UInt64 = 1
            for _ in 0..<80 {
                var actions: [Action] = []
                switch random.next() % 7 {
                case 0:
                    let topics = [topic, other, .signature(.zero, reportsReceipt: false, commitment: .confirmed)]
                    actions = try machine.subscribe(next, to: topics[Int(random.next() % 3)], now: .zero)
                    alive.insert(next)
                    next += 1
                case 1:
                    if let listener = alive.randomElement(using: &random) {
                        actions = machine.unsubscribe(listener, now: .zero)
                        alive.remove(listener)
                    }
                case 2:
                    if connected {
                        actions = machine.disconnected("x")
                    } else {
                        actions = machine.connected(now: .zero)
                    }
                    connected.toggle()
                default:
                    guard connected else { continue }
                    let number = random.next() % 6
                    let text: [UInt8] =
                        switch random.next() % 3 {
                        case 0: answer(random.next() % 20, number)
                        case 1: account(number, slot: random.next() % 9)
                        default:
                            Array(
                                (#"{"method":"signatureNotification","params":{"subscription":\#(number),"result":{"#
                                    + #""context":{"slot":1},"value":{"err":null}}}}"#).utf8
                            )
                        }
                    actions = machine.received(text, now: .zero)
                }
                for action in actions {
                    switch action {
                    case .deliver(let listener, _): #expect(alive.contains(listener))
                    case .finish(let listener, _): #expect(alive.remove(listener) != nil)
                    case .drop: #expect(connected)
                    case .send, .ping: #expect(connected)
                    }
                }
            }
        }
    }
}

/// Owns a machine, so that its mutations can stand in expectations.
private final class Driver {
    private var machine: PubSubMachine

    init(_ machine: PubSubMachine) {
        self.machine = machine
    }

    var topicCount: Int { machine.topicCount }

    func subscribe(_ listener: UInt64, to topic: Topic, now: Duration) throws -> [PubSubMachine.Action] {
        try machine.subscribe(listener, to: topic, now: now)
    }

    func unsubscribe(_ listener: UInt64, now: Duration) -> [PubSubMachine.Action] {
        machine.unsubscribe(listener, now: now)
    }

    func connected(now: Duration) -> [PubSubMachine.Action] { machine.connected(now: now) }

    func disconnected(_ reason: String) -> [PubSubMachine.Action] { machine.disconnected(reason) }

    func received(_ text: [UInt8], now: Duration) -> [PubSubMachine.Action] { machine.received(text, now: now) }

    func receivedControl(now: Duration) { machine.receivedControl(now: now) }

    func tick(now: Duration) -> [PubSubMachine.Action] { machine.tick(now: now) }

    func close() -> [PubSubMachine.Action] { machine.close() }
}
