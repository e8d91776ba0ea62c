import CurlHTTP
import LocalCluster
import Solana
import Testing

@testable import SolanaRPC

/// The client against real endpoints: HTTP through libcurl, WebSocket through SwiftNIO.
@Suite("Against a local cluster", .timeLimit(.minutes(2)))
struct LocalClusterTests {
    private struct World: Sendable {
        let cluster: LocalCluster
        let rpc: RPCClient
        let pubsub: PubSubClient
        let wallet: Keypair

        func sender(_ policy: SendPolicy = .localnet, withPubSub: Bool = true) -> TransactionSender {
            TransactionSender(rpc: rpc, pubsub: withPubSub ? pubsub : nil, policy: policy)
        }
    }

    /// A cluster, a client of each kind, and a wallet with 10 SOL.
    private func withWorld(
        pace: LocalCluster.Configuration.Pace = .realTime,
        programErrors: ProgramErrorResolver = .none,
        _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        try await LocalCluster.withRunning(.testing(pace: pace)) { cluster in
            let description = try Cluster(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL)
            let rpc = RPCClient(cluster: description, policy: .localnet, programErrors: programErrors)
            let pubsub = PubSubClient(cluster: description, configuration: .localnet)
            let world = World(cluster: cluster, rpc: rpc, pubsub: pubsub, wallet: Keypair())
            try cluster.airdrop(10_000_000_000, to: world.wallet.address)
            try await pubsub.runWhile { try await body(world) }
        }
    }

    @Test("Reading: every method answers with what the ledger holds")
    func reading() async throws {
        try await withWorld { world in
            let rpc = world.rpc
            let address = world.wallet.address
            #expect(try await rpc.getHealth() == .ok)
            #expect(try await rpc.getVersion().version.contains("."))
            let genesis = try await rpc.getGenesisHash()
            #expect(try await rpc.getGenesisHash() == genesis)
            let rent = try await rpc.getMinimumBalanceForRentExemption(dataLength: 100)
            #expect(rent == 1_586_880)
            #expect(try await rpc.getBalance(of: address, commitment: .processed).value == 10_000_000_000)
            let account = try #require(try await rpc.getAccountInfo(address, commitment: .processed).value)
            #expect(account.owner == SystemProgram.id)
            #expect(account.lamports == 10_000_000_000)
            let nobody = Keypair().address
            let both = try await rpc.getMultipleAccounts([nobody, address], commitment: .processed).value
            #expect(both[0] == nil)
            #expect(both[1] == account)
            let latest = try await rpc.getLatestBlockhash(commitment: .processed).value
            #expect(try await rpc.isBlockhashValid(latest.blockhash, commitment: .processed).value)
            #expect(try await rpc.isBlockhashValid(.zero).value == false)
            let first = try await rpc.getEpochInfo()
            #expect(try await rpc.getBlockHeight() >= first.blockHeight)
            #expect(try await rpc.getSlot() >= first.absoluteSlot)
            _ = try await rpc.getRecentPrioritizationFees(writableAccounts: [address])
            let transfer = try Transaction(
                feePayer: address,
                instructions: [SystemProgram.transfer(from: address, to: nobody, lamports: 5_000_000)],
                recentBlockhash: latest.blockhash
            )
            #expect(try await rpc.getFeeForMessage(transfer.messageBytes, commitment: .processed).value == 5_000)
            let simulation = try await rpc.simulateTransaction(
                transfer,
                accounts: [nobody],
                commitment: .processed
            ).value
            #expect(simulation.failure == nil)
            #expect(simulation.computeUnits == 150)
            #expect(simulation.accounts.first??.lamports == 5_000_000)
        }
    }

