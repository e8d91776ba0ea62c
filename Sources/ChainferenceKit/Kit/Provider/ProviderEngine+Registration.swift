import InferenceMarket
import Logging
import PeerChannel
import SodiumCrypto
import Solana
import Synchronization

extension ProviderEngine {
    /// Brings the server account and its listings to what is offered now.
    func register(listeningOn port: Int) async throws {
        let address = try announce(port: port)
        let found = try await chain.server(of: wallet.address)
        let instructions = registration(over: found?.account, peerAddress: address)
        if found == nil { try await checkFunds(peerAddress: address, transactions: instructions.count) }
        try await sendInBatches(instructions)
        let registered = try await chain.server(of: wallet.address)
        state.withLock { state in
            state.server = registered?.account
            state.addressIsStale = false
        }
        reportOffers()
        report(.registered(server: serverAddress))
    }

    /// Makes the address of the present key the one that clients are sent to; the chain has to follow.
    @discardableResult
    func announce(port: Int) throws -> String {
        let address = try advertisedAddress(port: port, key: keys.withLock { $0.current.key.publicKey })
        state.withLock { state in
            state.port = port
            state.addresses.insert(address, at: 0)
            state.addressIsStale = true
        }
        report(.listening(address: address))
        return address
    }

    private func advertisedAddress(port: Int, key: X25519.PublicKey) throws -> String {
        if let relay = configuration.relay {
            do {
                return try relay.address(ofServer: key, suites: Self.suites).description
            } catch {
                throw ProviderError.invalidAdvertisedAddress(reason: "\(error)")
            }
        }
        let host = configuration.advertisedHost ?? .ip4(IPv4Address(number: 0x7F00_0001))
        let port = configuration.advertisedPort ?? UInt16(clamping: port)
        if configuration.advertisedHost == nil {
            provider.logger.notice("no advertised host is configured: only clients on this machine can connect")
        }
        do {
            let endpoint = try PeerAddress.Endpoint(host: host, port: port)
            return try PeerAddress(endpoint: endpoint, suites: Self.suites, serverKey: key).description
        } catch {
            throw ProviderError.invalidAdvertisedAddress(reason: "\(error)")
        }
    }

    /// What has to be done so that the account says what is offered, and that the provider is alive.
    func registration(over account: ServerAccount?, peerAddress: String) -> [Instruction] {
        let owner = wallet.address
        var instructions: [any MarketInstruction] = []
        if let account {
            instructions += addressChange(over: account, peerAddress: peerAddress)
            // A restart within the interval has nothing new to say.
            if timeToHeartbeat(after: account) <= .zero { instructions.append(HeartbeatInstruction(owner: owner)) }
        } else {
            let key = keys.withLock { $0.current.key.publicKey }
            instructions.append(AddServerInstruction(owner: owner, peerKey: key, peerAddress: peerAddress))
        }
        return instructions.map { $0.instruction(in: market) } + listingChanges(over: account?.listings ?? [])
    }

    /// What has to be done so that the account says where clients are sent to, and with which key.
    func addressChange(over account: ServerAccount, peerAddress: String) -> [any MarketInstruction] {
        let key = keys.withLock { $0.current.key.publicKey }
        guard account.peerAddress != peerAddress || account.peerKey != key else { return [] }
        return [UpdateServerInstruction(owner: wallet.address, peerKey: key, peerAddress: peerAddress)]
    }

    /// How long the account's last heartbeat is still recent enough.
    private func timeToHeartbeat(after account: ServerAccount) -> Duration {
        configuration.heartbeatInterval - .seconds(account.heartbeatAt.seconds(until: time.now))
    }

    /// What has to be done so that the listings are what is offered, and nothing else.
    func listingChanges(over listings: [Listing]) -> [Instruction] {
        let owner = wallet.address
        let offers = plan.offers
        var instructions: [any MarketInstruction] = []
        for listing in listings where !offers.contains(where: { $0.model == listing.model }) {
            instructions.append(RemoveListingInstruction(owner: owner, model: listing.model.hash))
        }
        for offer in offers where listings.first(where: { $0.model == offer.model })?.terms != offer.terms {
            // Unchanged listings keep their stamp, so requests that are open now can still be locked on them.
            instructions.append(SetListingInstruction(owner: owner, model: offer.model, terms: offer.terms))
        }
        return instructions.map { $0.instruction(in: market) }
    }

