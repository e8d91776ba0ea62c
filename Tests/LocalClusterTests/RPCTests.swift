import CurlHTTP
import Foundation
import JSON
import Solana
import Testing

@testable import LocalCluster

/// The JSON-RPC endpoint over real HTTP, with the shapes and codes that Agave gives.
@Suite("JSON-RPC")
struct RPCTests {
    static let manual = LocalCluster.Configuration.testing(pace: .manual)

    /// Two wallets, the first with 10 SOL.
    let alice = TestLedger.wallet(1)
    let bob = TestLedger.wallet(2)

    func withCluster(
        _ configure: (inout LocalCluster.Configuration) -> Void,
        run body: (LocalCluster, JSONRPC) async throws -> Void
    ) async throws {
        var configuration = Self.manual
        configuration.ledger.genesisTime = 1_700_000_000
        configuration.ledger.accounts[alice.address] = LedgerAccount(
            lamports: Lamports(10 * Lamports.perSOL),
            owner: SystemProgram.id
        )
        configure(&configuration)
        try await LocalCluster.withRunning(configuration) { cluster in
            try await body(cluster, JSONRPC(cluster))
        }
    }

    func withCluster(_ body: (LocalCluster, JSONRPC) async throws -> Void) async throws {
        try await withCluster({ _ in }, run: body)
    }

    func transfer(
        _ lamports: UInt64,
        _ cluster: LocalCluster,
        blockhash: Blockhash? = nil,
        to: Address? = nil
    ) throws -> Transaction {
        var transaction = try Transaction(
            feePayer: alice.address,
            instructions: [pay(alice, to ?? bob.address, lamports)],
            recentBlockhash: blockhash ?? cluster.latestBlockhash()
        )
        try transaction.sign(by: [alice])
        return transaction
    }

    func encoded(_ transaction: Transaction) throws -> JSONValue {
        .string(Base64.encode(try transaction.serialized()))
    }

    static let processed: JSONValue = ["commitment": "processed"]

    // MARK: Envelope

