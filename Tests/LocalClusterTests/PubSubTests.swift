import JSON
import NIOCore
import NIOWebSocket
import Solana
import Testing

@testable import LocalCluster

/// The PubSub endpoint over a real WebSocket.
@Suite("PubSub")
struct PubSubTests {
    let alice = TestLedger.wallet(1)
    let bob = TestLedger.wallet(2)

    func withCluster(_ body: (LocalCluster) async throws -> Void) async throws {
        var configuration = LocalCluster.Configuration.testing(pace: .manual)
        configuration.ledger.accounts[alice.address] = LedgerAccount(
            lamports: Lamports(10 * Lamports.perSOL),
            owner: SystemProgram.id
        )
        try await LocalCluster.withRunning(configuration, body)
    }

    func send(_ lamports: UInt64, _ cluster: LocalCluster, to: Address? = nil) throws -> Signature {
        var transaction = try Transaction(
            feePayer: alice.address,
            instructions: [pay(alice, to ?? bob.address, lamports)],
            recentBlockhash: cluster.latestBlockhash()
        )
        try transaction.sign(by: [alice])
        return try cluster.submit(transaction).signature
    }

    @Test("Accounts, logs and slots are told at their commitment, in the ledger's order")
    func levels() async throws {
        try await withCluster { cluster in
            try await WebSocketClient.withConnection(to: cluster) { client in
                let key = JSONValue.string(bob.address.base58)
                let atOnce = try await client.call(
                    "accountSubscribe",
                    key,
                    ["encoding": "base64", "commitment": "processed"]
                )
                let later = try await client.call(
                    "accountSubscribe",
                    key,
                    ["encoding": "base64", "commitment": "confirmed"]
                )
                let logs = try await client.call(
                    "logsSubscribe",
                    ["mentions": [key]],
                    ["commitment": "processed"]
                )
                let slots = try await client.call("slotSubscribe")
                #expect(Set([atOnce, later, logs, slots]).count == 4)

                let start = cluster.slot
                let signature = try send(5_000_000, cluster)
                let first = try await client.notification()
                #expect(first.method == "accountNotification")
                #expect(first.subscription == atOnce)
                #expect(first.result["context"]?["slot"] == .unsigned(start))
                #expect(first.result["value"]?["lamports"] == 5_000_000)
                #expect(first.result["value"]?["data"] == ["", "base64"])
                let log = try await client.notification()
                #expect(log.method == "logsNotification")
                #expect(log.result["value"]?["signature"] == .string(signature.base58))
                #expect(log.result["value"]?["err"] == .null)
                #expect(log.result["value"]?["logs"]?.elements?.count == 2)

                cluster.advanceSlot()
                let slot = try await client.notification()
                #expect(slot.method == "slotNotification")
                #expect(slot.result == ["slot": .unsigned(start + 1), "parent": .unsigned(start), "root": 0])
                let confirmed = try await client.notification()
                #expect(confirmed.subscription == later)
                #expect(confirmed.result["context"]?["slot"] == .unsigned(start))
                #expect(confirmed.result["value"]?["lamports"] == 5_000_000)
            }
        }
    }

    @Test("A signature is told once, also if it landed before, and its subscription is over then")
    func signatures() async throws {
        try await withCluster { cluster in
            try await WebSocketClient.withConnection(to: cluster) { client in
                let landed = try send(5_000_000, cluster)
                let options: JSONValue = ["commitment": "processed"]
                let before = try await client.call("signatureSubscribe", .string(landed.base58), options)
                let told = try await client.notification()
                #expect(told.method == "signatureNotification")
                #expect(told.subscription == before)
                #expect(told.result["value"] == ["err": .null])
                let gone = try await client.answer("signatureUnsubscribe", [before])
                #expect(gone["error"]?["code"] == -32_602)

                var failing = try Transaction(
                    feePayer: alice.address,
                    instructions: [pay(alice, bob.address, 1 << 60)],
                    recentBlockhash: cluster.latestBlockhash()
                )
                try failing.sign(by: [alice])
                let id = try #require(failing.id)
                _ = try await client.call("signatureSubscribe", .string(id.base58), ["commitment": "confirmed"])
                try cluster.submit(failing)
                cluster.advanceSlot()
                let failed = try await client.notification()
                #expect(failed.result["value"]?["err"] == ["InstructionError": [0, ["Custom": 1]]])
                #expect(cluster.withState { $0.subscriptions.count } == 0)
            }
        }
    }

