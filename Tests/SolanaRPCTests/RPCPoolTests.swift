import Solana
import SolanaRPC
import Synchronization
import Testing
import VirtualTime

@Suite("Pools of nodes: order in time, failover, rate limits", .timeLimit(.minutes(1)))
struct RPCPoolTests {
    private let address = Address.zero

    @Test("The chain never goes back in time, whatever node of a pool answers")
    func monotonic() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport(
                sequence: [
                    Reply.value("1", slot: 100), Reply.value("2", slot: 99), Reply.value("3", slot: 100),
                    Reply.result("98"), Reply.result("101"),
                ]
            )
            let rpc = RPCClient(node, machine: machine)
            #expect(try await rpc.getBalance(of: address).value == 1)
            #expect(try await rpc.getBalance(of: address).value == 3)
            #expect(try await rpc.getSlot() == 101)
            #expect(node.requests.map { $0.option("minContextSlot") } == [nil, 100, 100, 100, 100])
            // What is confirmed is processed too, but not finalized.
            #expect(node.requests.count == 5)
        }
    }

    @Test("Watermarks go down to lower commitments, never up")
    func watermarkPerCommitment() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport { request in
                let slot: UInt64 = request.option("commitment") == "finalized" ? 50 : 80
                return try await Reply.value("1", slot: slot)(request)
            }
            let rpc = RPCClient(node, machine: machine)
            for commitment in [Commitment.confirmed, .finalized, .processed, .finalized, .confirmed] {
                _ = try await rpc.getBalance(of: address, commitment: commitment)
            }
            #expect(node.requests.map { $0.option("minContextSlot") } == [nil, nil, 80, 50, 80])
        }
    }

    @Test("Another endpoint takes over while one fails, and gives back later")
    func failover() async throws {
        try await VirtualTime.run { machine async throws in
            let isDown = Shared(Mutex(true))
            let first = ScriptedTransport { request in
                if isDown.value.withLock({ $0 }) { throw RPCTransportError.notConnected("refused") }
                return try await Reply.result("7")(request)
            }
            let second = ScriptedTransport(Reply.result("6"))
            let rpc = RPCClient(first, second, machine: machine)
            let start = machine.now
            #expect(try await rpc.getSlot() == 6)
            #expect(machine.now == start, "another endpoint is asked without a pause")
            #expect(try await rpc.getSlot() == 6)
            #expect(first.requests.count == 1)
            isDown.value.withLock { $0 = false }
            try await machine.sleep(for: .seconds(2))
            #expect(try await rpc.getSlot() == 7)
            #expect(second.requests.count == 2)
        }
    }

    @Test("A second node that lags behind never takes the client back in time, whether it heeds the slot or not")
    func laggingFallback() async throws {
        for heedsSlot in [true, false] {
            try await VirtualTime.run { machine async throws in
                let isDown = Shared(Mutex(false))
                let first = ScriptedTransport { request in
                    if isDown.value.withLock({ $0 }) { throw RPCTransportError.notConnected("refused") }
                    return try await Reply.value("100", slot: 100)(request)
                }
                let start = machine.now
                // Ten slots behind, a slot a second: it has caught up after ten seconds.
                let second = ScriptedTransport { request in
                    let slot = 90 + UInt64((machine.now - start) / .seconds(1))
                    if heedsSlot, let minimum = request.option("minContextSlot")?.unsigned, slot < minimum {
                        return try await Reply.error(-32_016, data: #"{"contextSlot":\#(slot)}"#)(request)
                    }
                    return try await Reply.value("\(slot)", slot: slot)(request)
                }
                let rpc = RPCClient(first, second, machine: machine, policy: RPCPolicy(maximumAttempts: 100))
                #expect(try await rpc.getBalance(of: address).slot == 100)
                isDown.value.withLock { $0 = true }
                let later = try await rpc.getBalance(of: address)
                #expect(later.slot >= 100 && later.value.rawValue == later.slot)
                #expect(machine.now - start >= .seconds(10))
                #expect(second.requests.allSatisfy { $0.option("minContextSlot") == 100 })
            }
        }
    }

    @Test("What one node asks for silences that node alone")
    func pausePerNode() async throws {
        try await VirtualTime.run { machine async throws in
            let first = ScriptedTransport(Reply.http(429, retryAfter: .seconds(60)))
            let second = ScriptedTransport(Reply.result("6"))
            let rpc = RPCClient(first, second, machine: machine)
            let start = machine.now
            for _ in 0..<5 { #expect(try await rpc.getSlot() == 6) }
            #expect(machine.now == start)
            #expect(first.requests.count == 1)
            #expect(second.requests.count == 5)
        }
    }

    @Test("Calls keep to the rate limit, in total and per method")
    func rateLimit() async throws {
        try await VirtualTime.run { machine async throws in
            let times = Shared(Mutex<[(String, Duration)]>([]))
            let node = ScriptedTransport { request in
                times.value.withLock { $0.append((request.method, machine.now)) }
                return try await Reply.result("5")(request)
            }
            let rpc = RPCClient(
                node,
                machine: machine,
                policy: RPCPolicy(deadline: .seconds(600)),
                rateLimit: RateLimit(requests: 10, requestsPerMethod: 4, window: .seconds(10))
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { _ = try await rpc.getSlot() }
                    group.addTask { _ = try await rpc.getBlockHeight() }
                }
                try await group.waitForAll()
            }
            let seen = times.value.withLock { $0 }
            #expect(seen.count == 40)
            for (index, (method, time)) in seen.enumerated() {
                // The bucket may be full at the window's beginning and refills during it.
                let window = seen[index...].prefix { $0.1 - time < .seconds(10) }
                #expect(window.count <= 20)
                #expect(window.count { $0.0 == method } <= 8)
            }
        }
    }
}
