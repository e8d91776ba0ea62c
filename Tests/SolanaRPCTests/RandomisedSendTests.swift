import Foundation
import LocalCluster
import Solana
import Synchronization
import Testing
import VirtualTime

@testable import SolanaRPC

/// Ten thousand seeded runs of the sender under every fault at once, in virtual time.
///
/// What is checked is what money depends on: what is told as confirmed happened exactly once, what is told as expired or
/// not sent never happened and never will, what is undecided happened at most once and is settled by looking again, and
/// everything ends within its deadline.
@Suite("Randomised sends under faults", .timeLimit(.minutes(20)))
struct RandomisedSendTests {
    private struct End: Sendable {
        let memo: String
        /// How often it had happened by then.
        let effects: Int
        /// The signature whose fate was not known.
        let undecided: Signature?
    }

    private struct Tally: Sendable {
        var confirmed = 0
        var expired = 0
        var notSent = 0
        var undecided = 0
        var resumed = 0
        var resigned = 0
        var calls = 0
        var notices = 0
        var virtual = Duration.zero
        var faults: [String: Int] = [:]
        /// How each send of a world ended.
        var ends: [End] = []

        var sends: Int { confirmed + expired + notSent + undecided }

        static func += (sum: inout Self, part: Self) {
            sum.confirmed += part.confirmed
            sum.expired += part.expired
            sum.notSent += part.notSent
            sum.undecided += part.undecided
            sum.resumed += part.resumed
            sum.resigned += part.resigned
            sum.calls += part.calls
            sum.notices += part.notices
            sum.virtual += part.virtual
            sum.faults.merge(part.faults, uniquingKeysWith: +)
            sum.ends += part.ends
        }
    }

    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    /// How many sends; `CHAINFERENCE_RANDOMISED_SENDS` sets another number.
    private static let runs = Int(setting("CHAINFERENCE_RANDOMISED_SENDS") ?? 10_000)

    /// What all chance follows from; `CHAINFERENCE_SEED` sets another one.
    private static let seed = setting("CHAINFERENCE_SEED") ?? 20_261_123