    @Test("Malformed calls get the codes of JSON-RPC")
    func envelope() async throws {
        try await withCluster { _, rpc in
            let cases: [(String, Int64, String)] = [
                ("{", -32_700, "Parse error"),
                ("", -32_700, "Parse error"),
                ("{}", -32_600, "Invalid request"),
                ("[]", -32_600, "Invalid request"),
                ("7", -32_600, "Invalid request"),
                (#"{"jsonrpc":"1.0","id":1,"method":"getSlot"}"#, -32_600, "Invalid request"),
                (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32_600, "Invalid request"),
                (#"{"jsonrpc":"2.0","id":1,"method":"getNonsense"}"#, -32_601, "Method not found"),
                (String(repeating: "[", count: 10_000), -32_700, "Parse error"),
                (#"{"jsonrpc":"2.0","id":1,"method":"getSlot","params":[1e999]}"#, -32_700, "Parse error"),
            ]
            for (text, code, message) in cases {
                let error = try await rpc.post(text)["error"]
                #expect(error?["code"] == .signed(code), "\(text.prefix(80))")
                #expect(error?["message"] == .string(message), "\(text.prefix(80))")
            }
            // Parameters by name are no JSON-RPC error, but nothing that a node takes.
            let named = try await rpc.answer("getBalance", ["pubkey": "x"])
            #expect(named["error"]?["code"] == -32_602)
            let missing = try await rpc.refusal("getBalance")
            #expect(missing["message"] == "`params` should have at least 1 argument(s)")
        }
    }

    @Test("A batch is answered in order, notifications are not answered")
    func batch() async throws {
        try await withCluster { _, rpc in
            let answers = try await rpc.post(
                #"""
                [{"jsonrpc":"2.0","id":"a","method":"getHealth"},{"jsonrpc":"2.0","method":"getHealth"},
                 {"jsonrpc":"2.0","id":null,"method":"getNonsense"},5,{"jsonrpc":"2.0","id":3,"method":"getSlot"}]
                """#
            ).elements
            #expect(answers?.count == 4)
            #expect(answers?[0] == ["jsonrpc": "2.0", "id": "a", "result": "ok"])
            #expect(answers?[1]["error"]?["code"] == -32_601)
            #expect(answers?[2]["error"]?["code"] == -32_600)
            #expect(answers?[3]["id"] == 3)
        }
    }

    @Test("A port that is taken is named, with what to do")
    func takenPorts() async throws {
        try await withCluster { cluster, _ in
            for (url, isRPC) in [(cluster.rpcURL, true), (cluster.webSocketURL, false)] {
                let port = try #require(url.split(separator: ":").last.flatMap { Int($0) })
                var configuration = LocalCluster.Configuration.testing(pace: .manual)
                configuration.rpcPort = isRPC ? port : 0
                configuration.pubSubPort = isRPC ? 0 : port
                let error = await #expect(throws: ListenError.self) {
                    try await LocalCluster.withRunning(configuration) { _ in }
                }
                #expect(error?.port == port)
                #expect(error?.service == (isRPC ? "JSON-RPC" : "PubSub"))
            }
        }
    }

    @Test("HTTP is as strict as a node's")
    func http() async throws {
        try await withCluster { cluster, rpc in
            #expect(try await rpc.post([], contentType: "text/plain").status == 415)
            #expect(try await rpc.post([UInt8](repeating: 32, count: 51_201)).status == 413)
            let get = try await HTTPClient.shared.send(HTTPRequest(method: .get, url: cluster.rpcURL))
            #expect(get.status == 405)
            let health = try await HTTPClient.shared.send(HTTPRequest(method: .get, url: cluster.rpcURL + "/health"))
            #expect(health.status == 200)
            #expect(health.body == Array("ok".utf8))
        }
    }

    @Test("Wrong parameters say what is wrong, in serde's words where clients look for them")
    func parameters() async throws {
        try await withCluster { _, rpc in
            let address = JSONValue.string(bob.address.base58)
            let base64: JSONValue = ["encoding": "base64"]
            let negative: JSONValue = ["encoding": "base64", "dataSlice": ["offset": -1, "length": 2]]
            let filters: JSONValue = ["filters": .array(Array(repeating: ["dataSize": 1], count: 5))]
            let many = { (count: Int) in JSONValue.array(Array(repeating: address, count: count)) }
            let cases: [(method: String, parameters: JSONValue, message: String)] = [
                ("getBalance", ["abc"], "Invalid param: WrongSize"),
                ("getBalance", ["0OIl"], "Invalid param: Invalid"),
                ("getBalance", [7], "expected a string"),
                ("getBalance", [address, ["commitment": "soon"]], "unknown variant `soon`"),
                ("getBalance", [address, 5], "invalid type: integer `5`"),
                ("getBalance", [address, ["minContextSlot": -1]], "expected u64"),
                ("getAccountInfo", [address, ["encoding": "xml"]], "unknown variant `xml`"),
                ("getAccountInfo", [address, negative], "dataSlice"),
                ("getMultipleAccounts", [many(101)], "Too many inputs provided; max 100"),
                ("getSignatureStatuses", [many(257)], "Too many inputs provided; max 256"),
                ("getProgramAccounts", [address, filters], "Too many filters provided; max 4"),
                ("getProgramAccounts", [address, ["filters": [["memcmp": 1]]]], "memcmp"),
                ("getProgramAccounts", [address, ["filters": [["tokenAccountState": nil]]]], "unknown filter"),
                (
                    "getTransaction", [.string(Signature.zero.base58), Self.processed],
                    "Method does not support commitment below `confirmed`"
                ),
                ("sendTransaction", ["!!", base64], "invalid base64"),
                ("sendTransaction", ["AQID", base64], "failed to deserialize"),
                ("sendTransaction", ["AQID", ["encoding": "hex"]], "unsupported encoding: hex"),
                (
                    "sendTransaction", [.string(String(repeating: "A", count: 1_645)), base64],
                    """
                    base64 encoded solana_transaction::versioned::VersionedTransaction too large: 1645 bytes \
                    (max: encoded/raw 1644/1232)
                    """
                ),
            ]
            for (method, parameters, message) in cases {
                let answer = try await rpc.answer(method, parameters)
                #expect(answer["error"]?["code"] == -32_602, "\(method): \(answer)")
                let found = answer["error"]?["message"]?.text ?? ""
                #expect(found.contains(message), "\(method): \(answer)")
            }
        }
    }

    // MARK: Accounts

    @Test("Accounts in every encoding, sliced, filtered, and absent")
    func accounts() async throws {
        let owner = TestLedger.wallet(70).address
        let small = TestLedger.wallet(71).address
        let large = TestLedger.wallet(72).address
        try await withCluster { configuration in
            configuration.ledger.accounts[small] = LedgerAccount(
                lamports: 2_000_000,
                data: [1, 2, 3, 4, 5],
                owner: owner
            )
            configuration.ledger.accounts[large] = LedgerAccount(
                lamports: 3_000_000,
                data: [UInt8](repeating: 9, count: 200),
                owner: owner
            )
        } run: { _, rpc in
            let key = JSONValue.string(small.base58)
            let plain = try await rpc.call("getAccountInfo", key)
            #expect(plain["context"]?["slot"] != nil)
            #expect(plain["value"]?["data"] == .string(Base58.encode([1, 2, 3, 4, 5])))
            #expect(plain["value"]?["owner"] == .string(owner.base58))
            #expect(plain["value"]?["rentEpoch"] == .unsigned(.max))
            #expect(plain["value"]?["space"] == 5)
            let base64 = try await rpc.call("getAccountInfo", key, ["encoding": "base64"])
            #expect(base64["value"]?["data"] == ["AQIDBAU=", "base64"])
            let sliced = try await rpc.call(
                "getAccountInfo",
                key,
                ["encoding": "base58", "dataSlice": ["offset": 3, "length": 99]]
            )
            #expect(sliced["value"]?["data"] == [.string(Base58.encode([4, 5])), "base58"])
            let parsed = try await rpc.call("getAccountInfo", key, ["encoding": "jsonParsed"])
            #expect(parsed["value"]?["data"] == ["AQIDBAU=", "base64"])
            let tooLarge = try await rpc.refusal("getAccountInfo", .string(large.base58))
            #expect(tooLarge["code"] == -32_600)
            let several = try await rpc.call("getMultipleAccounts", [key, .string(bob.address.base58)])
            #expect(several["value"]?.elements?.count == 2)
            #expect(several["value"]?.elements?[1] == .null)

            let program = JSONValue.string(owner.base58)
            let searches: [(filters: JSONValue, found: [Address])] = [
                ([["dataSize": 200]], [large]),
                ([["memcmp": ["offset": 1, "bytes": .string(Base58.encode([2, 3]))]]], [small]),
                ([["memcmp": ["offset": 1, "bytes": "AgM=", "encoding": "base64"]]], [small]),
                ([["memcmp": ["offset": 4, "bytes": [5]]]], [small]),
                ([["memcmp": ["offset": 4, "bytes": [5]]], ["dataSize": 200]], []),
                ([["memcmp": ["offset": .unsigned(.max), "bytes": [5]]]], []),
            ]
            for (filters, expected) in searches {
                let options: JSONValue = ["encoding": "base64", "filters": filters]
                let found = try await rpc.call("getProgramAccounts", program, options)
                #expect(found.elements?.map { $0["pubkey"]?.text } == expected.map(\.base58), "\(filters)")
            }
            let context = try await rpc.call(
                "getProgramAccounts",
                program,
                ["encoding": "base64", "withContext": true]
            )
            #expect(context["value"]?.elements?.count == 2)
        }
    }

    @Test("The clock and the rent are accounts")
    func sysvars() async throws {
        try await withCluster { cluster, rpc in
            cluster.advance(by: .seconds(1_000))
            let clock = try await rpc.call(
                "getAccountInfo",
                .string(WellKnownAddress.clock.base58),
                ["encoding": "jsonParsed", "commitment": "processed"]
            )
            let info = clock["value"]?["data"]?["parsed"]?["info"]
            #expect(info?["slot"] == .unsigned(cluster.slot))
            #expect(info?["unixTimestamp"] == 1_700_001_000)
            let rent = try #require(cluster.account(WellKnownAddress.rent))
            #expect(Rent(accountData: rent.data) == .standard)
            #expect(try await rpc.call("getMinimumBalanceForRentExemption", 0) == 890_880)
        }
    }

    // MARK: Sending

    @Test("A transfer is simulated, sent, confirmed, and read back in every form")
    func transfer() async throws {
        try await withCluster { cluster, rpc in
            let transaction = try transfer(5_000_000, cluster)
            let wire = try encoded(transaction)
            let options: JSONValue = ["encoding": "base64", "preflightCommitment": "processed"]
            let simulated = try await rpc.call(
                "simulateTransaction",
                wire,
                ["encoding": "base64", "commitment": "processed", "sigVerify": true]
            )
            #expect(simulated["value"]?["err"] == .null)
            #expect(simulated["value"]?["unitsConsumed"] == 150)
            #expect(cluster.balance(of: bob.address) == 0)

            let signature = try await rpc.call("sendTransaction", wire, options)
            #expect(signature.text == transaction.id?.base58)
            #expect(cluster.balance(of: bob.address) == 5_000_000)
            let status = { try await rpc.call("getSignatureStatuses", [signature])["value"]?.elements?.first }
            let first = try await status()
            #expect(first?["confirmationStatus"] == "processed")
            #expect(first?["status"] == ["Ok": nil])
            #expect(try await rpc.call("getTransaction", signature, ["commitment": "confirmed"]) == .null)
            cluster.advanceSlot()
            let second = try await status()
            #expect(second?["confirmationStatus"] == "confirmed")
            #expect(second?["confirmations"] == 1)
            for _ in 0..<4 { cluster.advanceSlot() }
            let last = try await status()
            #expect(last?["confirmationStatus"] == "finalized")
            #expect(last?["confirmations"] == .null)

            let json = try await rpc.call("getTransaction", signature, ["maxSupportedTransactionVersion": 0])
            #expect(json["version"] == "legacy")
            let meta = try #require(json["meta"])
            #expect(meta["fee"] == 5_000)
            #expect(meta["preBalances"] == [10_000_000_000, 0, 1])
            #expect(meta["postBalances"] == [9_994_995_000, 5_000_000, 1])
            #expect(meta["logMessages"]?.elements?.count == 2)
            let message = json["transaction"]?["message"]
            #expect(message?["accountKeys"]?.elements?.first == .string(alice.address.base58))
            #expect(message?["header"]?["numRequiredSignatures"] == 1)
            let base64 = try await rpc.call("getTransaction", signature, ["encoding": "base64"])
            #expect(base64["transaction"]?.elements?.first == wire)
            #expect(base64["version"] == nil)
            let parsed = try await rpc.call("getTransaction", signature, "jsonParsed")
            let instruction = parsed["transaction"]?["message"]?["instructions"]?.elements?.first
            #expect(instruction?["parsed"]?["type"] == "transfer")
            #expect(instruction?["parsed"]?["info"]?["lamports"] == 5_000_000)

            let history = try await rpc.call("getSignaturesForAddress", .string(bob.address.base58))
            #expect(history.elements?.map { $0["signature"] } == [signature])
        }
    }

    @Test("A failed preflight explains itself; skipping it lets the failure land")
    func failures() async throws {
        try await withCluster { cluster, rpc in
            let options: JSONValue = ["encoding": "base64", "preflightCommitment": "processed"]
            let skip: JSONValue = ["encoding": "base64", "skipPreflight": true]
            let greedy = try transfer(1 << 60, cluster)
            let refused = try await rpc.refusal("sendTransaction", encoded(greedy), options)
            #expect(refused["code"] == -32_002)
            #expect(
                refused["message"]
                    == "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1"
            )
            #expect(refused["data"]?["err"] == ["InstructionError": [0, ["Custom": 1]]])
            #expect(refused["data"]?["logs"]?.elements?.count == 3)
            #expect(cluster.balance(of: alice.address) == 10_000_000_000)
            let landed = try await rpc.call("sendTransaction", encoded(greedy), skip)
            #expect(cluster.balance(of: alice.address) == 9_999_995_000)
            let status = try await rpc.call("getSignatureStatuses", [landed])["value"]?.elements?.first
            #expect(status?["err"] == ["InstructionError": [0, ["Custom": 1]]])
            #expect(status?["status"] == ["Err": ["InstructionError": [0, ["Custom": 1]]]])
            let again = try await rpc.refusal("sendTransaction", encoded(greedy), options)
            #expect(again["message"] == "Transaction simulation failed: This transaction has already been processed")

            let unknown = try transfer(5, cluster, blockhash: .zero)
            let expired = try await rpc.refusal("sendTransaction", encoded(unknown), options)
            #expect(expired["message"] == "Transaction simulation failed: Blockhash not found")
            #expect(expired["data"]?["err"] == "BlockhashNotFound")
            // Without preflight the node takes it, says nothing and drops it, as a real one.
            let dropped = try await rpc.call("sendTransaction", encoded(unknown), skip)
            #expect(try await rpc.call("getSignatureStatuses", [dropped])["value"]?.elements?.first == .null)

            var bytes = try transfer(6, cluster).serialized()
            bytes[5] ^= 1
            let forged = JSONValue.string(Base64.encode(bytes))
            let badSignature = try await rpc.refusal("sendTransaction", forged, options)
            #expect(badSignature["code"] == -32_003)
            #expect(badSignature["message"] == "Transaction signature verification failure")

            let behind = try await rpc.refusal("getBalance", .string(bob.address.base58), ["minContextSlot": 1_000_000])
            #expect(behind["code"] == -32_016)
            #expect(behind["data"]?["contextSlot"] != nil)
        }
    }

    @Test("A preflight at an older commitment does not know a younger blockhash")
    func commitmentMismatch() async throws {
        try await withCluster { cluster, rpc in
            for _ in 0..<6 { cluster.advanceSlot() }
            let options: JSONValue = ["encoding": "base64"]
            let young = try await rpc.refusal("sendTransaction", encoded(transfer(5_000_000, cluster)), options)
            #expect(young["data"]?["err"] == "BlockhashNotFound")
            let latest = try await rpc.call("getLatestBlockhash")["value"]
            let blockhash = try Blockhash(base58: latest?["blockhash"]?.text ?? "")
            let finalized = try await rpc.call("getBlockHeight")
            #expect(latest?["lastValidBlockHeight"]?.count == (finalized.count ?? 0) + 150)
            _ = try await rpc.call(
                "sendTransaction",
                encoded(transfer(5_000_000, cluster, blockhash: blockhash)),
                options
            )
            #expect(cluster.balance(of: bob.address) == 5_000_000)
        }
    }

    @Test("Simulation replaces blockhashes and shows accounts, and changes nothing")
    func simulation() async throws {
        try await withCluster { cluster, rpc in
            var transaction = try transfer(5_000_000, cluster, blockhash: .zero)
            transaction = try Transaction(message: transaction.message)
            let simulated = try await rpc.call(
                "simulateTransaction",
                encoded(transaction),
                [
                    "encoding": "base64", "commitment": "processed", "replaceRecentBlockhash": true,
                    "innerInstructions": true,
                    "accounts": [
                        "encoding": "base64",
                        "addresses": [.string(bob.address.base58), .string(TestLedger.wallet(9).address.base58)],
                    ],
                ]
            )["value"]
            #expect(simulated?["err"] == .null)
            #expect(simulated?["replacementBlockhash"]?["blockhash"] == .string(cluster.latestBlockhash().base58))
            #expect(simulated?["accounts"]?.elements?[0]["lamports"] == 5_000_000)
            #expect(simulated?["accounts"]?.elements?[1] == .null)
            #expect(simulated?["innerInstructions"] == [])
            #expect(cluster.balance(of: bob.address) == 0)
            let both = try await rpc.refusal(
                "simulateTransaction",
                encoded(transaction),
                ["encoding": "base64", "sigVerify": true, "replaceRecentBlockhash": true]
            )
            #expect(both["code"] == -32_602)
        }
    }

    @Test("A versioned transaction is shown only to those who know versions")
    func versions() async throws {
        let table = AddressLookupTable(address: TestLedger.wallet(50).address, addresses: [bob.address])
        try await withCluster {
            $0.ledger.accounts[table.address] = LedgerTests.account(of: table)
        } run: { cluster, rpc in
            var transaction = try Transaction(
                feePayer: alice.address,
                instructions: [pay(alice, bob.address, 5_000_000)],
                lookupTables: [table],
                recentBlockhash: cluster.latestBlockhash()
            )
            try transaction.sign(by: [alice])
            let signature = JSONValue.string(try cluster.submit(transaction).signature.base58)
            cluster.advanceSlot()
            let refused = try await rpc.refusal("getTransaction", signature, ["commitment": "confirmed"])
            #expect(refused["code"] == -32_015)
            let shown = try await rpc.call(
                "getTransaction",
                signature,
                ["commitment": "confirmed", "maxSupportedTransactionVersion": 0]
            )
            #expect(shown["version"] == 0)
            #expect(shown["meta"]?["loadedAddresses"]?["writable"] == [.string(bob.address.base58)])
            let lookups = shown["transaction"]?["message"]?["addressTableLookups"]?.elements
            #expect(lookups?.first?["accountKey"] == .string(table.address.base58))
        }
    }

    @Test("Blocks chain by their hashes and hold their transactions")
    func blocks() async throws {
        try await withCluster { cluster, rpc in
            let slot = cluster.slot
            let offered = cluster.latestBlockhash()
            let signature = try cluster.submit(transfer(5_000_000, cluster)).signature.base58
            let early = try await rpc.refusal("getBlock", .unsigned(slot), ["commitment": "confirmed"])
            #expect(early["code"] == -32_004)
            cluster.advanceSlot()
            let options: JSONValue = ["commitment": "confirmed", "maxSupportedTransactionVersion": 0]
            let block = try await rpc.call("getBlock", .unsigned(slot), options)
            #expect(block["previousBlockhash"] == .string(offered.base58))
            #expect(block["blockhash"] == .string(cluster.latestBlockhash().base58))
            #expect(block["blockHeight"] == .unsigned(slot))
            // Beside the transfer, the slot may have the transaction that initialised the market.
            let last = block["transactions"]?.elements?.last
            #expect(last?["transaction"]?["signatures"] == [.string(signature)])
            #expect(last?["meta"]?["fee"] == 5_000)
            let short = try await rpc.call(
                "getBlock",
                .unsigned(slot),
                ["commitment": "confirmed", "transactionDetails": "signatures"]
            )
            #expect(short["signatures"]?.elements?.last == .string(signature))
            #expect(short["transactions"] == nil)
            let slots = try await rpc.call("getBlocks", 1, .unsigned(slot), ["commitment": "confirmed"])
            #expect(slots == .array((1...slot).map { .unsigned($0) }))
            #expect(try await rpc.call("getBlocks", .unsigned(slot + 9), ["commitment": "confirmed"]) == [])
            #expect(try await rpc.call("getBlockTime", .unsigned(slot)) == block["blockTime"])
        }
    }

    @Test("Airdrops come from the faucet, as transactions, as many as one likes in one slot")
    func airdrops() async throws {
        try await withCluster { cluster, rpc in
            let total = cluster.allBalances().total
            var signatures: Set<JSONValue> = []
            for _ in 0..<5 {
                signatures.insert(try await rpc.call("requestAirdrop", .string(bob.address.base58), 1_000_000))
            }
            #expect(signatures.count == 5)
            #expect(cluster.balance(of: bob.address) == 5_000_000)
            #expect(cluster.allBalances().total == total)
            let dust = try await rpc.refusal("requestAirdrop", .string(TestLedger.wallet(3).address.base58), 1)
            #expect(dust["code"] == -32_603)
            let huge = try await rpc.refusal("requestAirdrop", .string(bob.address.base58), .unsigned(.max))
            #expect(huge["code"] == -32_603)
        }
    }

    @Test("Fees and blockhashes are answered as of the slot asked for")
    func fees() async throws {
        try await withCluster { cluster, rpc in
            let transaction = try transfer(5, cluster)
            let message = JSONValue.string(Base64.encode(transaction.messageBytes))
            #expect(try await rpc.call("getFeeForMessage", message, Self.processed)["value"] == 5_000)
            let hash = JSONValue.string(transaction.message.recentBlockhash.base58)
            #expect(try await rpc.call("isBlockhashValid", hash, Self.processed)["value"] == true)
            for _ in 0..<151 { cluster.advanceSlot() }
            #expect(try await rpc.call("isBlockhashValid", hash, Self.processed)["value"] == false)
            #expect(try await rpc.call("getFeeForMessage", message, Self.processed)["value"] == .null)
            let prices = try await rpc.call("getRecentPrioritizationFees", [.string(bob.address.base58)])
            #expect(prices.elements?.count == 150)
            let epoch = try await rpc.call("getEpochInfo", Self.processed)
            #expect(epoch["absoluteSlot"] == .unsigned(cluster.slot))
        }
    }

    @Test(
        "base64+zstd is a frame that any decoder reads, whatever the size",
        arguments: [0, 1, 255, 256, 65_791, 65_792, 131_072, 131_073, 400_000]
    )
    func zstandard(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let frame = ZstandardFrame.storing(bytes)
        // By hand, as RFC 8878 has it; solders' decoder reads it in Tests/Interop.
        #expect(Array(frame.prefix(4)) == [0x28, 0xb5, 0x2f, 0xfd])
        var reader = InstructionReader(Array(frame.dropFirst(4)))
        switch reader.u8() {
        case 0x20: #expect(reader.u8().map(Int.init) == count)
        case 0x60: #expect(reader.u16().map { Int($0) + 256 } == count)
        case 0xa0: #expect(reader.u32().map(Int.init) == count)
        case let other: Issue.record("\(String(describing: other)) is no header of ours")
        }
        var content: [UInt8] = []
        var isLast = false
        while !isLast {
            let header = reader.take(3)
            let bits = try #require(header).reversed().reduce(0) { $0 << 8 | Int($1) }
            isLast = bits & 1 == 1
            #expect(bits >> 1 & 3 == 0 && bits >> 3 <= 131_072)
            let block = reader.take(bits >> 3)
            content += try #require(block)
        }
        #expect(content == bytes)
        #expect(reader.offset == frame.count - 4)
    }

    @Test("jsonParsed tells nonces, lookup tables, programs and sysvars in words")
    func parsedAccounts() async throws {
        let nonce = TestLedger.wallet(60)
        let table = TestLedger.wallet(61).address
        var tableState = AddressLookupTableAccount(authority: alice.address)
        tableState.addresses = [bob.address]
        let prepare = { (configuration: inout LocalCluster.Configuration) in
            configuration.ledger.accounts[nonce.address] = LedgerAccount(
                lamports: 5_000_000,
                data: NonceAccount.write(
                    .initialized(
                        NonceAccount(authority: alice.address, durableNonce: .zero, lamportsPerSignature: 5_000)
                    ),
                    over: [UInt8](repeating: 0, count: 80)
                ),
                owner: SystemProgram.id
            )
            configuration.ledger.accounts[table] = LedgerAccount(
                lamports: 5_000_000,
                data: tableState.accountData,
                owner: AddressLookupTableProgram.id
            )
        }
        try await withCluster(prepare) { cluster, rpc in
            func parsed(_ address: Address) async throws -> JSONValue? {
                let options: JSONValue = ["encoding": "jsonParsed", "commitment": "processed"]
                return try await rpc.call("getAccountInfo", .string(address.base58), options)["value"]?["data"]
            }
            let data = try await parsed(nonce.address)
            #expect(data?["program"] == "nonce")
            #expect(data?["parsed"]?["info"]?["authority"] == .string(alice.address.base58))
            #expect(data?["parsed"]?["info"]?["feeCalculator"]?["lamportsPerSignature"] == "5000")
            let lookups = try await parsed(table)
            #expect(lookups?["parsed"]?["type"] == "lookupTable")
            #expect(lookups?["parsed"]?["info"]?["addresses"] == [.string(bob.address.base58)])
            #expect(lookups?["parsed"]?["info"]?["deactivationSlot"] == "18446744073709551615")
            let market = cluster.configuration.ledger.market
            let program = try await parsed(market.program)
            #expect(program?["parsed"]?["info"]?["programData"] == .string(market.programData.base58))
            #expect(try await parsed(market.programData)?["parsed"]?["type"] == "programData")
            #expect(try await parsed(Sysvar.rent)?["parsed"]?["info"]?["lamportsPerByteYear"] == "6960")
            #expect(try await parsed(Sysvar.epochSchedule)?["parsed"]?["info"]?["warmup"] == false)
            let hashes = try await parsed(Sysvar.slotHashes)?["parsed"]?["info"]?.elements
            #expect(hashes?.first?["slot"] == .unsigned(cluster.slot - 1))
            #expect(try await parsed(Sysvar.recentBlockhashes)?["parsed"]?["type"] == "recentBlockhashes")
            // A wallet has nothing to tell.
            #expect(try await parsed(alice.address) == ["", "base64"])
        }
    }

    @Test("Where nobody has tokens, stakes or votes, the methods about them say so")
    func tokensAndValidators() async throws {
        try await withCluster { cluster, rpc in
            let wallet = JSONValue.string(alice.address.base58)
            let nobody = JSONValue.string(TestLedger.wallet(99).address.base58)
            let token = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
            let owned = try await rpc.call("getTokenAccountsByOwner", wallet, ["programId": .string(token)])
            #expect(owned["value"] == [])
            for (method, parameters, message) in [
                ("getTokenAccountsByOwner", [wallet, ["programId": wallet]], "unrecognized Token program id"),
                ("getTokenAccountsByDelegate", [wallet, ["mint": nobody]], "could not find mint"),
                ("getTokenAccountBalance", [nobody], "could not find account"),
                ("getTokenAccountBalance", [wallet, Self.processed], "not a Token account"),
                ("getTokenSupply", [wallet, Self.processed], "not a Token mint"),
                ("getTokenLargestAccounts", [nobody], "could not find mint"),
            ] as [(String, [JSONValue], String)] {
                let error = try await rpc.answer(method, .array(parameters))["error"]
                #expect(error?["code"] == -32_602, "\(method)")
                #expect(error?["message"]?.text == "Invalid param: \(message)", "\(method)")
            }
            #expect(try await rpc.call("getVoteAccounts") == ["current": [], "delinquent": []])
            #expect(try await rpc.call("getClusterNodes").elements?.count == 1)
            #expect(try await rpc.call("getSlotLeaders", 0, 3).elements?.count == 3)
            #expect(try await rpc.call("getInflationReward", [wallet]) == [nil])
            #expect(try await rpc.refusal("getHighestSnapshotSlot")["code"] == -32_008)
            let largest = try await rpc.call("getLargestAccounts", ["filter": "nonCirculating"])["value"]?.elements
            #expect(largest?.first?["address"] == .string(Ledger.faucet.address.base58))
            for _ in 0..<5 { cluster.advanceSlot() }
            let limited = try await rpc.call("getBlocksWithLimit", 1, 2, ["commitment": "confirmed"])
            #expect(limited == [1, 2])
            let production = try await rpc.call("getBlockProduction", Self.processed)["value"]
            #expect(production?["range"]?["lastSlot"] == .unsigned(cluster.slot))
        }
    }

    // MARK: Faults

    @Test("Injected faults happen to the calls that they name, as often as they may")
    func faults() async throws {
        try await withCluster { cluster, rpc in
            let call = Array(#"{"jsonrpc":"2.0","id":1,"method":"getSlot"}"#.utf8)
            cluster.faults.inject(Fault(.tooManyRequests(retryAfter: 3), methods: ["getSlot"], limit: 2))
            for _ in 0..<2 {
                let response = try await rpc.post(call)
                #expect(response.status == 429)
                #expect(response.headers.retryAfter == .seconds(3))
            }
            #expect(try await rpc.post(call).status == 200)
            cluster.faults.inject(Fault(.httpStatus(503), methods: ["getSlot"], limit: 1))
            #expect(try await rpc.call("getHealth") == "ok")
            #expect(try await rpc.post(call).status == 503)
            cluster.faults.inject(Fault(.dropConnection, methods: ["getSlot"], limit: 1))
            // On a connection of its own: curl sends once more when a connection that it reuses turns out closed.
            await #expect(throws: HTTPError.self) { _ = try await JSONRPC(cluster).post(call) }
            cluster.faults.inject(Fault(.nodeBehind(slots: 42), limit: 1))
            let behind = try await rpc.refusal("getSlot")
            #expect(behind["code"] == -32_005)
            #expect(behind["data"]?["numSlotsBehind"] == 42)

            let options: JSONValue = ["encoding": "base64", "preflightCommitment": "processed"]
            let transaction = try transfer(5_000_000, cluster)
            cluster.faults.inject(Fault(.loseTransaction, methods: ["sendTransaction"], limit: 1))
            let lost = try await rpc.call("sendTransaction", encoded(transaction), options)
            #expect(lost.text == transaction.id?.base58)
            #expect(cluster.balance(of: bob.address) == 0)
            cluster.faults.inject(Fault(.dropAnswer, methods: ["sendTransaction"], limit: 1))
            await #expect(throws: HTTPError.self) {
                _ = try await JSONRPC(cluster).call("sendTransaction", encoded(transaction), options)
            }
            #expect(cluster.balance(of: bob.address) == 5_000_000)
            #expect(cluster.faults.counts[.dropAnswer] == 1)
        }
    }

    @Test("A blockhash can be handed out that has expired, and a call can be left without an answer")
    func expiredAndStalled() async throws {
        try await withCluster { cluster, rpc in
            for _ in 0..<200 { cluster.advanceSlot() }
            cluster.faults.inject(Fault(.expiredBlockhash, methods: ["getLatestBlockhash"], limit: 1))
            let expired = try await rpc.call("getLatestBlockhash", Self.processed)["value"]
            let text = try #require(expired?["blockhash"]?.text)
            let height = try #require(expired?["lastValidBlockHeight"]?.count)
            #expect(height < cluster.slot)
            let isValid = try await rpc.call("isBlockhashValid", .string(text), Self.processed)
            #expect(isValid["value"] == false)
            let transaction = try transfer(5_000_000, cluster, blockhash: Blockhash(base58: text))
            let options: JSONValue = ["encoding": "base64", "preflightCommitment": "processed"]
            let refusal = try await rpc.refusal("sendTransaction", encoded(transaction), options)
            #expect(refusal["data"]?["err"] == "BlockhashNotFound")
            let good = try await rpc.call("getLatestBlockhash", Self.processed)["value"]?["blockhash"]
            #expect(good?.text == cluster.latestBlockhash().base58)

            cluster.faults.inject(Fault(.stall, methods: ["getSlot"], limit: 1))
            let call = Array(#"{"jsonrpc":"2.0","id":1,"method":"getSlot"}"#.utf8)
            let request = HTTPRequest(
                method: .post,
                url: cluster.rpcURL,
                headers: ["Content-Type": "application/json"],
                body: call,
                timeouts: HTTPTimeouts(total: .milliseconds(300))
            )
            await #expect(throws: HTTPError.self) { _ = try await HTTPClient().send(request) }
            #expect(cluster.faults.counts[.stall] == 1)
            #expect(try await rpc.post(call).status == 200)
        }
    }

    // MARK: Hostile input

    @Test("Random bytes and mangled calls are answered, never fatal")
    func hostile() async throws {
        try await withCluster { cluster, rpc in
            var random = SplitMix64(seed: 99)
            let calls = RPCCalls(node: ClusterNode(cluster: cluster, lag: 0, rpcPort: 0, pubSubPort: nil))
            let wire = Base64.encode(try transfer(5, cluster).serialized())
            let template = Array(
                #"{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":["\#(wire)",{"encoding":"base64"}]}"#.utf8
            )
            for _ in 0..<3_000 {
                var bytes = template
                for _ in 0...Int.random(in: 0...4, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
                }
                if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
                // Not over HTTP, which would test curl for the most part.
                _ = calls.answer(try? JSONValue(parsing: bytes))
            }
            #expect(try await rpc.call("getHealth") == "ok")
        }
    }
}
