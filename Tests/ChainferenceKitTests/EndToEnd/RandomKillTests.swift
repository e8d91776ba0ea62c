import ChainferenceKit
import ChainferenceTesting
import Foundation
import GRDB
import LocalCluster
import Synchronization
import Testing

@testable import ChainferenceKit

/// Real processes, really killed: `chainference-provider` gets SIGKILL at random moments of its life, from its first
/// instruction to its last claim, and is started again, again and again.
///
/// 200 kills in every run; `CHAINFERENCE_KILLS` sets another number.
@Suite("Killed at random", .timeLimit(.minutes(10)))
struct RandomKillTests {
    static let kills = ProcessInfo.processInfo.environment["CHAINFERENCE_KILLS"].flatMap { Int($0) } ?? 200

    /// Providers that are killed at the same time, each with a wallet and a store of its own.
    static let lanes = 5

    @Test("Wherever the provider is killed, restarts settle to the lamport, once, and no stake is forgotten")
    func settlesAfterAnyKill() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await TestMarket.with { market in
            let total = market.cluster.allBalances().total
            let began = ContinuousClock.now
            let tally = try await withThrowingTaskGroup(of: Lane.Tally.self) { group in
                for number in 0..<Self.lanes {
                    let lane = try Lane(number: number, market: market, folder: folder)
                    let share = Self.kills / Self.lanes + (number < Self.kills % Self.lanes ? 1 : 0)
                    group.addTask { try await lane.run(kills: share) }
                }
                return try await group.reduce(into: Lane.Tally()) { $0.add($1) }
            }
            // Airdrops come out of the faucet, and fees are counted: nothing is made and nothing is lost.
            #expect(market.cluster.allBalances().total == total)
            print("killed \(Self.kills) times in \(began.duration(to: .now)): \(tally)")
            // Kills that never meet a lock or a voucher would prove nothing.
            #expect(tally.locks * 2 > Self.kills && tally.charges * 10 > Self.kills, "\(tally)")
        }
    }
}

/// One provider, killed many times.
private struct Lane: Sendable {
    /// What a lane has been through.
    struct Tally: Sendable {
        var requests = 0
        /// Requests that the provider had in its store.
        var locks = 0
        var claims = 0
        /// Claims of more than nothing.
        var charges = 0
        var lamports: UInt64 = 0

        mutating func add(_ other: Tally) {
            requests += other.requests
            locks += other.locks
            claims += other.claims
            charges += other.charges
            lamports += other.lamports
        }
    }

    /// A request, and every voucher that its client has signed.
    private struct Order: Sendable {
        let client: RawClient
        let promised = EventLog<Lamports>()
        let locked = EventLog<Void>()
    }

    static let minimumCharge: Lamports = 1_000

    let number: Int
    /// No other lane's provider may take this one's requests.
    let model: ModelID
    let market: TestMarket
    let wallet: Keypair
    let configuration: String
    let store: String

