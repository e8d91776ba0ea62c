import Foundation
import LocalCluster
import Solana
import Synchronization
import Testing

@testable import SolanaRPC

/// The client against either node: one suite, so that what holds for one holds for the other.
///
/// In the package's own tests the node is a `LocalCluster`. `Tests/SVM/test_swift_client.py` runs the same tests against
/// its node over LiteSVM, which is Agave's runtime; there JSON and errors are not ours.
@Suite("Against either node", .timeLimit(.minutes(2)), .serialized)
struct EitherNodeTests {
    /// JSON-RPC and PubSub URLs of the node over LiteSVM, if it is that one's turn.
    private static let urls = ProcessInfo.processInfo.environment["CHAINFERENCE_SVM_NODE"]?.split(separator: " ")
        .map(String.init)

    /// A client of a node, and a wallet that has nothing yet.
    private struct Client: Sendable {
        let rpc: RPCClient
        let pubsub: PubSubClient
        let wallet = Keypair()

        init(rpcURL: String, webSocketURL: String) throws {
            let cluster = try Cluster(rpcURL: rpcURL, webSocketURL: webSocketURL)
            let resolver = ProgramErrorResolver { program, code in
                program == SystemProgram.id && code == 1 ? UnexpectedSuccess() : nil
            }
            rpc = RPCClient(cluster: cluster, policy: .localnet, programErrors: resolver)
            pubsub = PubSubClient(cluster: cluster, configuration: .localnet)
        }
    }

    private func withClient(_ body: (Client) async throws -> Void) async throws {
        if let urls = Self.urls {
            try #require(urls.count == 2, "CHAINFERENCE_SVM_NODE names no node")
            print("A node over LiteSVM at \(urls[0])")
            return try await body(Client(rpcURL: urls[0], webSocketURL: urls[1]))
        }
        try await LocalCluster.withRunning(.testing()) { cluster in
            try await body(Client(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL))
        }
    }

    @Test("Every reading method answers in a shape that is understood")
    func reading() async throws {
        try await withClient { client in
            let (rpc, wallet) = (client.rpc, client.wallet)
            try await rpc.airdrop(1_000_000_000, to: wallet.address)
            #expect(try await rpc.getHealth() == .ok)
            #expect(try await rpc.getVersion().version.contains("."))
            _ = try await rpc.getGenesisHash()
            #expect(try await rpc.getBalance(of: wallet.address).value == 1_000_000_000)
            let account = try #require(try await rpc.getAccountInfo(wallet.address).value)
            #expect(account.owner == SystemProgram.id)
            #expect(account.data.isEmpty)
            let nobody = Keypair().address
            #expect(try await rpc.getAccountInfo(nobody).value == nil)
            #expect(try await rpc.getMultipleAccounts([nobody, wallet.address]).value == [nil, account])
            let latest = try await rpc.getLatestBlockhash().value
            #expect(try await rpc.isBlockhashValid(latest.blockhash).value)
            let epoch = try await rpc.getEpochInfo()
            #expect(latest.lastValidBlockHeight > epoch.blockHeight)
            #expect(latest.lastValidBlockHeight <= epoch.blockHeight + 151)
            #expect(try await rpc.getSlot() >= epoch.absoluteSlot)
            #expect(try await rpc.getBlockHeight() >= epoch.blockHeight)
            #expect(try await rpc.getMinimumBalanceForRentExemption(dataLength: 0) > .zero)
            _ = try await rpc.getRecentPrioritizationFees()
            #expect(try await rpc.getSignaturesForAddress(wallet.address).count == 1)
        }
    }

    @Test("A transfer is confirmed with the VM's own compute units, fee and logs", arguments: [true, false])
    func transfer(withPubSub: Bool) async throws {
        try await withClient { client in
            let (rpc, pubsub, wallet) = (client.rpc, client.pubsub, client.wallet)
            try await rpc.airdrop(2_000_000_000, to: wallet.address)
            let friend = Keypair().address
            let transfer = SystemProgram.transfer(from: wallet.address, to: friend, lamports: 1_000_000_000)
            let price = ComputeBudgetProgram.setComputeUnitPrice(1_000_000)
            let done = try await pubsub.runWhile {
                try await TransactionSender(rpc: rpc, pubsub: withPubSub ? pubsub : nil, policy: .localnet)
                    .send([transfer, price], payer: wallet)
            }
            // The limit is 1,000 units; at a price of one lamport each that costs 1,000 lamports.
            #expect(done.fee == 6_000)
            #expect(done.computeUnits == 450)
            #expect(done.logs.contains("Program 11111111111111111111111111111111 success"))
            #expect(try await rpc.getBalance(of: friend).value == 1_000_000_000)
            #expect(try await rpc.getBalance(of: wallet.address).value == 999_994_000)
            let record = try #require(try await rpc.getTransaction(done.signature))
            #expect(record.meta?.fee == 6_000)
            #expect(record.transaction?.id == done.signature)
        }
    }

