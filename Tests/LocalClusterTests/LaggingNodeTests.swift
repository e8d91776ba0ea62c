import JSON
import Solana
import Testing

@testable import LocalCluster

/// Two front ends on one ledger, the second one some slots late.
@Suite("A lagging node")
struct LaggingNodeTests {
    let alice = TestLedger.wallet(1)
    let bob = TestLedger.wallet(2)

    func withCluster(
        lag: UInt64,
        _ body: (LocalCluster, JSONRPC, JSONRPC) async throws -> Void
    ) async throws {
        var configuration = LocalCluster.Configuration.testing(pace: .manual)
        configuration.laggingNode = LocalCluster.LaggingNode(slots: lag)
        configuration.ledger.accounts[alice.address] = LedgerAccount(
            lamports: Lamports(10 * Lamports.perSOL),
            owner: SystemProgram.id
        )
        try await LocalCluster.withRunning(configuration) { cluster in
            for _ in 0..<20 { cluster.advanceSlot() }
            let lagging = try #require(cluster.laggingEndpoints)
            try await body(cluster, JSONRPC(cluster), JSONRPC(url: lagging.rpcURL))
        }
    }

    func send(_ lamports: UInt64, _ cluster: LocalCluster) throws -> Signature {
        var transaction = try Transaction(
            feePayer: alice.address,
            instructions: [pay(alice, bob.address, lamports)],
            recentBlockhash: cluster.latestBlockhash()
        )
        try transaction.sign(by: [alice])
        return try cluster.submit(transaction).signature
    }

    static let processed: JSONValue = ["commitment": "processed"]

    @Test("It answers as the cluster was, and catches up slot by slot", arguments: [1, 3, 12] as [UInt64])
    func reads(lag: UInt64) async throws {
        try await withCluster(lag: lag) { cluster, ahead, behind in
            let signature = JSONValue.string(try send(5_000_000, cluster).base58)
            let address = JSONValue.string(bob.address.base58)
            let landed = cluster.slot
            for _ in 0..<lag {
                #expect(try await ahead.call("getSlot", Self.processed) == .unsigned(cluster.slot))
                #expect(try await behind.call("getSlot", Self.processed) == .unsigned(cluster.slot - lag))
                #expect(try await ahead.call("getBalance", address, Self.processed)["value"] == 5_000_000)
                let old = try await behind.call("getBalance", address, Self.processed)
                #expect(old["value"] == 0)
                #expect(old["context"]?["slot"] == .unsigned(cluster.slot - lag))
                #expect(try await behind.call("getSignatureStatuses", [signature])["value"]?.elements == [.null])
                #expect(try await behind.call("getTransaction", signature, ["commitment": "confirmed"]) == .null)
                let history = try await behind.call("getSignaturesForAddress", address, ["commitment": "confirmed"])
                #expect(history == [])
                #expect(try await behind.refusal("getBlock", .unsigned(landed))["code"] == -32_004)
                cluster.advanceSlot()
            }
            #expect(try await behind.call("getBalance", address, Self.processed)["value"] == 5_000_000)
            let status = try await behind.call("getSignatureStatuses", [signature])["value"]?.elements?.first
            #expect(status?["confirmationStatus"] == "processed")
            cluster.advanceSlot()
            #expect(try await behind.call("getTransaction", signature, ["commitment": "confirmed"]) != .null)
        }
    }

    @Test("It says so when a client has seen a newer slot, and knows no blockhash from later")
    func minimumContextSlot() async throws {
        try await withCluster(lag: 5) { cluster, ahead, behind in
            let seen = try #require(try await ahead.call("getSlot", Self.processed).count)
            let options: JSONValue = ["commitment": "processed", "minContextSlot": .unsigned(seen)]
            let address = JSONValue.string(alice.address.base58)
            for (method, parameters) in [
                ("getBalance", [address, options]), ("getAccountInfo", [address, options]), ("getSlot", [options]),
                ("getLatestBlockhash", [options]), ("getEpochInfo", [options]),
                ("getProgramAccounts", [address, options]),
            ] as [(String, [JSONValue])] {
                let answer = try await behind.answer(method, .array(parameters))
                #expect(answer["error"]?["code"] == -32_016, "\(method)")
                #expect(answer["error"]?["data"]?["contextSlot"] == .unsigned(seen - 5), "\(method)")
                #expect(try await ahead.answer(method, .array(parameters))["error"] == nil, "\(method)")
            }
            // A blockhash from the node that is ahead means nothing here yet; sent past the preflight, it lands.
            var transaction = try Transaction(
                feePayer: alice.address,
                instructions: [pay(alice, bob.address, 7_000_000)],
                recentBlockhash: cluster.latestBlockhash()
            )
            try transaction.sign(by: [alice])
            let wire = JSONValue.string(Base64.encode(try transaction.serialized()))
            let preflight: JSONValue = ["encoding": "base64", "preflightCommitment": "processed"]
            let refusal = try await behind.refusal("sendTransaction", wire, preflight)
            #expect(refusal["data"]?["err"] == "BlockhashNotFound")
            _ = try await behind.call("sendTransaction", wire, ["encoding": "base64", "skipPreflight": true])
            #expect(cluster.balance(of: bob.address) == 7_000_000)
            for _ in 0..<5 { cluster.advanceSlot() }
            #expect(try await behind.call("getBalance", address, options)["context"]?["slot"] == .unsigned(seen))
        }
    }

    @Test("It notifies late, in order, and only its own listeners")
    func notifications() async throws {
        try await withCluster(lag: 3) { cluster, _, _ in
            let url = try #require(cluster.laggingEndpoints).webSocketURL
            let address = JSONValue.string(bob.address.base58)
            try await WebSocketClient.withConnection(url: url) { behind in
                for options in [Self.processed, ["commitment": "confirmed"]] {
                    _ = try await behind.call("accountSubscribe", address, options)
                }
                _ = try await behind.call("slotSubscribe")
                let landed = cluster.slot
                _ = try send(5_000_000, cluster)
                for _ in 0..<4 { cluster.advanceSlot() }
                var told: [String] = []
                for _ in 0..<6 {
                    let notification = try await behind.notification()
                    let slot = notification.result["slot"] ?? notification.result["context"]?["slot"]
                    told.append("\(notification.method) \(slot?.count ?? 0)")
                }
                #expect(
                    told == [
                        "slotNotification \(landed - 2)", "slotNotification \(landed - 1)",
                        "slotNotification \(landed)", "accountNotification \(landed)",
                        "slotNotification \(landed + 1)", "accountNotification \(landed)",
                    ]
                )
            }
        }
    }

    @Test("Far behind, it is unhealthy")
    func health() async throws {
        try await withCluster(lag: 127) { _, _, behind in
            let health = try await behind.call("getHealth")
            #expect(health == "ok")
        }
        try await withCluster(lag: 128) { _, ahead, behind in
            let refusal = try await behind.refusal("getHealth")
            #expect(refusal["code"] == -32_005)
            #expect(refusal["data"]?["numSlotsBehind"] == 128)
            #expect(try await ahead.call("getHealth") == "ok")
        }
    }
}
