import InferenceMarket
import SodiumCrypto
import Solana

@testable import ChainferenceKit

/// A market of honest and dishonest traders on one ledger, request after request.
final class SimulatedMarket {
    /// What a simulation found wrong; it must find nothing.
    private(set) var complaints: [String] = []
    private(set) var requests = 0
    private(set) var comparisons: [PairwiseComparison] = []
    let chain: SimulatedChain
    let servers: [SimulatedServer]
    let clients: [SimulatedClient]
    static let model: ModelID = "test/simulated"
    static let funds: Lamports = 1_000_000_000

    private var generator: SplitMix64
    private var ranking: SplitMix64
    private var offers: [ServerFacts] = []
    /// Locks that nobody will claim, until their time has passed.
    private var stale: [(due: Int64, request: Address, client: SimulatedClient, server: SimulatedServer)] = []
    private var everyRequest: [Address] = []

    /// - Parameters:
    ///   - seed: The same seed, the same market.
    ///   - chain: Where it takes place.
    ///   - counts: How many servers of each kind there are.
    ///   - clientCounts: How many clients of each kind there are.
    /// - Throws: What the ledger throws.
    init(
        seed: UInt64,
        on chain: SimulatedChain,
        servers counts: [ServerKind: Int],
        clients clientCounts: [ClientKind: Int]
    ) async throws {
        generator = SplitMix64(seed: seed)
        ranking = SplitMix64(seed: seed &+ 1)
        self.chain = chain
        var servers: [SimulatedServer] = []
        for kind in ServerKind.allCases {
            for _ in 0..<counts[kind, default: 0] {
                // A cheaper model costs its owner less, and is listed a little below the others.
                let price: UInt64 = (kind == .cheapModel ? 90_000_000 : 100_000_000) + generator.next() % 8_000_000
                let terms = Terms(
                    outputPrice: .lamports(price),
                    inputPrice: .lamports(price / 5),
                    minimumCharge: 20_000
                )
                servers.append(SimulatedServer(kind, wallet: try .drawn(from: &generator), terms: terms))
            }
        }
        self.servers = servers
        var clients: [SimulatedClient] = []
        for kind in ClientKind.allCases {
            for _ in 0..<clientCounts[kind, default: 0] {
                clients.append(SimulatedClient(kind, wallet: try .drawn(from: &generator)))
            }
        }
        self.clients = clients
        for server in servers { try await register(server) }
        for client in clients { try await chain.fund(client.wallet.address, Self.funds) }
    }

    private func register(_ server: SimulatedServer) async throws {
        try await chain.fund(server.wallet.address, Self.funds)
        let key = X25519.PrivateKey().publicKey
        let owner = server.wallet.address
        expect(
            try await chain.submit(
                [
                    AddServerInstruction(owner: owner, peerKey: key, peerAddress: "").instruction(in: chain.market),
                    SetListingInstruction(owner: owner, model: Self.model, terms: server.terms).instruction(
                        in: chain.market
                    ),
                ],
                by: server.wallet
            ) == nil,
            "a server can't register"
        )
        server.aliveSince = chain.now
    }

    private func expect(_ condition: Bool, _ complaint: @autoclosure () -> String) {
        if !condition, complaints.count < 20 { complaints.append("request \(requests): \(complaint())") }
    }

    // MARK: The course of things

    /// Trades until so many requests have been published, then lets every deadline pass and closes the books.
    func run(requests count: Int) async throws {
        while requests < count {
            try await chain.pass(3)
            try await heartbeats()
            if requests.isMultiple(of: 50) { try await survey() }
            if requests % 8 == 0, requests + 2 <= count {
                try await compare()
            } else {
                let client = clients[Int(generator.next() % UInt64(clients.count))]
                try await trade(client, with: choose())
            }
            try await sweep()
            if requests.isMultiple(of: 1_000) {
                let supply = try await chain.ledger.supply()
                expect(supply == chain.supply, "lamports are lost")
            }
        }
        try await chain.pass(4_000)
        try await sweep()
        for server in servers {
            let collect = CollectFeesInstruction(owner: server.wallet.address, treasury: chain.treasury)
            _ = try await chain.submit([collect.instruction(in: chain.market)], by: server.wallet)
        }
    }