    init(number: Int, market: TestMarket, folder: URL) throws {
        self.number = number
        model = try ModelID(validating: "kill/lane\(number)")
        self.market = market
        wallet = try market.wallet()
        let key = folder.appendingPathComponent("wallet\(number).json").path
        try wallet.write(to: key)
        let state = folder.appendingPathComponent("state\(number)").path
        store = try ProviderStore.standardPath(wallet: wallet.address, market: .localnet, folder: state)
        configuration = folder.appendingPathComponent("provider\(number).yaml").path
        let text = """
            cluster: \(market.cluster.rpcURL)
            wallet: \(key)
            state: \(state)
            backends: {toy: {toy: {tokens-per-second: 500, talks-on: true}}}
            models:
              - model: \(model)
                backend-model: \(NGramBackend.modelName)
                price: 100_000_000
                minimum-charge: \(Self.minimumCharge.rawValue)
            concurrency: 64
            idle-limit: 1s
            claim-delay: 0s
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: configuration))
    }

    func run(kills: Int) async throws -> Tally {
        var random = SplitMix64(seed: UInt64(number) &+ 6)
        let start = market.cluster.balance(of: wallet.address).rawValue
        let buyer = try market.wallet(10_000_000_000)
        var orders: [Order] = []
        for round in 0..<kills {
            var client = RawClient(market: market, wallet: buyer)
            client.model = model
            client.credit = Self.minimumCharge
            let order = Order(client: client)
            orders.append(order)
            // A quarter of the kills come at any moment after the start, the others at any moment after the lock.
            let isEarly = round % 4 == 0
            let delay = Duration.milliseconds(Int.random(in: 1...(isEarly ? 1_500 : 600), using: &random))
            let isDirect = random.next() % 2 == 0
            let process = try RunningProvider(configuration)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await buy(order, isDirect: isDirect) }
                if !isEarly { _ = try? await order.locked.first("lock", within: .seconds(10)) { _ in true } }
                // The one wait that is random on purpose.
                try? await Task.sleep(for: delay)
                await process.kill()
                group.cancelAll()
            }
        }
        return try await judge(orders, start: start)
    }

    /// Buys an answer as a client does, as far as the provider lives.
    private func buy(_ order: Order, isDirect: Bool) async {
        let client = order.client
        do {
            let prompt = try GenerationRequest(
                model: model.name,
                messages: [.user("Tell me a story.")],
                maximumOutputTokens: 100
            )
            guard isDirect else {
                let lock = try await client.lock()
                order.locked.append(())
                return try await client.withSession(lock, server: wallet.address) { session in
                    _ = try await client.converse(over: session, lock, prompt: prompt) { order.promised.append($0) }
                }
            }
            // Until the provider is up, its old address is on the chain.
            var lock: RequestAccount.Lock?
            while !Task.isCancelled {
                do {
                    let address = try await market.chain.server(of: wallet.address)?.account.peerAddress ?? ""
                    try await client.withSession(to: address, server: wallet.address) { session in
                        let here = if let lock { lock } else { try await client.lockDirectly(wallet.address) }
                        if lock == nil { order.locked.append(()) }
                        lock = here
                        _ = try await client.converse(over: session, here, prompt: prompt) { order.promised.append($0) }
                    }
                    return
                } catch {
                    try await Task.sleep(for: .milliseconds(30))
                }
            }
        } catch {
            // The kill came, or the request could not be had: the books say what became of it.
        }
    }

    /// Lets a provider run until everything is settled, and compares its books with the chain.
    private func judge(_ orders: [Order], start: UInt64) async throws -> Tally {
        let process = try RunningProvider(configuration)
        // A signal that came before the program listens to it would be one more kill.
        _ = try await process.lines.first("registration") { $0.hasPrefix("registered") ? true : nil }
        for order in orders { try await settle(order) }
        try await closeBooks()
        await process.stop()

        let store = try ProviderStore(path: store)
        let chain = try await market.chain
        #expect(try await store.unsettledLocks().isEmpty, "lane \(number)")
        #expect(try await store.undecidedTransactions().isEmpty, "lane \(number)")
        let claims = try await store.claims()
        var tally = Tally()
        tally.locks = try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM lock") ?? 0 }
        for order in orders {
            let address = order.client.request
            let booked = claims.filter { $0.id.request == address }
            tally.requests += 1
            tally.claims += booked.count
            tally.charges += booked.count { $0.charge > .zero }
            tally.lamports += booked.reduce(0) { $0 + $1.charge.rawValue }
            guard let account = try await chain.request(at: address)?.account else {
                #expect(booked.isEmpty, "lane \(number): \(address) is gone")
                continue
            }
            let id = LockID(request: address, createdSlot: account.createdSlot)
            switch account.state {
            case .claimed(_, let charge, _):
                #expect(booked.map(\.charge) == [charge], "lane \(number): \(address)")
                // What was claimed is the newest voucher on disk, the credit of a client that gave none, or the nothing that
                // gives the stake back.
                let newest = try await store.newestVoucher(for: id)?.cumulative ?? .zero
                let isCredit = charge == Self.minimumCharge && newest <= charge
                #expect(charge == newest || charge == 0 || isCredit, "lane \(number): \(charge), not \(newest)")
                #expect(
                    charge == 0 || isCredit || order.promised.events.contains(charge),
                    "lane \(number): \(charge)"
                )
            case .open:
                #expect(booked.isEmpty)
            case .locked:
                // A direct request that its client could not come for: nobody acts on it, and nothing counts.
                #expect(account.flags.contains(.direct) && booked.isEmpty, "lane \(number): \(address) is locked")
                #expect(try await store.newestVoucher(for: id) == nil)
            }
        }
        let server = try #require(try await chain.server(of: wallet.address))
        #expect(server.account.openLocks == 0 && server.account.reputation.failed == 0, "lane \(number)")
        // To the lamport: what the wallet has more or less is what the books say, the server account's rent aside.
        let now = market.cluster.balance(of: wallet.address).rawValue
        let change = Int64(now) - Int64(start) + Int64(server.lamports.rawValue)
        #expect(change == (try await store.earnings().total.net), "lane \(number)")
        try store.close()
        return tally
    }

    /// Waits until the provider knows what became of everything that it ever signed: what a kill kept from being sent is
    /// void when its blockhash has expired.
    private func closeBooks() async throws {
        let reader = try ProviderStore(reading: store)
        let end = ContinuousClock.now + .seconds(60)
        while try await !reader.undecidedTransactions().isEmpty, ContinuousClock.now < end {
            try await Task.sleep(for: market.chain.pollInterval)
        }
        try reader.close()
    }

    /// Waits until the provider has nothing more to do with a request, whose client takes back what was released.
    private func settle(_ order: Order) async throws {
        let client = order.client
        let chain = try await market.chain
        let end = ContinuousClock.now + .seconds(90)
        while ContinuousClock.now < end {
            let step = try await chain.waitForRequest(client.request, within: .seconds(5)) { found -> Step? in
                switch found?.account.state {
                case nil, .claimed: .over
                case .open: .open
                // A direct request may stand there to its deadline: nobody acts on it.
                case .locked: found?.account.flags.contains(.direct) == true ? .over : nil
                }
            }
            if step == .over { return }
            guard step == .open else { continue }
            let cancel = CancelRequestInstruction(request: client.request, requester: client.wallet.address)
            _ = try? await chain.send([cancel.instruction(in: .localnet)], wallet: client.wallet)
        }
        Issue.record("lane \(number): \(client.request) is not settled")
    }

    private enum Step: Sendable {
        case open
        case over
    }
}

/// A `chainference-provider` process.
private final class RunningProvider: Sendable {
    private let process: Process
    private let ended = EventLog<Void>()
    /// What it has printed.
    let lines = EventLog<String>()

    init(_ configuration: String) throws {
        guard let folder = Bundle.main.executableURL?.deletingLastPathComponent() else {
            throw CocoaError(.fileNoSuchFile)
        }
        process = Process()
        process.executableURL = folder.appendingPathComponent("chainference-provider")
        process.arguments = ["--configuration", configuration]
        let (output, lines) = (Pipe(), lines)
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            // The end of the output is told again and again.
            if data.isEmpty { handle.readabilityHandler = nil }
            for line in String(decoding: data, as: UTF8.self).split(separator: "\n") { lines.append(String(line)) }
        }
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let ended = ended
        process.terminationHandler = { _ in ended.append(()) }
        try process.run()
    }

    /// SIGKILL: nothing of the process runs any more when this returns.
    func kill() async { await end(SIGKILL) }

    /// SIGTERM: the provider finishes first.
    func stop() async { await end(SIGTERM) }

    private func end(_ signal: Int32) async {
        // The test's own task may be cancelled already; the process must be gone all the same.
        let (pid, ended) = (process.processIdentifier, ended)
        await Task {
            send(signal, to: pid)
            _ = try? await ended.first("end of the process", within: .seconds(60)) { _ in true }
        }
        .value
    }
}

private func send(_ signal: Int32, to process: Int32) { _ = kill(process, signal) }
