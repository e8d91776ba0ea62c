import LocalCluster
import Solana
import Synchronization
import Testing
import VirtualTime

@testable import SolanaRPC

@Suite("Waiting for an account", .timeLimit(.minutes(1)))
struct AccountWaitTests {
    private static func account(_ lamports: Int) -> String {
        #"{"lamports":\#(lamports),"data":["","base64"],"owner":"11111111111111111111111111111111","executable":false,"#
            + #""rentEpoch":0}"#
    }

    @Test("Polling goes on through failures that pass, until the account is as wanted")
    func polling() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport(
                sequence: [
                    Reply.value("null", slot: 10), Reply.http(502), Reply.http(502),
                    Reply.value(Self.account(1), slot: 11),
                    Reply.value(Self.account(7), slot: 12),
                ]
            )
            let rpc = RPCClient(node, machine: machine, policy: RPCPolicy(maximumAttempts: 2))
            let seen = Shared(Mutex<[UInt64?]>([]))
            let found = try await rpc.waitForAccount(.zero, pollInterval: .seconds(1)) { account in
                seen.value.withLock { $0.append(account.value?.lamports.rawValue) }
                return account.value.flatMap { $0.lamports == 7 ? account.slot : nil }
            }
            #expect(found == 12)
            #expect(seen.value.withLock { $0 } == [nil, 1, 7])
        }
    }

    @Test("A deadline ends it with nil, what the caller throws ends it, and so does a failure that stays")
    func ends() async throws {
        try await VirtualTime.run { machine async throws in
            let rpc = RPCClient(ScriptedTransport(Reply.value("null")), machine: machine)
            let start = machine.now
            let nothing: Int? = try await rpc.waitForAccount(.zero, deadline: .seconds(9)) { _ in nil }
            #expect(nothing == nil)
            #expect(machine.now - start == .seconds(9))
            await #expect(throws: JSONRequestError.self) {
                try await rpc.waitForAccount(.zero) { (_) throws -> Int? in throw JSONRequestError() }
            }
            let forbidden = RPCClient(ScriptedTransport(Reply.http(403)), machine: machine)
            await #expect(throws: RPCError.self) { try await forbidden.waitForAccount(.zero) { _ -> Int? in nil } }
        }
    }

    @Test("An older state than one that was judged is not judged", arguments: [true, false])
    func order(isMonotonic: Bool) async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport(
                sequence: [
                    Reply.value(Self.account(1), slot: 20), Reply.value(Self.account(9), slot: 19),
                    Reply.value(Self.account(2), slot: 21),
                ]
            )
            let rpc = RPCClient(node, machine: machine, policy: RPCPolicy(isMonotonic: isMonotonic))
            let found = try await rpc.waitForAccount(.zero, pollInterval: .seconds(1)) { account in
                account.value.flatMap { $0.lamports > 1 ? $0.lamports : nil }
            }
            #expect(found == 2)
        }
    }

    @Test("A notice wins against a poll in an hour; a subscription that never comes leaves it to polling")
    func subscription() async throws {
        try await LocalCluster.withRunning(.testing()) { cluster in
            let description = try Cluster(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL)
            let rpc = RPCClient(cluster: description, policy: .localnet)
            let wallet = Keypair().address
            let looks = Shared(Mutex(0))
            let wait: @Sendable (PubSubClient, Duration) async throws -> Lamports? = { pubsub, interval in
                try await rpc.waitForAccount(wallet, pubsub: pubsub, pollInterval: interval, deadline: .seconds(30)) {
                    account in
                    let isFirst = looks.value.withLock { looks in
                        looks += 1
                        return looks == 2
                    }
                    // The subscription stands, and the account has been read: now it comes into being.
                    if isFirst { try cluster.airdrop(5_000_000, to: wallet) }
                    return account.value.map { $0.lamports }
                }
            }
            let heard = try await PubSubClient.withClient(cluster: description, configuration: .localnet) {
                try await wait($0, .seconds(3_600))
            }
            #expect(heard == 5_000_000)
            let idle = PubSubClient(cluster: description, configuration: .localnet)
            #expect(try await wait(idle, .milliseconds(20)) == 5_000_000)
        }
    }
}
