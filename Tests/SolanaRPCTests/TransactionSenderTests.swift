import Solana
import Synchronization
import Testing
import VirtualTime

@testable import SolanaRPC

@Suite("Send and confirm", .timeLimit(.minutes(1)))
struct TransactionSenderTests {
    private let payer = try? Keypair(seed: Array(repeating: 3, count: 32))

    private func memo(_ text: String) -> Instruction {
        Instruction(program: MemoProgram.id, accounts: [], data: Array(text.utf8))
    }

    private func rpc(
        _ transports: any RPCTransport...,
        machine: VirtualTime,
        programErrors: ProgramErrorResolver = .none
    ) throws -> RPCClient {
        RPCClient(
            cluster: .localnet,
            transports: transports.map { (.localnet, $0) },
            programErrors: programErrors,
            environment: machine.environment
        )
    }

    private func error(of body: () async throws -> some Sendable) async throws -> TransactionSendError {
        do {
            _ = try await body()
        } catch let error as TransactionSendError {
            return error
        }
        throw UnexpectedSuccess()
    }

    @Test("A transaction lands once, with a tight limit, a price and the exact fee")
    func happyPath() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            let node = ModelNode(chain)
            let sender = TransactionSender(
                rpc: try rpc(node, machine: machine),
                policy: SendPolicy(priorityFee: .percentile(1, floor: 0, cap: 100_000), fetchesDetails: true)
            )
            let pending = Shared(Mutex<[PendingTransaction]>([]))
            let done = try await sender.send([memo("a")], payer: payer) { transaction in
                #expect(chain.signatures("a") == 0, "told before anything is sent")
                pending.value.withLock { $0.append(transaction) }
            }
            let sent = try #require(pending.value.withLock { $0.first })
            #expect(done.signature == sent.signature)
            #expect(chain.effects("a") == 1)
            // Two instructions for the budget follow the caller's own: limit max(1000, 450 × 1.1), price 500.
            let instructions = sent.transaction.message.instructions
            #expect(instructions.count == 3)
            #expect(ComputeBudgetInstruction(decoding: instructions[1].data) == .setComputeUnitLimit(1_000))
            #expect(ComputeBudgetInstruction(decoding: instructions[2].data) == .setComputeUnitPrice(500))
            #expect(sent.fee == 5_001)
            #expect(done.fee == 5_001)
            #expect(done.computeUnits == 450)
            let send = try #require(node.requests.first { $0.method == "sendTransaction" })
            #expect(send.option("skipPreflight") == true)
            #expect(send.option("maxRetries") == 0)
            let simulate = try #require(node.requests.first { $0.method == "simulateTransaction" })
            #expect(simulate.option("sigVerify") == false)
        }
    }

    @Test("A failing simulation sends nothing, and brings the program's own error")
    func simulationFailure() async throws {
        let payer = try #require(payer)
        let program = try Address(bytes: Array(repeating: 9, count: 32))
        struct MyError: Error, Equatable { let code: UInt32 }
        try await VirtualTime.run { machine async throws in
            var parameters = ChainModel.Parameters()
            parameters.simulationError = .instructionError(index: 0, .custom(6_001))
            parameters.logs = [
                "Program \(program) invoke [1]", "Program \(program) failed: custom program error: 0x1771",
            ]
            let chain = ChainModel(machine: machine, parameters: parameters)
            let resolver = ProgramErrorResolver { $0 == program ? MyError(code: $1) : nil }
            let sender = TransactionSender(rpc: try rpc(ModelNode(chain), machine: machine, programErrors: resolver))
            let error = try await error { try await sender.send([memo("a")], payer: payer) }
            #expect(error.signature == nil)
            #expect(error.fee == .zero)
            #expect(!error.mayStillLand)
            #expect(error.programError as? MyError == MyError(code: 6_001))
            #expect(error.failure?.program == program)
            #expect(error.failure?.logs.count == 2)
            #expect(chain.signatures("a") == 0)
        }
    }

    @Test("A transaction that lands and fails costs its fee, and says so")
    func failureOnChain() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            var parameters = ChainModel.Parameters()
            parameters.error = .instructionError(index: 0, .custom(3))
            let chain = ChainModel(machine: machine, parameters: parameters)
            let resolver = ProgramErrorResolver { program, code in
                program == MemoProgram.id && code == 3 ? UnexpectedSuccess() : nil
            }
            let sender = TransactionSender(
                rpc: try rpc(ModelNode(chain), machine: machine, programErrors: resolver),
                policy: SendPolicy(priorityFee: .none)
            )
            let error = try await error { try await sender.send([memo("a")], payer: payer) }
            guard case .failed(let signature, let slot, let failure, let fee) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(chain.landing(of: signature, at: .max)?.slot == slot)
            #expect(fee == 5_000)
            #expect(failure.error == .instructionError(index: 0, .custom(3)))
            #expect(failure.programError is UnexpectedSuccess)
            #expect(chain.effects("a") == 0)
        }
    }

    @Test("The same bytes are sent until they land; lost sends do no harm")
    func rebroadcast() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run(seed: 4) { machine async throws in
            let chain = ChainModel(machine: machine)
            let node = ModelNode(chain, faults: .init(lostSends: 0.8))
            let sender = TransactionSender(rpc: try rpc(node, machine: machine))
            let done = try await sender.send([memo("a")], payer: payer)
            #expect(chain.effects("a") == 1)
            #expect(chain.signatures("a") == 1)
            let sends = node.requests.filter { $0.method == "sendTransaction" }
            #expect(sends.count > 1)
            #expect(Set(sends.map { $0.params[0] }).count == 1)
            #expect(done.slot > 1_000)
        }
    }

    @Test("What never lands is declared expired only when it is, and costs nothing")
    func expiry() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            let node = ModelNode(chain, faults: .init(lostSends: 1, lag: 3))
            let sender = TransactionSender(
                rpc: try rpc(node, machine: machine),
                policy: SendPolicy(deadline: .seconds(600), maximumSignatures: 1)
            )
            let error = try await error { try await sender.send([memo("a")], payer: payer) }
            guard case .expired(_, let height) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(chain.blockHeight(at: chain.slot) > height)
            #expect(!error.mayStillLand)
            #expect(error.signature != nil)
            let last = node.requests.filter { $0.option("searchTransactionHistory") == true }
            #expect(last.count >= 2, "looked more than once before giving up")
        }
    }

    @Test("A node that lags behind can't make a transaction of the last moment look expired")
    func laggingStatus() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            let good = ModelNode(chain)
            let lagging = ModelNode(chain, faults: .init(steadyLag: 60))
            let last = chain.blockHeight(at: chain.slot) + chain.parameters.blockhashLifetime - 8
            let node = ScriptedTransport { request in
                let body = JSONRPCRequest(request).text
                if request.method == "sendTransaction", chain.blockHeight(at: chain.slot) < last {
                    throw RPCTransportError.notConnected("not yet")
                }
                let next = request.method == "getSignatureStatuses" ? lagging : good
                return try await next.post(body, timeout: .seconds(10), maximumAnswerSize: 1 << 20)
            }
            let sender = TransactionSender(
                rpc: try rpc(node, machine: machine),
                policy: SendPolicy(deadline: .seconds(600), maximumSignatures: 3)
            )
            let done = try await sender.send([memo("a")], payer: payer)
            #expect(chain.landing(of: done.signature, at: .max) != nil)
            #expect(chain.signatures("a") == 1)
            #expect(chain.effects("a") == 1)
        }
    }

    @Test("A block height without end, as a hostile node may name it, only means that nothing expires")
    func endlessValidity() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            var transaction = try Transaction(
                feePayer: payer.address,
                instructions: [memo("a")],
                recentBlockhash: chain.blockhash(at: 900)
            )
            try transaction.sign(by: [payer])
            let pending = try PendingTransaction(transaction: transaction, lastValidBlockHeight: .max)
            let sender = TransactionSender(
                rpc: try rpc(ModelNode(chain, faults: .init(lostSends: 1)), machine: machine),
                policy: SendPolicy(deadline: .seconds(60))
            )
            let error = try await error { try await sender.confirm(pending) }
            #expect(error.mayStillLand)
        }
    }

    @Test("A second signature follows only after the first has expired")
    func secondSignature() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            // Everything is lost until the first blockhash is long gone.
            let start = machine.now
            let inner = ModelNode(chain)
            let node = GateNode(inner: inner) { $0.method == "sendTransaction" && machine.now - start < .seconds(80) }
            let pending = Shared(Mutex<[(PendingTransaction, UInt64)]>([]))
            let sender = TransactionSender(
                rpc: try rpc(node, machine: machine),
                policy: SendPolicy(deadline: .seconds(600), maximumSignatures: 3)
            )
            let done = try await sender.send([memo("a")], payer: payer) { transaction in
                pending.value.withLock { $0.append((transaction, chain.blockHeight(at: chain.slot))) }
            }
            let all = pending.value.withLock { $0 }
            #expect(all.count == 2)
            #expect(all[1].1 > all[0].0.lastValidBlockHeight)
            #expect(done.signature == all[1].0.signature)
            #expect(chain.effects("a") == 1)
        }
    }

    @Test("A dead node leaves the outcome undecided at the deadline, with the signature")
    func undecided() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            let node = GateNode(inner: ModelNode(chain)) { request in
                ["getSignatureStatuses", "getEpochInfo"].contains(request.method)
            }
            let sender = TransactionSender(
                rpc: try rpc(node, machine: machine),
                policy: SendPolicy(deadline: .seconds(40))
            )
            let start = machine.now
            let error = try await error { try await sender.send([memo("a")], payer: payer) }
            #expect(machine.now - start <= .seconds(41))
            #expect(error.mayStillLand)
            guard case .undecided(let pending, let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("40"))
            #expect(chain.effects("a") == 1, "it has landed all the same")
            // The node comes back; the stored transaction is taken up again.
            let healthy = TransactionSender(rpc: try rpc(ModelNode(chain), machine: machine))
            #expect(try await healthy.confirm(pending).signature == pending.signature)
            #expect(chain.effects("a") == 1)
        }
    }

    @Test("Cancellation after signing does not lose the signature")
    func cancellation() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            let node = GateNode(inner: ModelNode(chain)) { $0.method == "getSignatureStatuses" }
            let sender = TransactionSender(rpc: try rpc(node, machine: machine))
            let outcome = await withTaskGroup(of: TransactionSendError?.self) { group in
                group.addTask {
                    do {
                        try await sender.send([memo("a")], payer: payer)
                        return nil
                    } catch {
                        return error as? TransactionSendError
                    }
                }
                try? await machine.sleep(for: .seconds(5))
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(outcome?.signature != nil)
            #expect(outcome?.mayStillLand == true)
        }
    }

    @Test("The node's final refusal of a new transaction is told at once")
    func refusal() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            let node = GateNode(inner: ModelNode(chain), answer: Reply.error(-32_003, "sig")) {
                $0.method == "sendTransaction"
            }
            let sender = TransactionSender(rpc: try rpc(node, machine: machine))
            let start = machine.now
            let error = try await error { try await sender.send([memo("a")], payer: payer) }
            guard case .refused = error else {
                Issue.record("\(error)")
                return
            }
            #expect(machine.now - start < .seconds(2))
        }
    }

    @Test("A bound on the fee is kept, and nothing is sent beyond it")
    func maximumFee() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            let sender = TransactionSender(
                rpc: try rpc(ModelNode(chain), machine: machine),
                policy: SendPolicy(priorityFee: .fixed(2_000_000), maximumFee: 6_999)
            )
            let error = try await error { try await sender.send([memo("a")], payer: payer) }
            guard case .tooExpensive(let fee, 6_999) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(fee == 7_000)
            #expect(chain.signatures("a") == 0)
        }
    }

    @Test("If storing the signed transaction fails, nothing is sent")
    func storeFailure() async throws {
        let payer = try #require(payer)
        try await VirtualTime.run { machine async throws in
            let chain = ChainModel(machine: machine)
            let sender = TransactionSender(rpc: try rpc(ModelNode(chain), machine: machine))
            let error = try await error {
                try await sender.send([memo("a")], payer: payer) { _ in throw UnexpectedSuccess() }
            }
            guard case .notSent(let inner) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(inner is UnexpectedSuccess)
            #expect(chain.signatures("a") == 0)
        }
    }

    @Test("The subscription wins the race while polling is blind; a refused subscription does not stop the race")
    func subscriptionWins() async throws {
        let payer = try #require(payer)
        for refuses in [false, true] {
            try await VirtualTime.run { machine async throws in
                let chain = ChainModel(machine: machine)
                let node = GateNode(inner: ModelNode(chain)) { request in
                    // Without a subscription the statuses have to work.
                    !refuses && request.method == "getSignatureStatuses"
                }
                let socket = ScriptedWebSocket { peer in
                    for await request in peer.requests() where request.method == "signatureSubscribe" {
                        if refuses {
                            peer.send(
                                #"{"jsonrpc":"2.0","error":{"code":-32601,"message":"no"},"id":\#(request.id)}"#
                            )
                            continue
                        }
                        peer.accept(request, as: 77)
                        try await machine.sleep(for: .seconds(4))
                        peer.send(
                            #"{"jsonrpc":"2.0","method":"signatureNotification","params":{"subscription":77,"#
                                + #""result":{"context":{"slot":1009},"value":{"err":null}}}}"#
                        )
                    }
                }
                let pubsub = PubSubClient(socket, machine: machine)
                let rpc = try rpc(node, machine: machine)
                let done = try await pubsub.runWhile {
                    try await TransactionSender(rpc: rpc, pubsub: pubsub).send([memo("a")], payer: payer)
                }
                if !refuses { #expect(done.slot == 1_009) }
                #expect(chain.effects("a") == 1)
            }
        }
    }

    @Test("Fees are computed as the network does")
    func fees() throws {
        let payer = try #require(payer)
        func fee(_ instructions: [Instruction]) throws -> TransactionFee {
            TransactionFee(
                of: try Transaction(feePayer: payer.address, instructions: instructions, recentBlockhash: .zero).message
            )
        }
        #expect(try fee([memo("a")]).total == 5_000)
        let priced = try fee([memo("a"), ComputeBudgetProgram.setComputeUnitPrice(1)])
        // 203,000 units at one micro-lamport, rounded up.
        #expect(priced.priority == 1)
        let limited = try fee([
            ComputeBudgetProgram.setComputeUnitLimit(1_000_001), ComputeBudgetProgram.setComputeUnitPrice(1_000_000),
        ])
        #expect(limited.total == 1_005_001)
        let precompile = Instruction(program: Ed25519Program.id, accounts: [], data: [2, 0])
        #expect(try fee([precompile]).signatures == 15_000)
    }

    @Test("Percentiles keep to floor and cap")
    func percentiles() {
        let recent = [0, 0, 0, 10, 20, 30, 40, 5_000].map { PrioritizationFee(slot: 1, price: MicroLamports($0)) }
        func price(_ percentile: Double, _ floor: UInt64, _ cap: UInt64) -> UInt64 {
            SendPolicy.PriorityFee.percentile(percentile, floor: .init(floor), cap: .init(cap))
                .price(recent: recent).rawValue
        }
        #expect(price(0, 0, 100) == 0)
        #expect(price(0.5, 0, 100) == 10)
        #expect(price(0.75, 0, 100) == 30)
        #expect(price(1, 0, 100) == 100)
        #expect(price(0, 7, 100) == 7)
        #expect(price(.nan, 7, 100) == 7)
        #expect(SendPolicy.PriorityFee.percentile(0.5, floor: 9, cap: 20).price(recent: []) == 9)
        #expect(TransactionSender.limit(used: 450, factor: 1.1, floor: 1_000) == 1_000)
        #expect(TransactionSender.limit(used: 10_000, factor: 1.1, floor: 1_000) == 11_000)
        #expect(TransactionSender.limit(used: .max, factor: 1.1, floor: 1_000) == 1_400_000)
        #expect(TransactionSender.limit(used: 10_000, factor: 1.1, floor: 1_000, cap: 10_500) == 10_500)
        #expect(TransactionSender.limit(used: .max, factor: 1.1, floor: 1_000, cap: 9_000_000) == 1_400_000)
    }
}

/// Lets requests through to a node, except those that a rule stops.
final class GateNode: RPCTransport {
    private let inner: ModelNode
    private let stops: @Sendable (SeenRequest) -> Bool
    private let answer: ScriptedTransport

    init(
        inner: ModelNode,
        answer: @escaping ScriptedTransport.Answer = Reply.failure(.notConnected("the gate is shut")),
        stops: @escaping @Sendable (SeenRequest) -> Bool
    ) {
        self.inner = inner
        self.stops = stops
        self.answer = ScriptedTransport(answer)
    }

    func post(_ body: [UInt8], timeout: Duration, maximumAnswerSize: Int) async throws -> RPCTransportAnswer {
        let request = try JSONCoding.decode(SeenRequest.self, from: body)
        let next: any RPCTransport = stops(request) ? answer : inner
        return try await next.post(body, timeout: timeout, maximumAnswerSize: maximumAnswerSize)
    }
}
