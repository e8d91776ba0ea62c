import Foundation
import Solana
import Synchronization
import Testing

@testable import SolanaRPC

/// Thousands of seeded runs of the sender under every fault at once, in virtual time.
///
/// What is checked is what money depends on: what is told as confirmed happened exactly once, what is told as expired or
/// not sent never happened and never will, what is undecided happened at most once and is settled by looking again, and
/// everything ends within its deadline.
@Suite("Randomised sends under faults", .timeLimit(.minutes(20)))
struct RandomisedSendTests {
    private struct Tally: Sendable {
        var confirmed = 0
        var expired = 0
        var notSent = 0
        var undecided = 0
        var resumed = 0
        var resigned = 0
        var calls = 0
        var virtual = Duration.zero
    }

    /// How many sends; 10,000 when `CHAINFERENCE_RANDOMISED_SENDS` says so.
    private static let runs: Int = {
        let setting = ProcessInfo.processInfo.environment["CHAINFERENCE_RANDOMISED_SENDS"]
        return setting.flatMap { Int($0) } ?? 100
    }()

    @Test("No effect is lost, none doubled, every call ends in time")
    func sends() async throws {
        let perWorld = 20
        var tally = Tally()
        let start = ContinuousClock.now
        for world in 0..<max(1, Self.runs / perWorld) {
            let part = try await VirtualTime.run(seed: UInt64(world) &* 7_919 &+ 1) { machine async throws in
                try await Self.world(machine, sends: perWorld)
            }
            tally.confirmed += part.confirmed
            tally.expired += part.expired
            tally.notSent += part.notSent
            tally.undecided += part.undecided
            tally.resumed += part.resumed
            tally.resigned += part.resigned
            tally.calls += part.calls
            tally.virtual += part.virtual
        }
        let total = tally.confirmed + tally.expired + tally.notSent + tally.undecided
        #expect(total == max(1, Self.runs / perWorld) * perWorld)
        #expect(tally.confirmed > total / 2)
        print(
            """
            \(total) sends under faults: \(tally.confirmed) confirmed, \(tally.expired) expired, \(tally.notSent) not \
            sent, \(tally.undecided) undecided (\(tally.resumed) of them found landed later), \(tally.resigned) with a \
            second signature; \(tally.calls) calls, \(tally.virtual) of virtual time in \(ContinuousClock.now - start)
            """
        )
    }

    /// One chain with two faulty nodes, and senders of every kind on it at the same time.
    private static func world(_ machine: VirtualTime, sends: Int) async throws -> Tally {
        let isHarsh = machine.random() < 0.3
        let chain = ChainModel(machine: machine)
        func node(_ scale: Double) -> ModelNode {
            ModelNode(
                chain,
                faults: ModelNode.Faults(
                    lostRequests: 0.2 * scale,
                    lostAnswers: 0.1 * scale,
                    rateLimits: 0.1 * scale,
                    serverErrors: 0.1 * scale,
                    lostSends: isHarsh ? 0.97 : 0.5 * scale,
                    stalls: 0.05 * scale,
                    lag: UInt64(machine.random() * 6),
                    // Some nodes are half a minute behind, which is what makes a hasty “expired” wrong.
                    steadyLag: machine.random() < 0.4 ? 80 : 0
                )
            )
        }
        let nodes = [node(1), node(isHarsh ? 1 : 0.5)]
        let rpc = RPCClient(
            cluster: .localnet,
            transports: nodes.map { (.localnet, $0) },
            environment: machine.environment
        )
        let start = machine.now
        return try await withThrowingTaskGroup(of: Tally.self) { group in
            for index in 0..<sends {
                let deadline = Duration.seconds(index.isMultiple(of: 4) ? 20 : 400)
                let policy = SendPolicy(deadline: deadline, maximumSignatures: 1 + index % 3)
                let sender = TransactionSender(rpc: rpc, policy: policy)
                group.addTask {
                    try await machine.sleep(for: .milliseconds(Int(machine.random() * 5_000)))
                    return try await send("effect \(index)", sender: sender, chain: chain)
                }
            }
            var tally = Tally()
            for try await one in group {
                tally.confirmed += one.confirmed
                tally.expired += one.expired
                tally.notSent += one.notSent
                tally.undecided += one.undecided
                tally.resumed += one.resumed
                tally.resigned += one.resigned
            }
            tally.calls = nodes.reduce(0) { $0 + $1.requests.count }
            tally.virtual = machine.now - start
            return tally
        }
    }

    private static func send(_ memo: String, sender: TransactionSender, chain: ChainModel) async throws -> Tally {
        var tally = Tally()
        let machine = chain.machine
        let payer = try Keypair(seed: Array(seed(of: memo).prefix(32)))
        let instruction = Instruction(program: MemoProgram.id, accounts: [], data: Array(memo.utf8))
        let start = machine.now
        let signed = Shared(Mutex<[PendingTransaction]>([]))
        var mayLandLater = false
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
            #expect(chain.landing(of: done.signature, at: .max)?.slot == done.slot)
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
                mayLandLater = true
                #expect(chain.effects(memo) <= 1)
                // Looked at again later, it is settled.
                try await machine.sleep(for: .seconds(120))
                if chain.landing(of: pending.signature, at: .max) != nil { tally.resumed = 1 }
            default:
                Issue.record("\(error)")
            }
        }
        let took = machine.now - start - (mayLandLater ? .seconds(120) : .zero)
        #expect(took <= sender.policy.deadline + .seconds(1))
        if signed.value.withLock({ $0.count }) > 1 { tally.resigned = 1 }
        // Long after all is over, nothing has happened that was said not to, and nothing twice.
        let before = chain.effects(memo)
        try await machine.sleep(for: .seconds(200))
        #expect(chain.effects(memo) == before)
        #expect(before <= 1)
        return tally
    }

    /// Any 32 bytes that follow from a text.
    private static func seed(of text: String) -> [UInt8] {
        var random = SeededRandom(seed: text.utf8.reduce(17) { $0 &* 1_099_511_628_211 &+ UInt64($1) })
        return (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}