    @Test("An airdrop and a transfer are confirmed, with exact books", arguments: [true, false])
    func transfer(withPubSub: Bool) async throws {
        try await withWorld { world in
            let rpc = world.rpc
            let friend = Keypair().address
            let airdrop = try await rpc.requestAirdrop(to: friend, lamports: 1_000_000_000)
            let sender = world.sender(withPubSub: withPubSub)
            let done = try await sender.send(
                [SystemProgram.transfer(from: world.wallet.address, to: friend, lamports: 25)],
                payer: world.wallet
            )
            #expect(done.fee == 5_000)
            #expect(done.computeUnits == 300)
            #expect(done.logs.contains("Program 11111111111111111111111111111111 success"))
            let balance = try await rpc.getBalance(of: world.wallet.address).value
            #expect(balance == 9_999_994_975)
            #expect(try await rpc.getBalance(of: friend).value == 1_000_000_025)
            let record = try #require(try await rpc.getTransaction(done.signature))
            #expect(record.slot == done.slot)
            #expect(record.meta?.fee == 5_000)
            #expect(record.transaction?.id == done.signature)
            let history = try await rpc.getSignaturesForAddress(friend)
            #expect(history.map(\.signature) == [done.signature, airdrop])
            let statuses = try await rpc.getSignatureStatuses([airdrop, .zero]).value
            #expect(statuses[0]?.error == nil)
            #expect(statuses[0]?.hasReached(.confirmed) == true)
            #expect(statuses[1] == nil)
        }
    }

    @Test("A transfer of too much fails in simulation with the system program's error")
    func overdraft() async throws {
        let resolver = ProgramErrorResolver { program, code in
            program == SystemProgram.id && code == 1 ? UnexpectedSuccess() : nil
        }
        try await withWorld(programErrors: resolver) { world in
            let transfer = SystemProgram.transfer(
                from: world.wallet.address,
                to: .zero,
                lamports: 11_000_000_000
            )
            do {
                try await world.sender().send([transfer], payer: world.wallet)
                Issue.record("it went through")
            } catch let error as TransactionSendError {
                #expect(error.programError is UnexpectedSuccess)
                #expect(error.failure?.error == .instructionError(index: 0, .custom(1)))
                #expect(error.signature == nil)
            }
            // Without a simulation of its own the node's finds it.
            var policy = SendPolicy.localnet
            policy.simulates = false
            do {
                try await world.sender(policy).send([transfer], payer: world.wallet)
                Issue.record("it went through")
            } catch let error as TransactionSendError {
                guard case .simulationFailed(let failure) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(failure.error == .instructionError(index: 0, .custom(1)))
            }
            // Sent past all checks, it lands, fails and costs its fee.
            let latest = try await world.rpc.getLatestBlockhash().value
            var transaction = try Transaction(
                feePayer: world.wallet.address,
                instructions: [transfer],
                recentBlockhash: latest.blockhash
            )
            try transaction.sign(by: [world.wallet])
            let pending = try PendingTransaction(
                transaction: transaction,
                lastValidBlockHeight: latest.lastValidBlockHeight
            )
            do {
                try await world.sender().confirm(pending)
                Issue.record("it went through")
            } catch let error as TransactionSendError {
                #expect(error.fee == 5_000)
                #expect(error.signature == pending.signature)
                #expect(error.programError is UnexpectedSuccess)
            }
            #expect(world.cluster.balance(of: world.wallet.address) == 9_999_995_000)
        }
    }

