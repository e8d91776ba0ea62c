import Foundation
import Solana
import SolanaRPC

/// A node over the real VM, which `Tests/SVM/test_swift_client.py` starts: its transactions run in Agave's own runtime.
final class RealVMLedger: SimulatedLedger {
    /// JSON-RPC and PubSub URLs of the node, if there is one.
    static let urls: [String]? = ProcessInfo.processInfo.environment["CHAINFERENCE_SVM_NODE"]
        .map { $0.split(separator: " ").map(String.init) }
        .flatMap { $0.count == 2 ? $0 : nil }

    private struct Slot: Decodable, Sendable {
        var unixTimestamp: Int64
        var blockhash: String
    }

    private let rpc: RPCClient
    private(set) var now: Int64 = 0
    private(set) var latestBlockhash = Blockhash.zero

    init(_ cluster: Cluster) async throws {
        rpc = RPCClient(cluster: cluster, policy: .localnet)
        try await pass(0)
    }

    func pass(_ seconds: Int64) async throws {
        let slot = try await rpc.call("advanceSlot", [.unsigned(UInt64(seconds))], as: Slot.self)
        (now, latestBlockhash) = (slot.unixTimestamp, try Blockhash(base58: slot.blockhash))
    }

    func fund(_ wallet: Address, _ lamports: Lamports) async throws {
        _ = try await rpc.requestAirdrop(to: wallet, lamports: lamports)
    }

    func land(_ transaction: Transaction) async throws -> (error: TransactionError?, fee: Lamports) {
        let signature = try await rpc.sendTransaction(transaction, skipsPreflight: true)
        guard let meta = try await rpc.getTransaction(signature)?.meta else {
            throw LostTransaction(signature: signature)
        }
        return (meta.error, meta.fee)
    }

    func data(of address: Address) async throws -> [UInt8]? { try await rpc.getAccountInfo(address).value?.data }

    func balance(of address: Address) async throws -> Lamports { try await rpc.getBalance(of: address).value }

    func supply() -> Lamports? { nil }

    private struct LostTransaction: Error {
        var signature: Signature
    }
}
