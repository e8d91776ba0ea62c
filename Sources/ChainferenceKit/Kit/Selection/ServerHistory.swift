import InferenceMarket
public import Solana
import SolanaRPC

/// What the chain remembers of servers beyond their counters: who was compared with whom, and who paid.
///
/// Read from the transactions of the servers' accounts, which nodes keep for some time only and may refuse to list. The
/// counters remain what the program goes by; history makes the ranking harder to deceive. A client reads it by itself, see
/// ``ClientPolicy/reputation``.
public struct ServerHistory: Sendable {
    /// Every comparison that was found, each once.
    public private(set) var comparisons: Set<Comparison> = []

    /// How many sessions wallets paid for with vouchers, by the account of the server.
    public private(set) var sessions: [Address: [Address: UInt64]] = [:]

    /// The wallets that were charged through vouchers, by the account of the server.
    public var payers: [Address: Set<Address>] { sessions.mapValues { Set($0.keys) } }

    /// One comparison, and the transaction that published it.
    public struct Comparison: Hashable, Sendable {
        /// Who was preferred to whom.
        public let servers: PairwiseComparison
        /// The transaction, as text.
        public let signature: String
    }

    /// Nothing is remembered.
    public init() {}

    /// How many wallets made so many trials, as far as what was read allows a judgement.
    ///
    /// - Parameters:
    ///   - server: The server's account.
    ///   - trials: What its counters say.
    /// - Returns: Nil when less than half of the sessions are known, and fewer than ten: they would say too little.
    func distinctPayers(of server: Address, trials: UInt64) -> Int? {
        guard let payers = sessions[server] else { return nil }
        let known = payers.values.reduce(UInt64(0)) { UInt64(clamping: UInt128($0) + UInt128($1)) }
        let needed = min(trials, ServerRanking.trialsPerPayer)
        return known >= needed / 2 + needed % 2 ? payers.count : nil
    }

    /// The servers' strengths: found comparisons as pairs, and what the counters say beyond them against the average.
    ///
    /// - Parameter counters: The servers that are asked about.
    /// - Returns: An estimate for each server that was in any comparison that was found; nothing for the others.
    func strengths(beside counters: [Address: Reputation]) -> [Address: BradleyTerry.Estimate] {
        guard !comparisons.isEmpty else { return [:] }
        var found: [Address: BradleyTerry.Tally] = [:]
        for comparison in comparisons where comparison.servers.preferred != comparison.servers.other {
            found[comparison.servers.preferred, default: .init()].preferred += 1
            found[comparison.servers.other, default: .init()].other += 1
        }
        var others: [Address: BradleyTerry.Tally] = [:]
        for (server, tally) in found {
            guard let counters = counters[server] else { continue }
            let lost = counters.compared - min(counters.compared, counters.preferred)
            others[server] = .init(
                preferred: counters.preferred - min(counters.preferred, tally.preferred),
                other: lost - min(lost, tally.other)
            )
        }
        return BradleyTerry(comparisons.sorted { $0.signature < $1.signature }.map(\.servers), others: others).estimates
    }

    /// Counts sessions of a payer with a server.
    mutating func count(_ count: UInt64, of payer: Address, with server: Address) {
        sessions[server, default: [:]][payer, default: 0] += count
    }

    /// Counts a comparison, once however often it is found.
    mutating func count(_ servers: PairwiseComparison, signature: String) {
        comparisons.insert(Comparison(servers: servers, signature: signature))
    }

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
                count(
                    PairwiseComparison(preferred: accounts[used[3]], other: accounts[used[4]]),
                    signature: signature.base58
                )
            // Without a voucher nobody but the server says that anything was delivered.
            case Self.claim where used.count >= 5 && accounts[used[4]] == Sysvar.instructions:
                count(1, of: accounts[used[3]], with: accounts[used[1]])
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
    /// Reads what the chain remembers of some servers, anew and whatever it costs.
    ///
    /// Takes one call for each server and one for each transaction. Sessions don't need it: they read by themselves what
    /// ``ClientPolicy/reputation`` allows.
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
                    try await read(record.signature, into: &history, from: chain.rpc)
                }
            }
            return history
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// Takes a transaction into a history, if the node still has it.
    func read(_ signature: Signature, into history: inout ServerHistory, from rpc: RPCClient) async throws {
        guard let found = try await rpc.getTransaction(signature),
            found.meta?.error == nil, let transaction = found.transaction
        else { return }
        history.take(transaction, signature: signature, of: chain.market)
    }
}