    private func heartbeats() async throws {
        for server in servers where chain.now - server.aliveSince > 600 {
            let beat = HeartbeatInstruction(owner: server.wallet.address).instruction(in: chain.market)
            expect(try await chain.submit([beat], by: server.wallet) == nil, "no heartbeat")
            server.aliveSince = chain.now
        }
    }

    /// What clients know of the servers.
    private func survey() async throws {
        let strengths = BradleyTerry(comparisons).estimates
        offers = []
        for server in servers {
            let owner = server.wallet.address
            guard let account = try await chain.server(owner) else { continue }
            let offer = Offer(
                server: owner,
                account: chain.market.server(of: owner),
                terms: server.terms,
                reputation: account.reputation,
                heartbeatAt: account.heartbeatAt
            )
            offers.append(
                ServerFacts(offer: offer, latency: server.kind.latency, preference: strengths[offer.account])
            )
        }
    }

    /// By the ranking in half of the cases, else by chance, as servers of open requests come.
    private func choose() -> SimulatedServer {
        let byChance = servers[Int(generator.next() % UInt64(servers.count))]
        guard Bool.random(using: &generator) else { return byChance }
        let order = ServerRanking(usage: TokenCount(input: 200, output: 400), exploration: 0.1).rank(
            offers,
            using: &ranking
        )
        // Not always the first: clients differ in what they know and in whom they have tried.
        let place = Int(generator.next() % 3)
        guard place < order.count else { return byChance }
        return servers.first { $0.wallet.address == order[place].offer.server } ?? byChance
    }

    private func compare() async throws {
        let first = Int(generator.next() % UInt64(servers.count))
        let second = (first + 1 + Int(generator.next() % UInt64(servers.count - 1))) % servers.count
        let honest = clients.filter { $0.kind == .honest }
        let (one, other) = (honest[0], honest[1])
        let a = try await trade(one, with: servers[first], mayClose: false)
        let b = try await trade(other, with: servers[second], mayClose: false)
        if let a, let b {
            let gap = servers[first].kind.quality - servers[second].kind.quality
            let prefersFirst = Double.random(in: 0..<1, using: &generator) < 1 / (1 + Double.exponential(-gap))
            let responses = [(a, servers[first], one), (b, servers[second], other)].map { request, server, client in
                CompareResponsesInstruction.Response(
                    request: request,
                    server: chain.market.server(of: server.wallet.address),
                    requester: client.wallet.address
                )
            }
            let (best, worst) = prefersFirst ? (responses[0], responses[1]) : (responses[1], responses[0])
            let instruction = CompareResponsesInstruction(preferred: best, other: worst).instruction(in: chain.market)
            expect(
                try await chain.submit([instruction], by: one.wallet, and: [other.wallet]) == nil,
                "a comparison is refused"
            )
            comparisons.append(PairwiseComparison(preferred: best.server, other: worst.server))
        }
        if let a { try await close(a, of: one) }
        if let b { try await close(b, of: other) }
    }

    // MARK: One request

