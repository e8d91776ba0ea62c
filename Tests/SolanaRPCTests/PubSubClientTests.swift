import Solana
import Synchronization
import Testing
import VirtualTime

@testable import SolanaRPC

@Suite("PubSub client", .timeLimit(.minutes(1)))
struct PubSubClientTests {
    private func account(_ subscription: UInt64, slot: UInt64, lamports: UInt64) -> String {
        #"{"jsonrpc":"2.0","method":"accountNotification","params":{"subscription":\#(subscription),"result":{"#
            + #""context":{"slot":\#(slot)},"value":{"lamports":\#(lamports),"owner":"\#(Address.zero)","#
            + #""data":["","base64"],"executable":false,"rentEpoch":0}}}}"#
    }

    @Test("A dropped connection is made again, and the subscriber told to read the state")
    func reconnect() async throws {
        try await VirtualTime.run { machine async throws in
            let socket = ScriptedWebSocket { peer in
                for await request in peer.requests() where request.method == "accountSubscribe" {
                    peer.accept(request, as: 7)
                    peer.send(account(7, slot: UInt64(peer.number), lamports: UInt64(peer.number)))
                    // Drops at once, twice.
                    if peer.number < 3 { return }
                }
            }
            let client = PubSubClient(socket, machine: machine)
            let seen = try await client.runWhile {
                try await client.withAccountSubscription(.zero) { events async throws in
                    var seen: [String] = []
                    for try await event in events {
                        switch event {
                        case .active: seen.append("active")
                        case .notification(let news): seen.append("\(news.value.lamports.rawValue)")
                        case .interrupted: seen.append("interrupted")
                        case .overflowed: seen.append("overflowed")
                        }
                        if seen.last == "3" { break }
                    }
                    return seen
                }
            }
            #expect(seen == ["active", "1", "interrupted", "active", "2", "interrupted", "active", "3"])
            #expect(socket.connections == 3)
        }
    }

    @Test("A silent node is noticed by its unanswered pings, and left")
    func silence() async throws {
        try await VirtualTime.run { machine async throws in
            let times = Shared(Mutex<[Duration]>([]))
            let socket = ScriptedWebSocket { peer in
                times.value.withLock { $0.append(machine.now) }
                for await request in peer.requests(answersPings: peer.number > 1) {
                    peer.accept(request, as: 7)
                }
            }
            let client = PubSubClient(socket, machine: machine)
            try await client.runWhile {
                try await client.withAccountSubscription(.zero) { events async throws in
                    var actives = 0
                    for try await event in events where event == .active {
                        actives += 1
                        if actives == 2 { break }
                    }
                }
                // The second one answers pings, and stays.
                try await machine.sleep(for: .seconds(300))
            }
            let at = times.value.withLock { $0 }
            #expect(at.count == 2)
            #expect(at[1] - at[0] >= .seconds(20) && at[1] - at[0] < .seconds(23))
        }
    }

