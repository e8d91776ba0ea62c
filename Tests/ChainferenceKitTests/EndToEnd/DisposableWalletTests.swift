import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import SodiumCrypto
import Testing

@testable import ChainferenceKit

@Suite("Disposable wallets", .timeLimit(.minutes(3)))
struct DisposableWalletTests {
    private struct Derivation: Decodable {
        let seed: String
        let index: UInt32
        let address: String
        let secret: String
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
    }

    @Test("Keys are those that bip_utils and solders derive along m/44'/501'/n'/0'")
    func derivation() throws {
        let cases = try GoldenFile.load([Derivation].self, "wallets")
        #expect(cases.count >= 40)
        for item in cases {
            let seed = try WalletSeed(SecretBytes(copying: Self.bytes(item.seed)))
            let keypair = seed.keypair(item.index)
            #expect(keypair.address.base58 == item.address)
            #expect(keypair.secretKey.withUnsafeBytes { Array($0.prefix(32)) } == Self.bytes(item.secret))
            #expect("\(seed)" == "WalletSeed(hidden)")
        }
        for count in [0, 15, 65] {
            #expect(throws: WalletError.unusableSeed(byteCount: count)) {
                try WalletSeed(SecretBytes(copying: [UInt8](repeating: 1, count: count)))
            }
        }
    }

    @Test("Amounts are round and just enough; waits are spread over the whole span")
    func funding() {
        var random = SplitMix64(seed: 3)
        var delays: [Duration] = []
        for _ in 0..<500 {
            let needed = Lamports(UInt64.random(in: 1...50_000_000_000, using: &random))
            let plan = FundingPlan(needed: needed, maximumDelay: .seconds(30), using: &random)
            #expect(plan.amount >= needed)
            // Half of it, or less, would not do: 5 is 2.5 times 2.
            #expect(Double(plan.amount.rawValue) <= max(1_000_000, Double(needed.rawValue) * 2.5))
            let digits = String(plan.amount.rawValue)
            #expect("125".contains(digits.first ?? "x") && digits.dropFirst().allSatisfy { $0 == "0" })
            delays.append(plan.delay)
        }
        #expect(delays.allSatisfy { $0 >= .zero && $0 <= .seconds(30) })
        #expect(delays.count { $0 < .seconds(10) } > 100 && delays.count { $0 > .seconds(20) } > 100)
        #expect(FundingPlan.round(up: .max) == .max)
    }

    @Test("A session with a fresh wallet, what is left goes to the next one, and the first wallet never shows again")
    func succession() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let funder = try market.wallet()
            try await market.running(seller) {
                let client = try await market.client(funder)
                let wallets = DisposableWallets(
                    seed: WalletSeed(of: Keypair()),
                    client: client,
                    maximumDelay: .zero
                )
                let first = try await wallets.next(holding: 15_000_000)
                #expect(market.cluster.balance(of: first.address) == 20_000_000)
                #expect(try await wallets.inUse().map(\.index) == [0])
                try await first.client.withSession("test/scripted", budget: 1_000_000) {
                    try await $0.ask(market.prompt())
                }
                let charge = try await seller.claimed()
                let second = try #require(try await wallets.retire(first))
                #expect(second.index == 1)
                #expect(market.cluster.balance(of: first.address) == 0)
                // Publish, close, and the transfer.
                #expect(market.cluster.balance(of: second.address).rawValue == 20_000_000 - charge.rawValue - 15_000)
                #expect(try await wallets.inUse().map(\.index) == [1])
                // The funder's own history shows one transfer and no request.
                #expect(try await market.chain.requests(.requests(of: funder.address)).isEmpty)
                #expect(market.cluster.balance(of: funder.address).rawValue == 1_000_000_000 - 20_000_000 - 5_000)
            }
            let poor = DisposableWallets(
                seed: WalletSeed(of: Keypair()),
                client: try await market.client(Keypair()),
                maximumDelay: .zero
            )
            await #expect(throws: WalletError.self) { try await poor.next(holding: 1) }
        }
    }

    @Test("Two who share a seed never get one wallet, and nobody moves the money of one that has something at stake")
    func sharedSeed() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let funder = try market.wallet()
            try await market.running(seller) {
                let client = try await market.client(funder)
                let wallets = DisposableWallets(seed: WalletSeed(of: Keypair()), client: client, maximumDelay: .zero)
                let first = try await wallets.next(holding: 10_000_000)
                let second = try await wallets.take(holding: 10_000_000)
                #expect([first.index, second.index] == [0, 1])
                try await second.client.withSession("test/scripted", budget: 1_000_000) { session in
                    try await session.ask(market.prompt())
                    #expect(try await wallets.retire(second) == nil)
                    #expect(try await wallets.empty(second, to: funder.address) == nil)
                    #expect(market.cluster.balance(of: second.address) > 0)
                }
                _ = try await seller.claimed()
                #expect(try await wallets.retire(second)?.index == 2)
                // What is empty here may have its money on another cluster: it stays in the list.
                let idle = try await wallets.next()
                #expect(try await wallets.empty(idle, to: funder.address) == .zero)
                #expect(try await wallets.inUse().map(\.index) == [0, 2, 3])
            }
        }
    }

    @Test("Two servers are compared through two disposable wallets, and the chain and its history show it")
    func comparison() async throws {
        try await TestMarket.with { market in
            let sellers = [try market.seller(), try market.seller()]
            let funder = try market.wallet()
            try await market.running(sellers[0], sellers[1]) {
                let client = try await market.client(funder)
                let wallets = DisposableWallets(seed: WalletSeed(of: Keypair()), client: client, maximumDelay: .zero)
                let first = try await wallets.next(holding: 10_000_000)
                let second = try await wallets.next(holding: 10_000_000)
                let result = try await client.compare(
                    "test/scripted",
                    market.prompt(),
                    budget: 2_000_000,
                    wallets: (first.client.wallet, second.client.wallet)
                ) { one, two in
                    #expect(one.text == two.text)
                    return .second
                }
                #expect(result.preferred == .second && result.signature != nil)
                #expect(result.first.server != result.second.server)
                #expect(result.first.settlement.charge.saturatingAdding(result.second.settlement.charge) <= 2_000_000)
                let winner = Market.localnet.server(of: result.second.server)
                let loser = Market.localnet.server(of: result.first.server)
                let won = try #require(try await market.chain.server(at: winner)?.account)
                let lost = try #require(try await market.chain.server(at: loser)?.account)
                #expect(won.reputation == Reputation(completed: 1, compared: 1, preferred: 1))
                #expect(lost.reputation == Reputation(completed: 1, compared: 1))
                // Both requests are closed; their rent is back.
                for wallet in [first, second] {
                    #expect(try await market.chain.requests(.requests(of: wallet.address)).isEmpty)
                }
                let history = try await client.history(of: [winner, loser])
                #expect(history.comparisons.map(\.servers) == [PairwiseComparison(preferred: winner, other: loser)])
                #expect(history.payers.values.map(\.count) == [1, 1])
                let choices = try await client.choices(for: "test/scripted", history: history)
                #expect(choices[0].offer.account == winner)
            }
        }
    }

    @Test("A comparison that its judge breaks off publishes nothing and leaves no rent behind")
    func brokenComparison() async throws {
        struct NoOpinion: Error {}
        try await TestMarket.with { market in
            let sellers = [try market.seller(), try market.seller()]
            let wallets = [try market.wallet(), try market.wallet()]
            try await market.running(sellers[0], sellers[1]) {
                let client = try await market.client(market.wallet())
                await #expect(throws: NoOpinion.self) {
                    try await client.compare(
                        "test/scripted",
                        market.prompt(),
                        budget: 2_000_000,
                        wallets: (.keypair(wallets[0]), .keypair(wallets[1]))
                    ) { _, _ in throw NoOpinion() }
                }
                for wallet in wallets {
                    #expect(try await market.chain.requests(.requests(of: wallet.address)).isEmpty)
                }
                for seller in sellers {
                    let account = try #require(try await market.chain.server(of: seller.wallet.address)?.account)
                    #expect(account.reputation == Reputation(completed: 1))
                }
            }
        }
    }

    @Test("The privacy report says of each party what it learns, and no more parties than there are")
    func privacy() {
        let open = PrivacyReport(isDisposable: false, hasProxy: false, isRelayed: false, shaping: .off)
        #expect(open.facts(of: .server).contains(.clientAddress))
        #expect(open.facts(of: .network).contains(.shape))
        #expect(open.facts(of: .chain) == [.wallet(isDisposable: false), .requestAndCharge])
        #expect(open.facts(of: .relay).isEmpty && open.facts(of: .proxy).isEmpty)
        let hidden = PrivacyReport(isDisposable: true, hasProxy: true, isRelayed: true, shaping: .constantRate)
        #expect(!hidden.findings.flatMap(\.facts).contains(.shape))
        for party in PrivacyReport.Party.allCases where party != .proxy && party != .network {
            #expect(!hidden.facts(of: party).contains(.clientAddress), "\(party)")
        }
        // What is learned and what is hidden never overlap, and together they are all that matters most.
        for report in [open, hidden] {
            for finding in report.findings {
                #expect(Set(finding.facts).isDisjoint(with: finding.hidden))
                let told = Set(finding.facts).union(finding.hidden)
                #expect(told.isSuperset(of: [.promptAndAnswer, .clientAddress]))
            }
        }
        #expect(open.hidden(from: .chain) == [.promptAndAnswer, .clientAddress])
        #expect(hidden.hidden(from: .server) == [.clientAddress])
        #expect(hidden.hidden(from: .relay) == [.promptAndAnswer, .clientAddress, .wallet(isDisposable: true)])
        // Whatever is configured: the server reads the prompt, and the relay never learns the wallet.
        for report in [open, hidden] { #expect(report.facts(of: .server).first == .promptAndAnswer) }
        #expect(!hidden.facts(of: .relay).contains(.requestAndCharge))
        #expect("\(hidden)".contains("a wallet that is used for this alone"))
    }
}
