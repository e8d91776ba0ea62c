import Inference
import InferenceMarket
import Solana
import Synchronization

/// The money and the servers of one session: opens lines, asks over them, replaces those that fail, closes the books.
///
/// Lines run in tasks of their own (``serve()``), so that a failed one is settled while the next one answers already.
final class SessionHost: Sendable {
    /// A line that is wanted, from the dialling of its server to its last lamport.
    final class Order: Sendable {
        /// How the server is found.
        enum Way: Sendable {
            case open
            case direct(ServerChoice, ServerAccount)
        }

        let way: Way
        let stake: Lamports
        let keys = RequestKeys()
        /// The line, once it can be asked, or why there is none.
        let ready = OneShot<Swift.Result<ServerLine, any Error>>()
        /// What was paid, once that is certain.
        let books = OneShot<Books>()
        /// What the line's use ended with.
        let ending = OneShot<ServerLine.Ending>()
        /// The request, as soon as it may be on the chain.
        let request = Mutex<OwnRequest?>(nil)

        init(_ way: Way, stake: Lamports) {
            self.way = way
            self.stake = stake
        }
    }

    /// What became of the money of one line.
    struct Books: Sendable {
        /// The settlement; nil when nothing was published, or when the chain could not be asked.
        var settlement: Settlement?
        /// The request, if one may be on the chain or was there.
        var request: OwnRequest?
        /// Why a line that was done could not be settled.
        var failure: (any Error)?
    }

    struct State: Sendable {
        var budget: SharedBudget
        var lines: [ServerLine] = []
        var orders: [Order] = []
        var waiting: [Order] = []
        var isClosed = false
        /// Wallets of servers that were tried, or must not be.
        var refused: Set<Address> = []
        /// How many requests were published.
        var published = 0
    }

    let client: InferenceClient
    let survey: MarketSurvey
    let emit: @Sendable (ClientEvent) -> Void
    /// Whether requests are closed once they are claimed; a comparison needs them for longer.
    let closesRequests: Bool
    let state: Mutex<State>
    private let orders: AsyncStream<Void>
    private let placed: AsyncStream<Void>.Continuation

    init(
        client: InferenceClient,
        survey: MarketSurvey,
        closesRequests: Bool,
        emit: @escaping @Sendable (ClientEvent) -> Void
    ) {
        self.client = client
        self.survey = survey
        self.closesRequests = closesRequests
        self.emit = emit
        state = Mutex(State(budget: SharedBudget(total: survey.quote.stake)))
        (orders, placed) = AsyncStream.makeStream()
    }

    // MARK: Looking

    /// The line that was opened last; the first one is opened before anybody can ask.
    var newestLine: ServerLine {
        guard let line = state.withLock({ $0.lines.last }) else { preconditionFailure("a session begins with a line") }
        return line
    }

    var vouched: Lamports {
        state.withLock { $0.lines }.reduce(.zero) { $0.saturatingAdding($1.vouched) }
    }

    var usage: TokenCount {
        state.withLock { $0.lines }.reduce(.zero) { $0.adding($1.usage) }
    }

    // MARK: Lines

