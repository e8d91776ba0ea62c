import Solana
import SolanaRPC
import Synchronization
import Testing
import VirtualTime

@Suite("Calls: retries, limits, deadlines", .timeLimit(.minutes(1)))
struct RPCClientTests {
    private let address = Address.zero

    private func reason(of body: () async throws -> some Sendable) async throws -> RPCError {
        do {
            _ = try await body()
        } catch let error as RPCError {
            return error
        }
        throw UnexpectedSuccess()
    }

    @Test("A result with unknown members arrives, 64 bits exact")
    func exactIntegers() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport(
                sequence: [
                    Reply.value("18446744073709551615"),
                    Reply.value(
                        #"{"lamports":9007199254740993,"owner":"11111111111111111111111111111111","data":["AAEC","base64"],"executable":false,"rentEpoch":18446744073709551615,"space":3,"novelty":{"a":[1]}}"#
                    ),
                ]
            )
            let rpc = RPCClient(node, machine: machine)
            #expect(try await rpc.getBalance(of: address).value == Lamports(.max))
            let account = try await rpc.getAccountInfo(address).value
            #expect(account?.lamports == 9_007_199_254_740_993)
            #expect(account?.data == [0, 1, 2])
            #expect(account?.rentEpoch == .max)
            #expect(node.requests[0].option("commitment") == "confirmed")
            #expect(node.requests[0].option("minContextSlot") == nil)
            #expect(node.requests[1].option("minContextSlot") == 10)
            #expect(node.requests[0].id != node.requests[1].id)
        }
    }

    @Test("A missing account is nil, not an error")
    func missingAccount() async throws {
        try await VirtualTime.run { machine async throws in
            let rpc = RPCClient(ScriptedTransport(sequence: [Reply.value("null")]), machine: machine)
            #expect(try await rpc.getAccountInfo(address).value == nil)
        }
    }

    @Test(
        "Passing failures are survived",
        arguments: [
            Reply.http(500, "<html>oops"), Reply.http(502), Reply.http(503, retryAfter: .seconds(1)), Reply.http(429),
            Reply.http(200, "<html>captive portal"), Reply.http(200, ""), Reply.http(200, "{\"jsonrpc\":"),
            Reply.error(-32_005, data: #"{"numSlotsBehind":7}"#), Reply.error(-32_016, data: #"{"contextSlot":3}"#),
            Reply.error(-32_603), Reply.error(-32_005, status: 503), Reply.error(429),
            Reply.failure(.notConnected("refused")), Reply.failure(.interrupted("reset")), Reply.failure(.timedOut),
        ] as [ScriptedTransport.Answer]
    )
    func survives(failure: @escaping ScriptedTransport.Answer) async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport(sequence: [failure, failure, Reply.result("5")])
            let rpc = RPCClient(node, machine: machine)
            #expect(try await rpc.getSlot() == 5)
            #expect(node.requests.count == 3)
        }
    }

    @Test("Final failures are not repeated, and say what they are")
    func finalFailures() async throws {
        try await VirtualTime.run { machine async throws in
            func fail(_ answer: @escaping ScriptedTransport.Answer) async throws -> RPCError {
                let node = ScriptedTransport(sequence: [answer])
                let rpc = RPCClient(node, machine: machine)
                let error = try await reason { try await rpc.getBlockHeight() }
                #expect(node.requests.count == 1)
                #expect(error.attempts == 1)
                #expect(error.method == "getBlockHeight")
                return error
            }
            #expect(try await fail(Reply.error(-32_602, "Invalid params")).code == .invalidParams)
            #expect(try await fail(Reply.error(-32_602, "Invalid params")).description.contains("invalid parameters"))
            #expect(try await fail(Reply.error(-32_010)).code == .keyExcludedFromSecondaryIndex)
            #expect(try await fail(Reply.error(-31_999)).code?.name == nil)
            #expect(try await fail(Reply.http(413)).description.contains("413"))
            for status in [401, 403, 410] {
                let error = try await fail(Reply.http(status, "key \u{1b}[31mmissing"))
                guard case .forbidden(status, let excerpt) = error.reason else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(excerpt == "key  [31mmissing")
            }
            #expect(try await fail(Reply.http(404, "nothing here")).description.contains("HTTP 404: nothing here"))
            #expect(
                try await fail(Reply.failure(.answerTooLarge(limit: 9))).description.contains("larger than 9 bytes")
            )
        }
    }

    @Test("An answer to another request is not taken")
    func foreignAnswer() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport { _ in
                RPCTransportAnswer(status: 200, body: Array(#"{"jsonrpc":"2.0","result":5,"id":999999}"#.utf8))
            }
            let rpc = RPCClient(node, machine: machine, policy: RPCPolicy(maximumAttempts: 3))
            let error = try await reason { try await rpc.getSlot() }
            #expect(error.description.contains("another request"))
            #expect(error.attempts == 3)
        }
    }

    @Test("A wrong shape is told with its place and an excerpt")
    func wrongShape() async throws {
        try await VirtualTime.run { machine async throws in
            for body in ["\"5\"", "-1", "18446744073709551616", "1.5", "1e400", "null", "[]", "{}"] {
                let rpc = RPCClient(
                    ScriptedTransport(Reply.result(body)),
                    machine: machine,
                    policy: RPCPolicy(maximumAttempts: 1)
                )
                let error = try await reason { try await rpc.getSlot() }
                guard case .malformedAnswer(_, let excerpt) = error.reason else {
                    Issue.record("\(body): \(error)")
                    continue
                }
                #expect(excerpt.contains(body))
            }
        }
    }

    @Test("Retry-After silences all calls of the connection, and only for as long as said")
    func retryAfter() async throws {
        try await VirtualTime.run { machine async throws in
            let times = Mutex<[Duration]>([])
            let shared = Shared(times)
            let node = ScriptedTransport { request in
                let isFirst = shared.value.withLock { times in
                    times.append(machine.now)
                    return times.count == 1
                }
                return try await (isFirst ? Reply.http(429, retryAfter: .seconds(7)) : Reply.result("5"))(request)
            }
            let rpc = RPCClient(node, machine: machine)
            let start = machine.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await rpc.getSlot() }
                group.addTask {
                    try await machine.sleep(for: .seconds(1))
                    _ = try await rpc.getBlockHeight()
                }
                try await group.waitForAll()
            }
            let after = shared.value.withLock { $0.dropFirst().map { $0 - start } }
            #expect(after.count == 2)
            #expect(after.allSatisfy { $0 >= .seconds(7) && $0 < .seconds(8) })
        }
    }

    @Test("A pause beyond the deadline fails at once and says how long it would be")
    func hopelessPause() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport(Reply.http(429, retryAfter: .seconds(100)))
            let rpc = RPCClient(node, machine: machine)
            let start = machine.now
            let error = try await reason { try await rpc.getSlot() }
            guard case .rateLimited(let wait?) = error.reason else {
                Issue.record("\(error)")
                return
            }
            #expect(wait > .seconds(98))
            #expect(machine.now - start < .seconds(1))
        }
    }

    @Test("A silent node ends in the deadline, which the error shows")
    func deadline() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport { _ in
                try await machine.sleep(for: .seconds(10))
                throw RPCTransportError.timedOut
            }
            let rpc = RPCClient(node, machine: machine, policy: RPCPolicy(deadline: .seconds(25)))
            let start = machine.now
            let error = try await reason { try await rpc.getSlot() }
            #expect(machine.now - start == .seconds(25))
            #expect(error.description.contains("no answer within 25.0 seconds; before that, the node could not be"))
            #expect(error.attempts == 3)
        }
    }

    @Test("Pauses grow, are jittered and bounded")
    func backoff() async throws {
        try await VirtualTime.run { machine async throws in
            let times = Shared(Mutex<[Duration]>([]))
            let node = ScriptedTransport { _ in
                times.value.withLock { $0.append(machine.now) }
                throw RPCTransportError.notConnected("refused")
            }
            let policy = RPCPolicy(
                deadline: .seconds(600),
                maximumAttempts: 9,
                initialBackoff: .seconds(1),
                maximumBackoff: .seconds(20)
            )
            let rpc = RPCClient(node, machine: machine, policy: policy)
            _ = try await reason { try await rpc.getSlot() }
            let at = times.value.withLock { $0 }
            let pauses = zip(at.dropFirst(), at).map { $0 - $1 }
            #expect(pauses.count == 8)
            for (index, pause) in pauses.enumerated() {
                let ceiling = min(Duration.seconds(20), .seconds(1 << index))
                #expect(pause >= ceiling / 2 && pause <= ceiling)
            }
            #expect(Set(pauses).count > 6)
        }
    }

    @Test("An airdrop is repeated only if it can't have reached the node")
    func airdrop() async throws {
        let signature = "\"\(Signature.zero.base58)\""
        try await VirtualTime.run { machine async throws in
            let refused = ScriptedTransport(
                sequence: [
                    Reply.failure(.notConnected("refused")), Reply.http(429), Reply.result(signature),
                ]
            )
            let rpc = RPCClient(refused, machine: machine)
            #expect(try await rpc.requestAirdrop(to: address, lamports: 5) == .zero)
            #expect(refused.requests.count == 3)
            #expect(refused.requests[0].params[1] == 5)
            for failure in [Reply.failure(.interrupted("reset")), Reply.failure(.timedOut), Reply.http(502)] {
                let broken = ScriptedTransport(sequence: [failure, Reply.result(signature)])
                let rpc = RPCClient(broken, machine: machine)
                _ = try await reason { try await rpc.requestAirdrop(to: address, lamports: 5) }
                #expect(broken.requests.count == 1)
            }
        }
    }

    @Test("No more calls are under way at once than allowed, and a cancelled one gives its place up")
    func concurrency() async throws {
        try await VirtualTime.run { machine async throws in
            let under = Shared(Mutex((now: 0, most: 0)))
            let node = ScriptedTransport { request in
                under.value.withLock { state in
                    state.now += 1
                    state.most = max(state.most, state.now)
                }
                defer { under.value.withLock { $0.now -= 1 } }
                try await machine.sleep(for: .seconds(1))
                return try await Reply.result("5")(request)
            }
            let rpc = RPCClient(node, machine: machine, policy: RPCPolicy(concurrentCalls: 3))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 { group.addTask { _ = try await rpc.getSlot() } }
                try await machine.sleep(for: .milliseconds(500))
                group.cancelAll()
                while let result = await group.nextResult() {
                    #expect(throws: CancellationError.self) { try result.get() }
                }
            }
            #expect(under.value.withLock { $0.most } == 3)
            #expect(try await rpc.getSlot() == 5)
        }
    }

    /// A number that differs from address to address.
    private func number(_ address: String) -> UInt64 {
        address.utf8.reduce(7) { ($0 &* 31 &+ UInt64($1)) % 1_000_003 }
    }

    @Test("More than 100 accounts are asked for in chunks, in order")
    func chunks() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport { request in
                let addresses = request.params[0].elements ?? []
                let accounts = addresses.map { address in
                    #"{"lamports":\#(number(address.text ?? "")),"owner":"11111111111111111111111111111111","#
                        + #""data":["","base64"],"executable":false,"rentEpoch":0}"#
                }
                return try await Reply.value("[\(accounts.joined(separator: ","))]")(request)
            }
            let rpc = RPCClient(node, machine: machine)
            let addresses = try (0..<250).map { try Address(bytes: Array(repeating: UInt8($0), count: 32)) }
            let accounts = try await rpc.getMultipleAccounts(addresses).value
            #expect(node.requests.map { $0.params[0].elements?.count } == [100, 100, 50])
            for (address, account) in zip(addresses, accounts) {
                #expect(account?.lamports == Lamports(number(address.base58)))
            }
            #expect(accounts.count == 250)
        }
    }

    @Test("Too few accounts in an answer are noticed")
    func missingElements() async throws {
        try await VirtualTime.run { machine async throws in
            let rpc = RPCClient(
                ScriptedTransport(Reply.value("[null]")),
                machine: machine,
                policy: RPCPolicy(maximumAttempts: 1)
            )
            _ = try await reason { try await rpc.getMultipleAccounts([address, address]) }
            _ = try await reason { try await rpc.getSignatureStatuses([.zero, .zero]) }
        }
    }

    @Test("Health is told, not thrown")
    func health() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport(
                sequence: [Reply.result("\"ok\""), Reply.error(-32_005, data: #"{"numSlotsBehind":42}"#)]
            )
            let rpc = RPCClient(node, machine: machine)
            #expect(try await rpc.getHealth() == .ok)
            #expect(try await rpc.getHealth() == .behind(slots: 42))
        }
    }

    @Test("A node of another network is refused")
    func wrongNetwork() async throws {
        try await VirtualTime.run { machine async throws in
            let other = "\"\(Blockhash.zero.base58)\""
            let rpc = RPCClient(
                cluster: .devnet,
                transports: [(.devnet, ScriptedTransport(Reply.result(other)))],
                environment: machine.environment
            )
            await #expect(throws: ClusterError.self) { try await rpc.verifyCluster() }
        }
    }
}

struct UnexpectedSuccess: Error {}