    @Test("Nobody home: the subscriber is told once, with what to do; the pauses grow, and the subscription waits")
    func unreachable() async throws {
        try await VirtualTime.run { machine async throws in
            let times = Shared(Mutex<[Duration]>([]))
            let told = Shared(Mutex<[String]>([]))
            let socket = ScriptedWebSocket { peer in
                times.value.withLock { $0.append(machine.now) }
                throw WebSocketError.unreachable("refused")
            }
            let client = PubSubClient(socket, machine: machine)
            await #expect(throws: CancellationError.self) {
                try await client.runWhile {
                    try await withDeadline(
                        .seconds(300),
                        clock: machine.environment.clock,
                        expired: { CancellationError() },
                        body: {
                            try await client.withSlotSubscription { events async throws in
                                for try await event in events {
                                    guard case .interrupted(let reason) = event else {
                                        Issue.record("\(event) without a node")
                                        return
                                    }
                                    told.value.withLock { $0.append(reason) }
                                }
                            }
                        }
                    )
                }
            }
            #expect(
                told.value.withLock { $0 } == [
                    "unreachable: refused; see whether a node listens at that URL, and whether a proxy is needed"
                ]
            )
            let at = times.value.withLock { $0 }
            let pauses = zip(at.dropFirst(), at).map { $0 - $1 }
            #expect(pauses.allSatisfy { $0 <= .seconds(30) })
            #expect(pauses.prefix(3).allSatisfy { $0 <= .seconds(2) })
            #expect(pauses.suffix(3).allSatisfy { $0 >= .seconds(15) })
        }
    }

    @Test("The first connection is refused twice: whoever waits hears of it, and of the third one's success")
    func refusedAtFirst() async throws {
        try await VirtualTime.run { machine async throws in
            let socket = ScriptedWebSocket { peer in
                if peer.number < 3 { throw WebSocketError.notUpgraded(status: 503) }
                for await request in peer.requests() { peer.accept(request, as: 7) }
            }
            let client = PubSubClient(socket, machine: machine)
            let events = try await client.runWhile {
                // One is there before the first refusal, one comes between the two.
                try await withThrowingTaskGroup(of: [String].self) { group in
                    for delay in [Duration.zero, .milliseconds(100)] {
                        group.addTask {
                            try await machine.sleep(for: delay)
                            return try await client.withAccountSubscription(.zero) { events async throws in
                                var seen: [String] = []
                                for try await event in events {
                                    switch event {
                                    case .interrupted(let reason): seen.append(reason)
                                    case .active: return seen + ["active"]
                                    default: Issue.record("\(event)")
                                    }
                                }
                                return seen
                            }
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
            }
            let refusal = WebSocketError.notUpgraded(status: 503).description
            #expect(events == [[refusal, "active"], [refusal, "active"]])
            #expect(socket.connections == 3)
        }
    }

    @Test("A fallback takes over while the preferred node does not work")
    func fallback() async throws {
        let other = try Cluster(rpcURL: "http://127.0.0.1:7000")
        try await VirtualTime.run { machine async throws in
            let addresses = Shared(Mutex<[String]>([]))
            let socket = ScriptedWebSocket { peer in
                addresses.value.withLock { $0.append(peer.address) }
                if peer.address == "ws://127.0.0.1:8900" { throw WebSocketError.unreachable("refused") }
                for await request in peer.requests() { peer.accept(request, as: 7) }
            }
            let client = PubSubClient(socket, machine: machine, fallbacks: [other])
            try await client.runWhile {
                try await client.withAccountSubscription(.zero) { events async throws in
                    var iterator = events.makeAsyncIterator()
                    #expect(
                        try await iterator.next()
                            == .interrupted(reason: WebSocketError.unreachable("refused").description)
                    )
                    #expect(try await iterator.next() == .active)
                }
            }
            #expect(
                addresses.value.withLock { $0 } == [
                    "ws://127.0.0.1:8900", "ws://127.0.0.1:8900", "ws://127.0.0.1:7001",
                ]
            )
        }
    }

    @Test("A flood of pings is answered without piling up answers")
    func pingFlood() async throws {
        try await VirtualTime.run { machine async throws in
            let pongs = Shared(Mutex(0))
            let socket = ScriptedWebSocket { peer in
                for _ in 0..<10_000 { peer.outbox.yield(.ping([1])) }
                for await message in peer.inbound {
                    if case .pong = message { pongs.value.withLock { $0 += 1 } }
                }
            }
            let client = PubSubClient(socket, machine: machine)
            try await client.runWhile { try await machine.sleep(for: .seconds(3)) }
            let count = pongs.value.withLock { $0 }
            #expect(count > 0 && count < 10_000)
            #expect(socket.connections == 1)
        }
    }

    @Test("A slow subscriber loses the oldest news, and is told how many")
    func overflow() async throws {
        try await VirtualTime.run { machine async throws in
            let socket = ScriptedWebSocket { peer in
                for await request in peer.requests() where request.method == "accountSubscribe" {
                    peer.accept(request, as: 7)
                    for slot in 1...100 { peer.send(account(7, slot: UInt64(slot), lamports: UInt64(slot))) }
                }
            }
            let client = PubSubClient(
                socket,
                machine: machine,
                configuration: PubSubConfiguration(slotSilence: nil, bufferedEvents: 10)
            )
            try await client.runWhile {
                try await client.withAccountSubscription(.zero) { events async throws in
                    var iterator = events.makeAsyncIterator()
                    #expect(try await iterator.next() == .active)
                    try await machine.sleep(for: .seconds(2))
                    let overflow = try await iterator.next()
                    guard case .overflowed(let dropped) = overflow else {
                        Issue.record("\(String(describing: overflow))")
                        return
                    }
                    #expect(dropped == 90)
                    #expect(overflow?.requiresReconciliation == true)
                    for slot in 91...100 {
                        #expect(try await iterator.next()?.value?.lamports == Lamports(UInt64(slot)))
                    }
                }
            }
        }
    }

    @Test("A hundred reconnections leave one event for a sleeping subscriber")
    func coalescing() throws {
        let mailbox = Mailbox(maximumEvents: 4, maximumBytes: 100)
        for _ in 0..<100 {
            mailbox.put(.interrupted("x"))
            mailbox.put(.active)
        }
        mailbox.put(.notification(slot: 1, text: Array(repeating: 1, count: 101)))
        mailbox.put(.notification(slot: 2, text: [2]))
        mailbox.finish(nil)
        #expect(mailbox.drain() == ["overflowed 1", "active", "2"])
    }

    @Test("A refused subscription throws for its subscriber, and for no other")
    func refusal() async throws {
        try await VirtualTime.run { machine async throws in
            let socket = ScriptedWebSocket { peer in
                for await request in peer.requests() {
                    if request.method == "logsSubscribe" {
                        peer.send(#"{"jsonrpc":"2.0","error":{"code":-32602,"message":"bad"},"id":\#(request.id)}"#)
                    } else {
                        peer.accept(request, as: 7)
                    }
                }
            }
            let client = PubSubClient(socket, machine: machine)
            try await client.runWhile {
                await #expect(throws: PubSubError.refused(code: .invalidParams, message: "bad")) {
                    try await client.withLogsSubscription(.all) { events in for try await _ in events {} }
                }
                try await client.withAccountSubscription(.zero) { events async throws in
                    var iterator = events.makeAsyncIterator()
                    #expect(try await iterator.next() == .active)
                }
            }
            #expect(socket.connections == 1)
        }
    }

    @Test("A notification that can't be read throws for its subscriber")
    func malformedNotification() async throws {
        try await VirtualTime.run { machine async throws in
            let socket = ScriptedWebSocket { peer in
                for await request in peer.requests() where request.method == "accountSubscribe" {
                    peer.accept(request, as: 7)
                    peer.send(
                        #"{"method":"accountNotification","params":{"subscription":7,"result":{"context":{"slot":1},"#
                            + #""value":{"lamports":-1}}}}"#
                    )
                }
            }
            let client = PubSubClient(socket, machine: machine)
            try await client.runWhile {
                await #expect(throws: PubSubError.self) {
                    try await client.withAccountSubscription(.zero) { events in for try await _ in events {} }
                }
            }
        }
    }

    @Test("Leaving the scope unsubscribes; ending the run ends all subscriptions; a client runs once")
    func scopes() async throws {
        try await VirtualTime.run { machine async throws in
            let methods = Shared(Mutex<[String]>([]))
            let socket = ScriptedWebSocket { peer in
                for await request in peer.requests() {
                    methods.value.withLock { $0.append(request.method) }
                    peer.accept(request, as: 7)
                }
            }
            let client = PubSubClient(socket, machine: machine)
            try await client.runWhile {
                try await client.withAccountSubscription(.zero) { events async throws in
                    var iterator = events.makeAsyncIterator()
                    #expect(try await iterator.next() == .active)
                }
                try await machine.sleep(for: .milliseconds(10))
            }
            #expect(methods.value.withLock { $0 } == ["accountSubscribe", "accountUnsubscribe"])
            await #expect(throws: PubSubError.closed) {
                try await client.withAccountSubscription(.zero) { _ in }
            }
            await #expect(throws: PubSubError.alreadyRunning) { try await client.run() }
        }
    }

    @Test("A cancelled subscriber stops waiting at once")
    func cancellation() async throws {
        try await VirtualTime.run { machine async throws in
            let socket = ScriptedWebSocket { peer in
                for await request in peer.requests() { peer.accept(request, as: 7) }
            }
            let client = PubSubClient(socket, machine: machine)
            try await client.runWhile {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await client.withAccountSubscription(.zero) { events in for try await _ in events {} }
                    }
                    try await machine.sleep(for: .seconds(1))
                    group.cancelAll()
                    await #expect(throws: CancellationError.self) { try await group.next() }
                }
            }
        }
    }
}

extension Mailbox {
    /// What can be taken without waiting, as text.
    fileprivate func drain() -> [String] {
        var taken: [String] = []
        while let delivery = takeNow() {
            switch delivery {
            case .overflowed(let dropped): taken.append("overflowed \(dropped)")
            case .event(.active): taken.append("active")
            case .event(.interrupted): taken.append("interrupted")
            case .event(.notification(let slot, _)): taken.append("\(slot ?? 0)")
            }
        }
        return taken
    }
}