    @Test("A program's accounts are told through filters; one that is gone is not, as on a validator")
    func programs() async throws {
        let owner = TestLedger.wallet(70).address
        let account = TestLedger.wallet(71)
        try await withCluster { cluster in
            try await WebSocketClient.withConnection(to: cluster) { client in
                let program = JSONValue.string(SystemProgram.id.base58)
                _ = try await client.call(
                    "programSubscribe",
                    .string(owner.base58),
                    ["encoding": "base64", "commitment": "processed", "filters": [["dataSize": 4]]]
                )
                let wallets = try await client.call(
                    "programSubscribe",
                    program,
                    ["encoding": "base64", "commitment": "processed"]
                )
                for space in [5, 4] {
                    let signer = space == 4 ? account : TestLedger.wallet(72)
                    var transaction = try Transaction(
                        feePayer: alice.address,
                        instructions: [
                            SystemProgram.createAccount(
                                signer.address,
                                funder: alice.address,
                                lamports: 5_000_000,
                                space: UInt64(space),
                                owner: owner
                            )
                        ],
                        recentBlockhash: cluster.latestBlockhash()
                    )
                    try transaction.sign(by: [alice, signer])
                    try cluster.submit(transaction)
                }
                // Alice's wallet twice, and between and after that only the account that passes the filter.
                var told: [(JSONValue, JSONValue?)] = []
                for _ in 0..<3 {
                    let notification = try await client.notification()
                    told.append((notification.subscription, notification.result["value"]?["pubkey"]))
                }
                #expect(
                    told.filter { $0.0 == wallets }.map(\.1) == [
                        .string(alice.address.base58), .string(alice.address.base58),
                    ]
                )
                #expect(told.filter { $0.0 != wallets }.map(\.1) == [.string(account.address.base58)])
            }
        }
    }

    @Test("Malformed calls are answered, pings are answered, unknown methods refused")
    func protocolErrors() async throws {
        try await withCluster { cluster in
            try await WebSocketClient.withConnection(to: cluster) { client in
                try await client.send(Array("{".utf8))
                #expect(try await client.receive()["error"]?["code"] == -32_700)
                try await client.send(Array(#"{"jsonrpc":"2.0","id":1}"#.utf8))
                #expect(try await client.receive()["error"]?["code"] == -32_600)
                // The keep-alive of some clients: no id, no answer.
                try await client.send(Array(#"{"jsonrpc":"2.0","method":"ping"}"#.utf8))
                let cases: [(String, JSONValue, JSONValue)] = [
                    ("blockSubscribe", [], -32_601),
                    ("accountSubscribe", [], -32_602),
                    ("accountSubscribe", ["x"], -32_602),
                    ("signatureSubscribe", [.string(bob.address.base58)], -32_602),
                    ("logsSubscribe", ["some"], -32_602),
                    ("logsSubscribe", [["mentions": []]], -32_602),
                    ("accountUnsubscribe", [12_345], -32_602),
                ]
                for (method, parameters, code) in cases {
                    let answer = try await client.answer(method, parameters)
                    #expect(answer["error"]?["code"] == code, "\(method): \(answer)")
                }
                try await client.send([1, 2, 3], opcode: .ping)
                let pong = try await client.frame()
                #expect(pong.opcode == .pong)
                #expect([UInt8](buffer: pong.unmaskedData) == [1, 2, 3])
                // A message in two fragments is one message.
                try await client.send(Array(#"{"jsonrpc":"2.0","id":9,"method":"#.utf8), fin: false)
                try await client.send(Array(#""slotSubscribe"}"#.utf8), opcode: .continuation)
                #expect(try await client.receive()["id"] == 9)
            }
        }
    }

    @Test("A client's subscriptions end with its connection, and one may only end its own")
    func lifetimes() async throws {
        try await withCluster { cluster in
            try await WebSocketClient.withConnection(to: cluster) { client in
                let id = try await client.call("slotSubscribe")
                try await WebSocketClient.withConnection(to: cluster) { other in
                    let answer = try await other.answer("slotUnsubscribe", [id])
                    #expect(answer["error"]?["code"] == -32_602)
                    _ = try await other.call("rootSubscribe")
                }
                #expect(try await client.call("slotUnsubscribe", id) == true)
                cluster.dropPubSubConnections()
            }
            // The server notices a closed connection on its own time.
            while cluster.withState({ $0.subscriptions.count }) > 0 { await Task.yield() }
        }
    }

    @Test("Notifications can be lost, and cut their socket off, by fault")
    func notificationFaults() async throws {
        try await withCluster { cluster in
            try await WebSocketClient.withConnection(to: cluster) { client in
                _ = try await client.call("slotSubscribe")
                _ = try await client.call("rootSubscribe")
                cluster.faults.inject(Fault(.silence, methods: ["slotNotification"], limit: 3))
                for _ in 0..<4 { cluster.advanceSlot() }
                var slots: [JSONValue] = []
                while slots.isEmpty {
                    let notification = try await client.notification()
                    if notification.method == "slotNotification" { slots.append(notification.result["slot"] ?? .null) }
                }
                #expect(slots == [.unsigned(cluster.slot)])
                #expect(cluster.faults.counts[.silence] == 3)
                cluster.faults.inject(Fault(.dropSocket, limit: 1))
                cluster.advanceSlot()
                await #expect(throws: (any Error).self) {
                    while true { _ = try await client.frame() }
                }
            }
        }
    }

    @Test("The steps in a slot's life are told")
    func slotUpdates() async throws {
        try await withCluster { cluster in
            try await WebSocketClient.withConnection(to: cluster) { client in
                _ = try await client.call("slotsUpdatesSubscribe")
                _ = try send(1_000_000, cluster)
                let ended = cluster.slot
                for _ in 0..<6 { cluster.advanceSlot() }
                var seen: [String] = []
                while seen.last != "root" {
                    let result = try await client.notification().result
                    guard result["slot"]?.count == ended, let type = result["type"]?.text else { continue }
                    seen.append(type)
                    if type == "frozen" { #expect(result["stats"]?["numSuccessfulTransactions"] == 1) }
                }
                #expect(seen == ["frozen", "optimisticConfirmation", "root"])
            }
        }
    }

    @Test("Sockets can be dropped and silenced on purpose")
    func faults() async throws {
        try await withCluster { cluster in
            try await WebSocketClient.withConnection(to: cluster) { client in
                _ = try await client.call("slotSubscribe")
                cluster.faults.arePubSubNotificationsSilent = true
                cluster.advanceSlot()
                // The answer comes, the notification before it did not.
                _ = try await client.call("rootSubscribe")
                cluster.faults.clear()
                cluster.advanceSlot()
                let slot = try await client.notification()
                #expect(slot.result["slot"] == .unsigned(cluster.slot))
                cluster.dropPubSubConnections()
                await #expect(throws: (any Error).self) {
                    while true { _ = try await client.frame() }
                }
            }
        }
    }
}