    @Test("What is estimated is what is charged; an estimate sends nothing, and a failure is told")
    func estimate() async throws {
        try await withWorld { world in
            var policy = SendPolicy.localnet
            policy.priorityFee = .fixed(1_000_000)
            let sender = world.sender(policy)
            let transfer = SystemProgram.transfer(from: world.wallet.address, to: world.wallet.address, lamports: 1)
            let estimate = try await sender.estimate([transfer], payer: world.wallet)
            let used = try #require(estimate.used)
            #expect(try #require(estimate.limit) >= used)
            #expect(estimate.price == 1_000_000)
            #expect(estimate.fee.priority.rawValue == UInt64(estimate.limit?.rawValue ?? 0))
            #expect(world.cluster.balance(of: world.wallet.address) == 10_000_000_000)
            let done = try await sender.send([transfer], payer: world.wallet)
            #expect(done.fee == estimate.fee.total)
            #expect(done.computeUnits == UInt64(used.rawValue))
            let tooMuch = SystemProgram.transfer(from: world.wallet.address, to: .zero, lamports: 99_000_000_000)
            await #expect { try await sender.estimate([tooMuch], payer: world.wallet) } throws: { error in
                if case .simulationFailed? = error as? TransactionSendError { true } else { false }
            }
        }
    }

    @Test("A transaction that is lost every time expires, and may then be sent anew")
    func expiry() async throws {
        try await withWorld { world in
            world.cluster.faults.inject(Fault(.loseTransaction, methods: ["sendTransaction"]))
            var policy = SendPolicy.localnet
            policy.maximumSignatures = 1
            let transfer = SystemProgram.transfer(from: world.wallet.address, to: world.wallet.address, lamports: 1)
            do {
                try await world.sender(policy).send([transfer], payer: world.wallet)
                Issue.record("it went through")
            } catch let error as TransactionSendError {
                guard case .expired(_, let height) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(try await world.rpc.getBlockHeight() > height)
            }
            world.cluster.faults.clear()
            try await world.sender(policy).send([transfer], payer: world.wallet)
            #expect(world.cluster.balance(of: world.wallet.address) == 9_999_995_000)
        }
    }

    @Test("Faults of the node and the network are survived, and nothing happens twice")
    func faults() async throws {
        try await withWorld { world in
            let faults = world.cluster.faults
            faults.seed(42)
            for effect: Fault.Effect in [
                .tooManyRequests(retryAfter: nil), .httpStatus(503), .dropConnection, .dropAnswer,
                .nodeBehind(slots: 9),
            ] {
                faults.inject(Fault(effect, probability: 0.08))
            }
            faults.inject(Fault(.loseTransaction, methods: ["sendTransaction"], probability: 0.3))
            let friend = Keypair().address
            try await withThrowingTaskGroup(of: ConfirmedTransaction.self) { group in
                for index in 0..<24 {
                    let sender = world.sender(withPubSub: index.isMultiple(of: 2))
                    let amount = Lamports(UInt64(1_000_000 + (1 << index)))
                    group.addTask {
                        try await sender.send(
                            [SystemProgram.transfer(from: world.wallet.address, to: friend, lamports: amount)],
                            payer: world.wallet
                        )
                    }
                }
                var signatures: Set<Signature> = []
                for try await done in group { signatures.insert(done.signature) }
                #expect(signatures.count == 24)
            }
            // Every amount is another power of two: the sum says that each arrived once.
            #expect(world.cluster.balance(of: friend) == Lamports(24 * 1_000_000 + (1 << 24) - 1))
            #expect(
                world.cluster.balance(of: world.wallet.address)
                    == Lamports(10_000_000_000 - 24_000_000 - (1 << 24) + 1 - 24 * 5_000)
            )
            #expect(faults.counts.count >= 5)
        }
    }

    @Test("Account, program, logs, signature and slot subscriptions tell what happens")
    func subscriptions() async throws {
        try await withWorld { world in
            let wallet = world.wallet
            let friend = Keypair().address
            try world.cluster.airdrop(1_000_000_000, to: friend)
            let pubsub = world.pubsub
            try await withThrowingTaskGroup(of: String.self) { group in
                let ready = Shared(ReadyCount(4))
                group.addTask {
                    try await pubsub.withAccountSubscription(friend, commitment: .processed) { events in
                        for try await event in events {
                            if event == .active { ready.value.tick() }
                            if let account = event.value, account.lamports == 1_000_000_007 { return "account" }
                        }
                        return "account ended"
                    }
                }
                group.addTask {
                    try await pubsub.withProgramSubscription(
                        SystemProgram.id,
                        filters: [.dataSize(0)],
                        commitment: .confirmed
                    ) { events in
                        for try await event in events {
                            if event == .active { ready.value.tick() }
                            if event.value?.address == friend { return "program" }
                        }
                        return "program ended"
                    }
                }
                group.addTask {
                    try await pubsub.withLogsSubscription(.mentioning(friend)) { events in
                        for try await event in events {
                            if event == .active { ready.value.tick() }
                            if let logs = event.value, logs.error == nil, !logs.logs.isEmpty { return "logs" }
                        }
                        return "logs ended"
                    }
                }
                group.addTask {
                    try await pubsub.withSlotSubscription { events in
                        var slots: [UInt64] = []
                        for try await event in events {
                            if event == .active { ready.value.tick() }
                            guard let slot = event.value else { continue }
                            #expect(slot.parent < slot.slot)
                            slots.append(slot.slot)
                            if slots.count == 3 { break }
                        }
                        #expect(slots == slots.sorted())
                        return "slots"
                    }
                }
                group.addTask {
                    try await ready.value.wait()
                    try await world.sender().send(
                        [SystemProgram.transfer(from: wallet.address, to: friend, lamports: 7)],
                        payer: wallet
                    )
                    return "sent"
                }
                var ends: Set<String> = []
                for try await end in group { ends.insert(end) }
                #expect(ends == ["account", "program", "logs", "slots", "sent"])
            }
        }
    }

    @Test("Dropped sockets are made again, and the subscriber told to read the state")
    func droppedSockets() async throws {
        try await withWorld { world in
            let address = world.wallet.address
            try await world.pubsub.withAccountSubscription(address, commitment: .processed) { events in
                var actives = 0
                for try await event in events {
                    if event == .active {
                        actives += 1
                        if actives < 4 {
                            world.cluster.dropPubSubConnections()
                        } else {
                            try world.cluster.airdrop(5, to: address)
                        }
                    }
                    if event.value?.lamports == 10_000_000_005 { return }
                }
            }
        }
    }

    @Test("The market's accounts are found by filters and a slice")
    func programAccounts() async throws {
        try await withWorld { world in
            let all = try await world.rpc.getProgramAccounts(
                of: SystemProgram.id,
                filters: [.dataSize(0)],
                dataSlice: DataSlice.none,
                commitment: .processed
            )
            #expect(all.value.contains { $0.address == world.wallet.address })
            let none = try await world.rpc.getProgramAccounts(
                of: SystemProgram.id,
                filters: [.dataSize(0), .bytes([1], at: 0)],
                commitment: .processed
            )
            #expect(none.value.isEmpty)
        }
    }

    @Test("Wrong parameters and wrong signatures are told with their codes")
    func refusals() async throws {
        try await withWorld { world in
            let address = world.wallet.address
            var transaction = try Transaction(
                feePayer: address,
                instructions: [SystemProgram.transfer(from: address, to: address, lamports: 1)],
                recentBlockhash: try await world.rpc.getLatestBlockhash().value.blockhash
            )
            try transaction.sign(by: [world.wallet])
            var wire = try transaction.serialized()
            wire[5] ^= 1
            let broken = try Transaction(decoding: wire)
            await #expect { try await world.rpc.sendTransaction(broken) } throws: { error in
                let code = (error as? RPCError)?.code
                return code == .transactionSignatureVerificationFailure
                    || (error as? RPCError)?.preflightFailure?.error == .signatureFailure
            }
            await #expect { try await world.rpc.call("getBalance", ["nonsense"], as: JSONValue.self) } throws: {
                ($0 as? RPCError)?.code == .invalidParams
            }
            await #expect { try await world.rpc.call("getNonsense", as: JSONValue.self) } throws: {
                ($0 as? RPCError)?.code == .methodNotFound
            }
        }
    }

    @Test("Nobody home is told within the deadline")
    func nobodyHome() async throws {
        let nobody = try Cluster(rpcURL: "http://127.0.0.1:1")
        var policy = RPCPolicy.localnet
        policy.maximumAttempts = 2
        let rpc = RPCClient(cluster: nobody, policy: policy)
        await #expect { try await rpc.getSlot() } throws: { error in
            guard case .unreachable? = (error as? RPCError)?.reason else { return false }
            return (error as? RPCError)?.attempts == 2
        }
    }
}
