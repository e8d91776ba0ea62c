import LocalCluster
import Solana
import Testing
import VirtualTime

@testable import SolanaRPC

/// What wallets and explorers read besides accounts and transactions.
@Suite("Methods for wallets and explorers", .timeLimit(.minutes(1)))
struct ExplorerMethodTests {
    @Test("Blocks, leaders, counts and supply of a local cluster")
    func blocks() async throws {
        try await LocalCluster.withRunning(.testing()) { cluster in
            let rpc = RPCClient(cluster: try Cluster(rpcURL: cluster.rpcURL), policy: .localnet)
            let wallet = Keypair()
            let signature = try await rpc.airdrop(5_000_000, to: wallet.address)
            let record = try #require(try await rpc.getTransaction(signature))
            let slot = record.slot
            let full = try #require(try await rpc.getBlock(slot: slot))
            let transaction = try #require(full.transactions.first { $0.transaction?.id == signature })
            #expect(transaction.wire == record.wire)
            #expect(transaction.meta == record.meta)
            #expect(full.signatures.isEmpty)
            let short = try #require(try await rpc.getBlock(slot: slot, details: .signatures))
            #expect(short.signatures.contains(signature) && short.transactions.isEmpty)
            let bare = try #require(try await rpc.getBlock(slot: slot, details: .none))
            #expect(bare.blockhash == full.blockhash && bare.blockHeight == full.blockHeight)
            #expect(bare.signatures.isEmpty && bare.transactions.isEmpty)
            #expect(try await rpc.getBlocks(from: slot, through: slot) == [slot])
            #expect(try await rpc.getBlocks(from: slot).first == slot)
            #expect(try await rpc.getBlockTime(slot: slot) == full.blockTime)
            await #expect { try await rpc.getBlock(slot: slot + 1_000_000) } throws: {
                ($0 as? RPCError)?.code == .blockNotAvailable
            }
            #expect(try await rpc.getFirstAvailableBlock() <= slot)
            #expect(try await rpc.getIdentity() == rpc.getSlotLeader())
            #expect(try await rpc.getTransactionCount() > 0)
            #expect(try await rpc.getEpochSchedule().slotsPerEpoch > 0)
            let supply = try await rpc.getSupply().value
            #expect(supply.circulating.rawValue + supply.nonCirculating.rawValue == supply.total.rawValue)
            // The whole history, one transaction at a time.
            for _ in 0..<3 { try await rpc.airdrop(1_000_000, to: wallet.address) }
            var pages: [[SignatureRecord]] = []
            for try await page in rpc.signatureHistory(of: wallet.address, pageSize: 1) { pages.append(page) }
            #expect(pages.map(\.count) == [1, 1, 1, 1])
            #expect(Set(pages.joined().map(\.signature)).count == 4)
            #expect(pages.last?.first?.signature == signature)
        }
    }

    @Test("A skipped slot has no block; the node's other refusals are errors")
    func skipped() async throws {
        try await VirtualTime.run { machine async throws in
            let node = ScriptedTransport(
                sequence: [
                    Reply.error(-32_007), Reply.error(-32_009), Reply.result("null"), Reply.error(-32_001),
                ]
            )
            let rpc = RPCClient(node, machine: machine)
            for _ in 0..<3 { #expect(try await rpc.getBlock(slot: 5) == nil) }
            await #expect { try await rpc.getBlock(slot: 5) } throws: { ($0 as? RPCError)?.code == .blockCleanedUp }
        }
    }

    @Test("A node that repeats a page does not keep the history going for ever")
    func repeatedPage() async throws {
        try await VirtualTime.run { machine async throws in
            let signature = Signature.zero.base58
            let node = ScriptedTransport(Reply.result(#"[{"signature":"\#(signature)","slot":1,"err":null}]"#))
            let rpc = RPCClient(node, machine: machine)
            var count = 0
            for try await page in rpc.signatureHistory(of: .zero, pageSize: 1) { count += page.count }
            #expect(count == 1)
            #expect(node.requests.count == 2)
            #expect(node.requests[1].option("before") == .string(signature))
        }
    }

    @Test("Token accounts and amounts, 64 bits exact")
    func tokens() async throws {
        try await VirtualTime.run { machine async throws in
            let owner = Address.zero.base58
            let amount = #"{"amount":"18446744073709551615","decimals":9,"uiAmount":1.8e10,"uiAmountString":"1"}"#
            let account =
                #"{"lamports":2039280,"data":["AQI=","base64"],"owner":"\#(owner)","executable":false,"#
                + #""rentEpoch":18446744073709551615,"space":165}"#
            let node = ScriptedTransport(
                sequence: [
                    Reply.value(#"[{"pubkey":"\#(owner)","account":\#(account)}]"#), Reply.value(amount),
                    Reply.value(amount), Reply.value(#"{"amount":"-1","decimals":9}"#),
                ]
            )
            let rpc = RPCClient(node, machine: machine, policy: RPCPolicy(maximumAttempts: 1))
            let accounts = try await rpc.getTokenAccountsByOwner(.zero, .mint(.zero))
            #expect(accounts.value.map(\.account.data) == [[1, 2]])
            #expect(node.requests[0].params[1] == ["mint": .string(owner)])
            let exact = TokenAmount(amount: .max, decimals: 9)
            #expect(try await rpc.getTokenAccountBalance(of: .zero).value == exact)
            #expect(try await rpc.getTokenSupply(of: .zero).value == exact)
            await #expect(throws: RPCError.self) { try await rpc.getTokenSupply(of: .zero) }
        }
    }
}
