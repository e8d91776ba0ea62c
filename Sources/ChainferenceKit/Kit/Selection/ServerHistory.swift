import InferenceMarket
public import Solana
import SolanaRPC

/// What the chain remembers of servers beyond their counters: who was compared with whom, and who paid.
///
/// Read from the transactions of the servers' accounts, which nodes keep for some time only and may refuse to list. The
/// counters remain what the program goes by; history makes the ranking harder to deceive.
public struct ServerHistory: Sendable {
    /// Every comparison that was found, each once.
    public private(set) var comparisons: Set<Comparison> = []

    /// The wallets that were charged through vouchers, by the account of the server.
    public private(set) var payers: [Address: Set<Address>] = [:]

    /// The strengths that follow from the comparisons; nil without any.
    var model: BradleyTerry? {
        comparisons.isEmpty ? nil : BradleyTerry(comparisons.sorted { $0.signature < $1.signature }.map(\.servers))
    }

    /// One comparison, and the transaction that published it.
    public struct Comparison: Hashable, Sendable {
        /// Who was preferred to whom.
        public let servers: PairwiseComparison
        /// The transaction, as text.
        public let signature: String
    }

    /// Nothing is remembered.
    public init() {}

    /// Takes in what one transaction did in a market; a failed one did nothing.
    mutating func take(_ transaction: Transaction, signature: Signature, of market: Market) {
        let accounts = transaction.message.accounts
        for call in transaction.message.instructions {
            let used = call.accountIndices.map { Int($0) }
            guard accounts.indices.contains(Int(call.programIndex)),
                accounts[Int(call.programIndex)] == market.program,
                used.allSatisfy({ accounts.indices.contains($0) })
            else { continue }
            switch Array(call.data.prefix(8)) {
            case Self.comparison where used.count >= 5:
                comparisons.insert(
                    Comparison(
                        servers: PairwiseComparison(preferred: accounts[used[3]], other: accounts[used[4]]),
                        signature: signature.base58
                    )
                )
            // Without a voucher nobody but the server says that anything was delivered.
            case Self.claim where used.count >= 5 && accounts[used[4]] == Sysvar.instructions:
                payers[accounts[used[1]], default: []].insert(accounts[used[3]])
            default: break
            }
        }
    }

    private static let comparison: [UInt8] = {
        let response = CompareResponsesInstruction.Response(request: .zero, server: .zero, requester: .zero)
        return discriminator(CompareResponsesInstruction(preferred: response, other: response))
    }()

    private static let claim = discriminator(
        ClaimPaymentInstruction(owner: .zero, request: .zero, requester: .zero, amount: 0, presentsVoucher: true)
    )

    /// The eight bytes that an instruction begins with, which are the same in every market.
    private static func discriminator(_ instruction: some MarketInstruction) -> [UInt8] {
        Array(instruction.instruction(in: .localnet).data.prefix(8))
    }
}

extension InferenceClient {
    /// Reads what the chain remembers of some servers.
    ///
    /// Takes one call for each server and one for each transaction: use it at intervals, not before every prompt, and hand
    /// the result to ``choices(for:prompt:history:)``.
    ///
    /// - Parameters:
    ///   - servers: The accounts of the servers.
    ///   - limit: How many of the newest transactions of each are looked at, 1 to 1,000.
    /// - Returns: What was found.
    /// - Throws: ``ClientError``.
    public func history(of servers: [Address], limit: UInt64 = 200) async throws -> ServerHistory {
        do {
            var history = ServerHistory()
            var seen: Set<Signature> = []
            for server in servers {
                for record in try await chain.rpc.getSignaturesForAddress(server, limit: limit)
                where record.error == nil && seen.insert(record.signature).inserted {
                    guard let found = try await chain.rpc.getTransaction(record.signature),
                        found.meta?.error == nil, let transaction = found.transaction
                    else { continue }
                    history.take(transaction, signature: record.signature, of: chain.market)
                }
            }
            return history
        } catch {
            throw ClientError.wrapping(error)
        }
    }
}