    /// Publishes, locks, talks, claims.
    ///
    /// - Returns: The request, if it was claimed with a voucher and is still there.
    @discardableResult
    private func trade(_ client: SimulatedClient, with server: SimulatedServer, mayClose: Bool = true) async throws
        -> Address?
    {
        requests += 1
        client.sessions += 1
        server.sessions += 1
        let promptBytes = 40 + generator.next() % 2_000
        let answerTokens = 1 + generator.next() % 900
        let caps = server.terms.raised(by: BasisPoints(rawValue: 1_000))
        let stake = caps.charge(for: TokenCount(input: promptBytes, output: 1_200))
        let credit: Lamports = 20_000
        let voucherKey = try Keypair.drawn(from: &generator)
        let request = chain.market.request(of: client.wallet.address, voucherSigner: voucherKey.address).address
        everyRequest.append(request)
        let isDirect = Bool.random(using: &generator)
        let publish = RequestInferenceInstruction(
            requester: client.wallet.address,
            voucherSigner: voucherKey.address,
            clientKey: X25519.PrivateKey().publicKey,
            model: Self.model,
            stake: stake,
            caps: caps,
            credit: credit,
            lifetime: 3_600,
            maximumFee: .whole,
            criteria: .any,
            mode: isDirect ? .direct(owner: server.wallet.address, listingIndex: 0) : .open
        )
        guard try await chain.submit([publish.instruction(in: chain.market)], by: client.wallet) == nil else {
            expect(false, "a request is refused")
            return nil
        }
        if !isDirect {
            let lock = LockRequestInstruction(
                owner: server.wallet.address,
                request: request,
                createdSlot: try await chain.request(request)?.createdSlot ?? 0,
                stake: stake,
                listingIndex: 0,
                peerAddress: ""
            )
            expect(
                try await chain.submit([lock.instruction(in: chain.market)], by: server.wallet) == nil,
                "a lock is refused"
            )
        }
        guard let lock = try await chain.request(request)?.state.lock else {
            expect(false, "a locked request is not locked")
            return nil
        }

        var conversation = SimulatedConversation(terms: lock.terms, stake: stake, credit: credit)
        conversation.run(
            server.kind,
            client.kind,
            promptBytes: promptBytes,
            answerTokens: answerTokens,
            using: &generator
        )
        server.mostUnpaid = max(server.mostUnpaid, conversation.unpaidTokens)
        expect(
            conversation.unpaidTokens <= SimulatedConversation.window,
            "a server worked for nothing beyond its window"
        )
        try await chain.pass(2)
        if client.kind == .flagSpamming || conversation.isRefused { try await flag(request, client, server) }
        let charge = try await settle(conversation, request, lock, voucherKey, client, server)
        guard let charge else { return nil }
        // Beyond the worth of what came, nobody pays more than the credit it gave.
        let bound = max(credit, conversation.worth)
        expect(charge <= bound, "a client paid \(charge) for what is worth \(conversation.worth)")
        client.mostOverpaid = max(client.mostOverpaid, charge.saturatingSubtracting(conversation.worth).rawValue)
        guard conversation.server.vouched > .zero, !mayClose else {
            try await close(request, of: client)
            return nil
        }
        return request
    }

    /// The server's claim, or what the client does without one.
    ///
    /// - Returns: What was charged; nil when nothing was.
    private func settle(
        _ conversation: SimulatedConversation,
        _ request: Address,
        _ lock: RequestAccount.Lock,
        _ voucherKey: Keypair,
        _ client: SimulatedClient,
        _ server: SimulatedServer
    ) async throws -> Lamports? {
        let market = chain.market
        if conversation.hasServerVanished {
            let begin = BeginCloseInstruction(request: request, requester: client.wallet.address)
            expect(
                try await chain.submit([begin.instruction(in: market)], by: client.wallet) == nil,
                "no way out of a dead lock"
            )
            stale.append((chain.now + 601, request, client, server))
            return nil
        }
        let voucher = Voucher(
            signing: VoucherMessage(
                request: request,
                cumulative: conversation.server.vouched,
                expiresAt: lock.voucherExpiry
            ),
            with: voucherKey
        )
        func claim(_ amount: Lamports) async throws -> TransactionError? {
            let instructions =
                conversation.server.vouched > .zero
                ? ClaimPaymentInstruction.claiming(
                    voucher,
                    signedBy: voucherKey.address,
                    owner: server.wallet.address,
                    requester: client.wallet.address,
                    amount: amount,
                    in: market
                )
                : [
                    ClaimPaymentInstruction(
                        owner: server.wallet.address,
                        request: request,
                        requester: client.wallet.address,
                        amount: amount,
                        presentsVoucher: false
                    ).instruction(in: market)
                ]
            return try await chain.submit(instructions, by: server.wallet)
        }
        var amount = conversation.server.claimable
        if server.kind == .overcharging {
            let most = max(conversation.server.vouched, conversation.server.credit)
            expect(try await claim(most.saturatingAdding(1)) != nil, "a claim above the voucher went through")
            server.refusedClaims += 1
            amount = most
        }
        guard amount > .zero else {
            // Nothing is owed: an honest server gives the request back, and the client takes its stake home.
            let release = ReleaseRequestInstruction(
                owner: server.wallet.address,
                request: request,
                requester: client.wallet.address
            )
            expect(
                try await chain.submit([release.instruction(in: market)], by: server.wallet) == nil,
                "a release is refused"
            )
            if try await chain.request(request) != nil {
                let cancel = CancelRequestInstruction(request: request, requester: client.wallet.address)
                expect(
                    try await chain.submit([cancel.instruction(in: market)], by: client.wallet) == nil,
                    "a cancel is refused"
                )
            }
            return nil
        }
        expect(try await claim(amount) == nil, "a rightful claim of \(amount) is refused")
        if server.kind == .overcharging {
            expect(try await claim(amount) != nil, "a second claim went through")
            server.refusedClaims += 1
        }
        client.paid += amount.rawValue
        server.charged += amount.rawValue
        server.shares += SimulatedChain.fee.share(of: amount).rawValue
        return amount
    }

