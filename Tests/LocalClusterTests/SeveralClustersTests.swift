import CurlHTTP
import JSON
import Solana
import Testing

@testable import LocalCluster

@Suite("Several clusters in one process")
struct SeveralClustersTests {
    @Test("Three clusters, each at its own pace, know nothing of each other's money, blockhashes and faults")
    func apart() async throws {
        let alice = TestLedger.wallet(1)
        let bob = TestLedger.wallet(2)
        try await LocalCluster.withRunning(.testing(slot: .milliseconds(10))) { quick in
            try await LocalCluster.withRunning(.testing(pace: .manual)) { still in
                try await LocalCluster.withRunning(.testing(pace: .manual)) { other in
                    let clusters = [quick, still, other]
                    #expect(Set(clusters.flatMap { [$0.rpcURL, $0.webSocketURL] }).count == 6)
                    let slots = (still.slot, other.slot)
                    try still.airdrop(1_000_000_000, to: alice.address)
                    // One cluster's slots pass by themselves, another's by order, the third one's not at all.
                    try await WebSocketClient.withConnection(to: quick) { client in
                        _ = try await client.call("slotSubscribe")
                        for _ in 0..<10 { #expect(try await client.notification().method == "slotNotification") }
                    }
                    for _ in 0..<5 { still.advanceSlot() }
                    #expect(still.slot == slots.0 + 5 && other.slot == slots.1)

                    var transaction = try Transaction(
                        feePayer: alice.address,
                        instructions: [pay(alice, bob.address, 900_000_000)],
                        recentBlockhash: still.latestBlockhash()
                    )
                    try transaction.sign(by: [alice])
                    #expect(try still.submit(transaction).error == nil)
                    // The youngest blockhash of a cluster that is further is none of the others'.
                    #expect(throws: TransactionError.blockhashNotFound) { try other.submit(transaction) }
                    #expect(clusters.map { $0.balance(of: bob.address) } == [0, 900_000_000, 0])

                    other.faults.inject(Fault(.httpStatus(503)))
                    let call: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": "getSlot"]
                    var statuses: [Int] = []
                    for cluster in clusters {
                        statuses.append(try await JSONRPC(cluster).post(call.serialized()).status)
                    }
                    #expect(statuses == [200, 200, 503])
                }
            }
        }
    }
}
