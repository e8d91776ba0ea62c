import Foundation
import Solana
import SolanaRPC
import Testing

/// The code of `Documentation/solana-rpc.md`, compiled, and a check that it is the same.
@Suite("Documentation")
struct DocumentationTests {
    @Test("Every block of the document is compiled here")
    func blocks() throws {
        let here = URL(filePath: #filePath).resolvingSymlinksInPath()
        let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let document = try String(
            contentsOf: root.appending(path: "Documentation/solana-rpc.md"),
            encoding: .utf8
        )
        let source = trimmedLines(try String(contentsOf: here, encoding: .utf8))
        let blocks = document.split(separator: "```swift\n").dropFirst().map { $0.split(separator: "```")[0] }
        #expect(blocks.count == 5)
        for block in blocks {
            #expect(source.contains(trimmedLines(String(block))), "not compiled here: \(block.prefix(60))…")
        }
    }

    private func trimmedLines(_ text: String) -> String {
        text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: "\n")
    }

    private struct MyProgramError: Error {
        init?(rawValue: UInt32) { if rawValue == 0 { return nil } }
    }

    private func asking(_ address: Address) async throws {
        let rpc = RPCClient(cluster: .devnet)
        let balance = try await rpc.getBalance(of: address)
        print(balance.value, "at slot", balance.slot)
    }

    private func resolving(_ myProgram: Address) -> RPCClient {
        let resolver = ProgramErrorResolver { program, code in
            program == myProgram ? MyProgramError(rawValue: code) : nil
        }
        let rpc = RPCClient(cluster: .devnet, programErrors: resolver)
        return rpc
    }

    private func listening(_ address: Address, rpc: RPCClient) async throws {
        try await PubSubClient.withClient(cluster: .devnet) { pubsub in
            try await pubsub.withAccountSubscription(address) { events in
                for try await event in events {
                    if event.requiresReconciliation {
                        let account = try await rpc.getAccountInfo(address).value
                        print("now:", account?.lamports ?? .zero)
                    }
                    if let account = event.value { print("changed:", account.lamports) }
                }
            }
        }
    }

    private func waiting(_ address: Address, rpc: RPCClient, pubsub: PubSubClient) async throws {
        let seen = try await rpc.waitForAccount(address, pubsub: pubsub, deadline: .seconds(30)) { account in
            account.value.flatMap { $0.lamports >= 1_000_000 ? account.slot : nil }
        }
        print(seen ?? 0)
    }

    private func sending(_ wallet: Keypair, to friend: Address, rpc: RPCClient) async throws {
        let sender = TransactionSender(rpc: rpc)
        let done = try await sender.send(
            [SystemProgram.transfer(from: wallet.address, to: friend, lamports: 5_000)],
            payer: wallet
        )
        print(done.signature, "cost", done.fee)
    }
}