    /// Runs the lines that are ordered, until no more can be and all of them are over.
    func serve() async {
        await withDiscardingTaskGroup { group in
            for await _ in orders {
                for order in state.withLock({ state in
                    defer { state.waiting = [] }
                    return state.waiting
                }) {
                    group.addTask { await self.run(order) }
                }
            }
            let unserved = state.withLock { state in
                state.isClosed = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for order in unserved { Self.drop(order) }
        }
    }

    private static func drop(_ order: Order) {
        order.ready.resolve(.failure(CancellationError()))
        order.books.resolve(Books())
    }

    /// Opens a line to the best server that was not tried yet.
    @discardableResult
    func openLine() async throws -> ServerLine {
        let preference = client.policy.flow
        var problem: (any Error)?
        if preference != .only(.open) {
            for choice in survey.choices.prefix(client.policy.maximumServers * 2) {
                // Whoever is tried is not tried again, neither after a failure nor besides itself.
                guard let account = survey.accounts[choice.offer.server], !account.peerAddress.isEmpty,
                    state.withLock({ $0.refused.insert(choice.offer.server).inserted })
                else { continue }
                do {
                    emit(.chosen(choice))
                    return try await place(.direct(choice, account))
                } catch {
                    guard Failover.isPossible(after: error) else { throw error }
                    refuse(choice.offer.server, because: error)
                    problem = error
                    guard state.withLock({ $0.published }) < client.policy.maximumServers else { throw error }
                }
            }
            guard preference == .automatic else {
                throw problem
                    ?? ClientError(.noSuitableServer(survey.quote.model, offering: survey.choices.count))
            }
        }
        // An open request would be locked again by a server that has failed, when there is no other.
        let isHopeless = state.withLock { state in
            survey.choices.allSatisfy { state.refused.contains($0.offer.server) }
        }
        if isHopeless {
            throw problem ?? ClientError(.noSuitableServer(survey.quote.model, offering: survey.choices.count))
        }
        return try await place(.open)
    }

    private func place(_ way: Order.Way) async throws -> ServerLine {
        let remaining = state.withLock { $0.budget.remaining }
        let least = survey.quote.caps.charge(for: TokenCount(input: 0, output: 1))
        guard remaining >= least else {
            let promised = survey.quote.stake.saturatingSubtracting(remaining)
            throw ClientError(.budgetUsedUp(promised: promised, needed: promised.saturatingAdding(least)))
        }
        let order = Order(way, stake: remaining)
        let isClosed = state.withLock { state in
            guard !state.isClosed else { return true }
            state.orders.append(order)
            state.waiting.append(order)
            return false
        }
        if isClosed { Self.drop(order) } else { placed.yield() }
        do {
            return try await order.ready.value().get()
        } catch is CancellationError {
            // Nobody will ask over it any more.
            order.ending.resolve(.failed(CancellationError()))
            throw CancellationError()
        }
    }

    private func run(_ order: Order) async {
        var books = Books()
        do {
            books.settlement = try await client.open(order, for: self)
            books.request = order.request.withLock { $0 }
        } catch {
            order.ready.resolve(.failure(error))
            if case .done = order.ending.current { books.failure = error }
            books.settlement = await lookAfter(order, after: error)
            books.request = order.request.withLock { $0 }
            if let settlement = books.settlement { emit(.settled(settlement)) }
        }
        if let request = books.request { await book(request, books.settlement) }
        order.books.resolve(books)
    }

    /// Brings the money of a line home that did not do its part; nil when the chain can't be asked.
    private func lookAfter(_ order: Order, after error: any Error) async -> Settlement? {
        let isRefused = (error as? ClientError)?.reason.isRefusal == true && !hasDelivered(order)
        // What the server does at the same moment makes a transaction fail, and another one right.
        for _ in 0..<4 {
            let attempt = try? await uncancelled { try await self.client.abandon(order, isRefused: isRefused) }
            if let settlement = attempt { return settlement }
        }
        return nil
    }

    /// Whether anything was received over an order's line: its server has something to claim then, and waits with that.
    private func hasDelivered(_ order: Order) -> Bool {
        guard let request = order.request.withLock({ $0 }) else { return false }
        let lines = state.withLock { $0.lines }
        return lines.contains { $0.request.address == request.address && $0.usage.output > 0 }
    }

    /// Takes a settlement into the budget and the journal.
    private func book(_ request: OwnRequest, _ settlement: Settlement?) async {
        client.journal.active.remove(request.address)
        guard let settlement, settlement.isFinal else { return }
        state.withLock { $0.budget.settle(request.address, charge: settlement.charge) }
        try? await client.journal.settled(
            request.address,
            charge: settlement.charge,
            fees: settlement.transactionFees
        )
    }

    /// Gives up on a line: its lock is ended, and its server is not tried again.
    func retire(_ line: ServerLine, because error: any Error) {
        line.ending.resolve(.failed(error))
        refuse(line.lock.server, because: error)
    }

    private func refuse(_ server: Address, because error: any Error) {
        state.withLock { _ = $0.refused.insert(server) }
        if !(error is CancellationError), !(error is PartialAnswer.Late) { client.shared.latencies.failed(server) }
    }

    // MARK: The end

    /// Ends a session that went well, and waits for its books.
    func finish() async throws {
        let orders = close(with: .done)
        for order in orders {
            let books = try await uncancelled { try await order.books.value() }
            if let failure = books.failure { throw failure }
        }
    }

    /// Ends a session that did not go well, looks after its money, and says what is certain about it.
    func abort(_ error: any Error) async -> any Error {
        let orders = close(with: .failed(error))
        var books: [Books] = []
        for order in orders {
            guard let one = try? await uncancelled({ try await order.books.value() }) else { continue }
            books.append(one)
        }
        if error is CancellationError { return error }
        let clientError = ClientError.wrapping(error)
        let published = books.filter { $0.request != nil }
        guard !published.isEmpty else { return clientError }
        return ClientError(clientError.reason, cost: ClientError.Cost(of: published))
    }

    private func close(with ending: ServerLine.Ending) -> [Order] {
        placed.finish()
        let orders = state.withLock { $0.orders }
        for order in orders { order.ending.resolve(ending) }
        return orders
    }
}

extension ClientError.Cost {
    /// What is certain about several requests together.
    init(of books: [SessionHost.Books]) {
        var charged = Lamports.zero
        var fees = Lamports.zero
        var atMost = Lamports.zero
        var until: UnixTime?
        var isOpen = false
        for book in books {
            switch (book.settlement, book.request) {
            case (.some(let settlement), _):
                fees = fees.saturatingAdding(settlement.transactionFees)
                charged = charged.saturatingAdding(settlement.charge)
                if case .awaitingClaim(let deadline) = settlement.state {
                    isOpen = true
                    atMost = atMost.saturatingAdding(settlement.stake)
                    until = max(until ?? deadline, deadline)
                }
            case (nil, .some(let request)):
                isOpen = true
                atMost = atMost.saturatingAdding(request.stake)
                fees = fees.saturatingAdding(request.fees)
            case (nil, nil): break
            }
        }
        if isOpen {
            self = .atMost(atMost.saturatingAdding(charged), returnsAfter: until)
        } else if charged > .zero {
            self = .charged(charged, fees: fees)
        } else {
            self = .feesOnly(fees)
        }
    }
}