    private func flag(_ request: Address, _ client: SimulatedClient, _ server: SimulatedServer) async throws {
        let flag = FlagResponseInstruction(
            request: request,
            requester: client.wallet.address,
            server: chain.market.server(of: server.wallet.address)
        )
        expect(
            try await chain.submit([flag.instruction(in: chain.market)], by: client.wallet) == nil,
            "a flag is refused"
        )
    }

    private func close(_ request: Address, of client: SimulatedClient) async throws {
        let close = CloseRequestInstruction(request: request, requester: client.wallet.address)
        expect(
            try await chain.submit([close.instruction(in: chain.market)], by: client.wallet) == nil,
            "a close is refused"
        )
    }

    /// Brings home the stakes of locks whose time has passed.
    private func sweep() async throws {
        while let next = stale.first, next.due < chain.now {
            stale.removeFirst()
            let expire = ExpireRequestInstruction(
                request: next.request,
                requester: next.client.wallet.address,
                server: chain.market.server(of: next.server.wallet.address)
            )
            expect(
                try await chain.submit([expire.instruction(in: chain.market)], by: next.client.wallet) == nil,
                "no expiry"
            )
        }
    }

    // MARK: The books

    /// Compares every balance with what the trades say it must be.
    func audit() async throws {
        let ledger = chain.ledger
        let supply = try await ledger.supply()
        expect(supply == chain.supply, "the supply is \(supply ?? 0), not \(chain.supply ?? 0)")
        for request in everyRequest {
            let left = try await ledger.balance(of: request)
            expect(left == .zero, "\(request) is left over")
        }
        for client in clients {
            let expected = Self.funds.rawValue - client.paid - chain.fees[client.wallet.address, default: 0]
            let balance = try await ledger.balance(of: client.wallet.address).rawValue
            expect(balance == expected, "a \(client.kind) client holds \(balance), not \(expected)")
        }
        var shares: UInt64 = 0
        for server in servers {
            let rent = try await ledger.balance(of: chain.market.server(of: server.wallet.address)).rawValue
            let expected =
                Self.funds.rawValue + server.charged - server.shares - rent
                - chain.fees[server.wallet.address, default: 0]
            let balance = try await ledger.balance(of: server.wallet.address).rawValue
            expect(balance == expected, "a \(server.kind) server holds \(balance), not \(expected)")
            shares += server.shares
        }
        let treasury = try await ledger.balance(of: chain.treasury).rawValue
        expect(treasury == chain.treasuryFunds.rawValue + shares, "the treasury holds \(treasury)")
    }

    /// After how many comparisons the ranking holds every cheap-model server below every other one that answers, and
    /// keeps doing so; nil if never.
    func comparisonsUntilSeparated() -> Int? {
        func isSeparated(_ count: Int) -> Bool {
            let strengths = BradleyTerry(comparisons.prefix(count)).estimates
            func measured(_ kinds: (ServerKind) -> Bool) -> [Double] {
                servers.filter { kinds($0.kind) }
                    .map { strengths[chain.market.server(of: $0.wallet.address)]?.logStrength ?? 0 }
            }
            let cheap = measured { $0 == .cheapModel }
            let honest = measured { $0 == .honest || $0 == .slow }
            guard let best = cheap.max(), let worst = honest.min() else { return false }
            return best < worst
        }
        let steps = Array(stride(from: 20, through: comparisons.count, by: 20))
        guard let last = steps.last, isSeparated(last) else { return nil }
        return steps.reversed().prefix { isSeparated($0) }.last
    }
}