    @Test("Fees are what the VM charges, with and without a limit of compute units")
    func fees() async throws {
        try await withClient { client in
            let (rpc, wallet) = (client.rpc, client.wallet)
            try await rpc.airdrop(3_000_000_000, to: wallet.address)
            let transfer = SystemProgram.transfer(from: wallet.address, to: Keypair().address, lamports: 900_000_000)
            let limits: [SendPolicy.ComputeUnitLimit] = [
                .runtimeDefault, .fixed(5_000), .simulated(factor: 2, floor: 7),
            ]
            for limit in limits {
                var policy = SendPolicy.localnet
                policy.computeUnitLimit = limit
                policy.priorityFee = .fixed(2_000_000)
                let pending = Shared(Mutex<Lamports?>(nil))
                let done = try await TransactionSender(rpc: rpc, policy: policy).send([transfer], payer: wallet) {
                    signed in
                    pending.value.withLock { $0 = signed.fee }
                }
                #expect(pending.value.withLock { $0 } == done.fee)
            }
        }
    }

    @Test("An overdraft is refused by the VM with the system program's error")
    func overdraft() async throws {
        try await withClient { client in
            let (rpc, wallet) = (client.rpc, client.wallet)
            try await rpc.airdrop(1_000_000_000, to: wallet.address)
            let transfer = SystemProgram.transfer(from: wallet.address, to: Keypair().address, lamports: 2_000_000_000)
            for simulates in [true, false] {
                var policy = SendPolicy.localnet
                policy.simulates = simulates
                do {
                    try await TransactionSender(rpc: rpc, policy: policy).send([transfer], payer: wallet)
                    Issue.record("it went through")
                } catch let error as TransactionSendError {
                    #expect(error.failure?.error == .instructionError(index: 0, .custom(1)))
                    #expect(error.failure?.program == SystemProgram.id)
                    #expect(error.programError is UnexpectedSuccess)
                    #expect(error.fee == .zero)
                }
            }
            #expect(try await rpc.getBalance(of: wallet.address).value == 1_000_000_000)
        }
    }

    @Test("Subscriptions tell of a transfer")
    func subscriptions() async throws {
        try await withClient { client in
            let (rpc, pubsub, wallet) = (client.rpc, client.pubsub, client.wallet)
            try await rpc.airdrop(2_000_000_000, to: wallet.address)
            let friend = Keypair().address
            let seen = try await pubsub.runWhile {
                try await withThrowingTaskGroup(of: String.self) { group in
                    let ready = ReadyCount(3)
                    group.addTask {
                        try await pubsub.withAccountSubscription(friend) { events in
                            for try await event in events {
                                if event == .active { ready.tick() }
                                if event.value?.lamports == 1_000_000_000 { return "account" }
                            }
                            return "account ended"
                        }
                    }
                    group.addTask {
                        try await pubsub.withLogsSubscription(.mentioning(friend)) { events in
                            for try await event in events {
                                if event == .active { ready.tick() }
                                if let logs = event.value, logs.error == nil { return "logs" }
                            }
                            return "logs ended"
                        }
                    }
                    group.addTask {
                        try await pubsub.withSlotSubscription { events in
                            var count = 0
                            for try await event in events {
                                if event == .active { ready.tick() }
                                if event.value != nil { count += 1 }
                                if count == 3 { return "slots" }
                            }
                            return "slots ended"
                        }
                    }
                    group.addTask {
                        try await ready.wait()
                        let transfer = SystemProgram.transfer(from: wallet.address, to: friend, lamports: 1_000_000_000)
                        try await TransactionSender(rpc: rpc, pubsub: pubsub, policy: .localnet)
                            .send([transfer], payer: wallet)
                        return "sent"
                    }
                    var seen: Set<String> = []
                    for try await end in group { seen.insert(end) }
                    return seen
                }
            }
            #expect(seen == ["account", "logs", "slots", "sent"])
        }
    }

    @Test("Program accounts come by filters, and in the slice that was asked for")
    func programAccounts() async throws {
        try await withClient { client in
            let rpc = client.rpc
            let accounts = try await rpc.getProgramAccounts(
                of: SystemProgram.id,
                filters: [.dataSize(0)],
                dataSlice: DataSlice.none
            )
            #expect(!accounts.value.isEmpty)
            #expect(accounts.value.allSatisfy { $0.account.data.isEmpty && $0.account.owner == SystemProgram.id })
        }
    }
}