    @Test("No effect is lost, none doubled, every call ends in time")
    func sends() async throws {
        let perWorld = 20
        let worlds = max(1, Self.runs / perWorld)
        let start = ContinuousClock.now
        // Every world has a thread of its own; as many at a time as there are processors.
        let tally = try await withThrowingTaskGroup(of: Tally.self) { group in
            var tally = Tally()
            for world in 0..<worlds {
                if world >= max(1, ProcessInfo.processInfo.activeProcessorCount), let part = try await group.next() {
                    tally += part
                }
                group.addTask {
                    try await VirtualTime.run(seed: Self.seed &+ UInt64(world) &* 7_919) { machine async throws in
                        try await Self.world(machine, sends: perWorld)
                    }
                }
            }
            for try await part in group { tally += part }
            return tally
        }
        #expect(tally.sends == worlds * perWorld)
        #expect(tally.confirmed > tally.sends / 2)
        #expect(
            Set(tally.faults.keys) == [
                "dropped", "reset", "429", "503 or rubbish", "lost send", "stalled", "socket refused", "socket reset",
                "lost notice",
            ]
        )
        // A fifth of all requests never arrive.
        #expect((0.18...0.22).contains(Double(tally.faults["dropped"] ?? 0) / Double(tally.calls)))
        #expect(tally.expired > 0)
        #expect(tally.notices > 0)
        let faults = tally.faults.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        print(
            """
            \(tally.sends) sends under faults (seed \(Self.seed)): \(tally.confirmed) confirmed, \(tally.expired) \
            expired, \(tally.notSent) not sent, \(tally.undecided) undecided (\(tally.resumed) of them found landed \
            later), \(tally.resigned) with a second signature; \(tally.calls) calls, \(tally.notices) notices; faults: \
            \(faults.joined(separator: ", ")); \(tally.virtual) of virtual time in \(ContinuousClock.now - start)
            """
        )
    }

    @Test("Over real sockets, too, while connections drop and answers fail")
    func overSockets() async throws {
        let sends = 300
        let amount: Lamports = 1_000_000
        let start = ContinuousClock.now
        try await LocalCluster.withRunning(.testing()) { cluster in
            let wallet = Keypair()
            try cluster.airdrop(10_000_000_000, to: wallet.address)
            let faults = cluster.faults
            faults.seed(Self.seed)
            for (effect, chance): (Fault.Effect, Double) in [
                (.dropConnection, 0.1), (.dropAnswer, 0.1), (.tooManyRequests(retryAfter: nil), 0.1),
                (.httpStatus(503), 0.05), (.nodeBehind(slots: 9), 0.05),
            ] {
                faults.inject(Fault(effect, probability: chance))
            }
            faults.inject(Fault(.loseTransaction, methods: ["sendTransaction"], probability: 0.6))
            faults.inject(Fault(.dropSocket, methods: ["signatureNotification"], probability: 0.1))
            let node = try Cluster(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL)
            let rpc = RPCClient(cluster: node, policy: .localnet)
            let pubsub = PubSubClient(cluster: node, configuration: .localnet)
            let tally = try await pubsub.runWhile {
                try await withThrowingTaskGroup(of: Tally.self) { group in
                    var tally = Tally()
                    for index in 0..<sends {
                        if index >= 60, let part = try await group.next() { tally += part }
                        var policy = SendPolicy.localnet
                        policy.pollInterval = .milliseconds(150)
                        policy.maximumSignatures = 1 + index % 3
                        policy.fetchesDetails = false
                        let listener = index.isMultiple(of: 3) ? nil : pubsub
                        let sender = TransactionSender(rpc: rpc, pubsub: listener, policy: policy)
                        group.addTask {
                            try await Self.pay(amount, sender: sender, wallet: wallet, cluster: cluster)
                        }
                    }
                    for try await part in group { tally += part }
                    return tally
                }
            }
            #expect(tally.sends == sends)
            #expect(tally.confirmed > sends / 2)
            let spent = UInt64(tally.confirmed + tally.resumed) * (amount.rawValue + 5_000)
            #expect(cluster.balance(of: wallet.address) == Lamports(10_000_000_000 - spent))
            let counts = faults.counts
            #expect(counts.count == 7)
            print(
                """
                \(sends) sends over sockets (seed \(Self.seed)): \(tally.confirmed) confirmed, \(tally.expired) \
                expired, \(tally.notSent) not sent, \(tally.undecided) undecided (\(tally.resumed) of them settled as \
                landed), \(tally.resigned) with a second signature; \(counts.values.reduce(0, +)) faults in \
                \(ContinuousClock.now - start)
                """
            )
        }
    }

    /// Pays somebody new, and compares what is told with what they have.
    private static func pay(
        _ amount: Lamports,
        sender: TransactionSender,
        wallet: Keypair,
        cluster: LocalCluster
    ) async throws -> Tally {
        var tally = Tally()
        let friend = Keypair().address
        let signatures = Shared(Mutex(0))
        let start = ContinuousClock.now
        do {
            try await sender.send(
                [SystemProgram.transfer(from: wallet.address, to: friend, lamports: amount)],
                payer: wallet
            ) { _ in signatures.value.withLock { $0 += 1 } }
            tally.confirmed = 1
            #expect(cluster.balance(of: friend) == amount)
        } catch let error as TransactionSendError {
            switch error {
            case .expired: tally.expired = 1
            case .notSent: tally.notSent = 1
            case .undecided(let pending, _):
                tally.undecided = 1
                // What is undecided can be taken up again until it is settled.
                if (try? await sender.confirm(pending)) != nil { tally.resumed = 1 }
            default: Issue.record("\(error)")
            }
            #expect(cluster.balance(of: friend) == (tally.resumed == 1 ? amount : .zero))
        }
        #expect(ContinuousClock.now - start < sender.policy.deadline * (tally.undecided + 1) + .seconds(5))
        if signatures.value.withLock({ $0 }) > 1 { tally.resigned = 1 }
        return tally
    }

    /// One chain with two faulty nodes, and senders of every kind on it at the same time.
    private static func world(_ machine: VirtualTime, sends: Int) async throws -> Tally {
        let isHarsh = machine.random() < 0.3
        // Blockhashes last for 60 blocks instead of 150, and nodes lag as much less: less to wait for, nothing else.
        let chain = ChainModel(machine: machine, parameters: ChainModel.Parameters(blockhashLifetime: 60))
        func node(_ scale: Double) -> ModelNode {
            ModelNode(
                chain,
                faults: ModelNode.Faults(
                    lostRequests: 0.2,
                    lostAnswers: 0.1 * scale,
                    rateLimits: 0.1 * scale,
                    serverErrors: 0.1 * scale,
                    lostSends: isHarsh ? 0.97 : 0.5 * scale,
                    stalls: 0.05 * scale,
                    lag: UInt64(machine.random() * 6),
                    // Some nodes are half a blockhash's life behind, which is what makes a hasty “expired” wrong.
                    steadyLag: machine.random() < 0.4 ? 32 : 0
                )
            )
        }
        let nodes = [node(1), node(isHarsh ? 1 : 0.5)]
        let rpc = RPCClient(
            cluster: .localnet,
            transports: nodes.map { (.localnet, $0) },
            environment: machine.environment
        )
        let socket = ModelSocket(chain)
        let pubsub = PubSubClient(socket.transport, machine: machine)
        let start = machine.now
        var tally = try await pubsub.runWhile {
            try await withThrowingTaskGroup(of: Tally.self) { group in
                for index in 0..<sends {
                    let deadline = Duration.seconds(index.isMultiple(of: 4) ? 12 : 160)
                    let policy = SendPolicy(
                        pollInterval: .seconds(2),
                        deadline: deadline,
                        maximumSignatures: 1 + index % 3
                    )
                    // Two of three listen, too.
                    let listener = index.isMultiple(of: 3) ? nil : pubsub
                    let sender = TransactionSender(rpc: rpc, pubsub: listener, policy: policy)
                    group.addTask {
                        try await machine.sleep(for: .milliseconds(Int(machine.random() * 5_000)))
                        return try await send("effect \(index)", sender: sender, chain: chain)
                    }
                }
                return try await group.reduce(into: Tally()) { $0 += $1 }
            }
        }
        // Long after all is over what was undecided is settled, nothing has happened that was said not to, and nothing twice.
        try await machine.sleep(for: .seconds(200))
        for end in tally.ends {
            let effects = chain.effects(end.memo)
            #expect(effects <= 1)
            if let undecided = end.undecided {
                if chain.landing(of: undecided, at: .max) != nil { tally.resumed += 1 }
            } else {
                #expect(effects == end.effects)
            }
        }
        for counts in nodes.map(\.faultCounts) + [socket.faultCounts] {
            tally.faults.merge(counts, uniquingKeysWith: +)
        }
        tally.calls = nodes.reduce(0) { $0 + $1.requests.count }
        tally.notices = socket.noticeCount
        tally.virtual = machine.now - start
        tally.ends = []
        return tally
    }

    private static func send(_ memo: String, sender: TransactionSender, chain: ChainModel) async throws -> Tally {
        var tally = Tally()
        let machine = chain.machine
        let payer = try Keypair(seed: Array(seed(of: memo).prefix(32)))
        let instruction = Instruction(program: MemoProgram.id, accounts: [], data: Array(memo.utf8))
        let start = machine.now
        let signed = Shared(Mutex<[PendingTransaction]>([]))
        var undecided: Signature?
        do {
            let done = try await sender.send([instruction], payer: payer) { pending in
                let last = signed.value.withLock { all in
                    defer { all.append(pending) }
                    return all.last
                }
                if let last {
                    #expect(
                        chain.blockHeight(at: chain.slot) > last.lastValidBlockHeight,
                        "a second signature before the first has expired"
                    )
                }
            }
            tally.confirmed = 1
            #expect(chain.effects(memo) == 1)
            let slot = try #require(chain.landing(of: done.signature, at: .max)?.slot)
            // A notice is about the slot of the commitment; where the status is known that counts.
            #expect(sender.pubsub == nil ? slot == done.slot : slot <= done.slot)
        } catch let error as TransactionSendError {
            switch error {
            case .expired(let signature, _):
                tally.expired = 1
                #expect(chain.landing(of: signature, at: .max) == nil)
                #expect(chain.effects(memo) == 0)
            case .notSent:
                tally.notSent = 1
                #expect(chain.signatures(memo) == 0)
                #expect(chain.effects(memo) == 0)
            case .undecided(let pending, _):
                tally.undecided = 1
                undecided = pending.signature
                #expect(chain.effects(memo) <= 1)
            default:
                Issue.record("\(error)")
            }
        }
        #expect(machine.now - start <= sender.policy.deadline + .seconds(1))
        if signed.value.withLock({ $0.count }) > 1 { tally.resigned = 1 }
        tally.ends = [End(memo: memo, effects: chain.effects(memo), undecided: undecided)]
        return tally
    }

    /// Any 32 bytes that follow from a text.
    private static func seed(of text: String) -> [UInt8] {
        var random = SeededRandom(seed: text.utf8.reduce(17) { $0 &* 1_099_511_628_211 &+ UInt64($1) })
        return (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}