    /// Lets another plan take the place of the present one, if it can work.
    func reload(_ plan: Provider.Plan) async throws {
        try plan.validate()
        let fixed = configuration.fixedDifferences(from: plan.configuration)
        guard fixed.isEmpty else { throw ProviderError.needsRestart(fixed) }
        try await plan.checkBackends()
        currentPlan.withLock { $0 = plan }
        state.withLock { state in
            state.health = [:]
            state.listingsAreStale = true
            // What was left alone on the old plan may be worth a lock on the new one.
            state.left = [:]
        }
        var transactions = 0
        do {
            transactions = try await updateListings()
        } catch {
            try Task.checkCancellation()
            report(.chainTrouble(reason: "the listings are not in step yet: \(error)"))
        }
        report(.reloaded(transactions: transactions))
    }

    /// Brings the listings on the chain in step with the plan.
    ///
    /// - Returns: How many transactions that took.
    @discardableResult
    func updateListings() async throws -> Int {
        guard let account = try await chain.server(of: wallet.address)?.account else { return 0 }
        let transactions = try await sendInBatches(listingChanges(over: account.listings))
        let changed = transactions == 0 ? account : try await chain.server(of: wallet.address)?.account ?? account
        state.withLock { state in
            state.server = changed
            state.listingsAreStale = false
        }
        reportOffers()
        return transactions
    }

    /// Sends instructions in as few transactions as hold them, in order.
    ///
    /// - Returns: How many transactions that took.
    @discardableResult
    func sendInBatches(_ instructions: [Instruction]) async throws -> Int {
        let batches = Self.batches(of: instructions.map { [$0] }, payer: wallet.address)
        for batch in batches { _ = try await send(batch.map { instructions[$0] }, for: .registration) }
        return batches.count
    }

    /// Says what is sold, and from which length on it pays.
    private func reportOffers() {
        let (policy, fee) = (lockPolicy, state.withLock { $0.fee })
        for offer in plan.offers {
            report(
                .offering(
                    offer.model,
                    terms: offer.terms,
                    breakEven: policy.breakEven(offer.terms, marketFee: fee, isDirect: false),
                    directBreakEven: policy.breakEven(offer.terms, marketFee: fee, isDirect: true)
                )
            )
        }
    }

    private func checkFunds(peerAddress: String, transactions: Int) async throws {
        let length = ServerAccount.dataLength(peerAddress: peerAddress, models: plan.offers.map(\.model))
        let rent = try await chain.rpc.getMinimumBalanceForRentExemption(dataLength: UInt64(length))
        // The wallet itself must stay rent-exempt: an account without data.
        let reserve = try await chain.rpc.getMinimumBalanceForRentExemption(dataLength: 0)
        var needed = rent.saturatingAdding(reserve)
        for _ in 0..<transactions { needed = needed.saturatingAdding(configuration.fees.transaction(signatures: 1)) }
        let balance = try await chain.balance(of: wallet.address)
        guard balance >= needed else {
            throw ProviderError.insufficientFunds(wallet: wallet.address, balance: balance, needed: needed)
        }
    }

    /// Shows at intervals that the server is alive.
    func beat() async throws {
        // The account may have been alive before this start.
        var pause = state.withLock { $0.server }.map { timeToHeartbeat(after: $0) } ?? configuration.heartbeatInterval
        pause = min(configuration.heartbeatInterval, max(.zero, pause))
        while true {
            try await time.sleep(for: pause)
            guard !isDraining else {
                pause = configuration.heartbeatInterval
                continue
            }
            do {
                _ = try await send(
                    [HeartbeatInstruction(owner: wallet.address).instruction(in: market)],
                    for: .heartbeat
                )
                pause = configuration.heartbeatInterval
            } catch {
                try Task.checkCancellation()
                report(.chainTrouble(reason: "the heartbeat did not land: \(error)"))
                pause = min(.seconds(30), configuration.heartbeatInterval)
            }
        }
    }
}
