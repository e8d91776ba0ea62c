import Foundation
import InferenceMarket
import Logging
import Solana
import SolanaRPC

/// How much a client reads of the servers' past before it chooses, beside their counters.
///
/// It reads while sessions run, and keeps in its ``ClientJournal`` what it has found, so that the next choice has it at hand.
/// Only a client that knows nothing at all waits for it, and briefly. With a single server to choose from nothing is read.
public struct ReputationReading: Hashable, Sendable {
    /// After how long a server's transactions are looked at again.
    public var maximumAge: Duration = .seconds(600)

    /// How many of a server's newest transactions are looked at, of those since the last time; 1 to 1,000.
    public var transactionsPerServer: UInt64 = 40

    /// The most calls to the node in the course of one session.
    public var callsPerSession = 120

    /// The shortest time between two calls, so that the session's own are not kept waiting by a node's limits.
    public var pause: Duration = .milliseconds(200)

    /// How long the first choice of a client that knows nothing yet may wait for it.
    public var patience: Duration = .milliseconds(400)

    /// Adopts the defaults.
    public init() {}
}

extension InferenceClient {
    /// What is known of the servers at hand; reads for a moment if that is nothing.
    func knownHistory(of offers: [Offer]) async throws -> ServerHistory {
        guard let reading = policy.reputation, offers.count > 1 else { return ServerHistory() }
        let readings = try await journal.serverReadings(on: chain.name)
        if reading.patience > .zero, offers.allSatisfy({ readings[$0.account] == nil }) {
            // What is whole when the time is up is in the journal.
            _ = try? await within(reading.patience) { await learn(about: offers.map(\.account), pause: .zero) }
            try Task.checkCancellation()
        }
        return try await journal.serverHistory(on: chain.name)
    }

    /// Reads on what the chain remembers of servers, the longest unread first, until it is up to date or enough was asked.
    ///
    /// Each server is written down whole or not at all, so it can be cancelled at any time. Trouble ends it: the next
    /// session tries again.
    func learn(about servers: [Address], pause: Duration? = nil) async {
        guard let limits = policy.reputation, servers.count > 1 else { return }
        do {
            var calls = limits.callsPerSession
            let pause = pause ?? (chain.rpc.cluster.isLoopback ? .zero : limits.pause)
            let now = UnixTime(rawValue: Int64(Date().timeIntervalSince1970))
            let readings = try await journal.serverReadings(on: chain.name)
            let stale = servers.filter { server in
                readings[server].map { $0.readAt.seconds(until: now) >= limits.maximumAge.components.seconds } ?? true
            }.sorted { (readings[$0]?.readAt.rawValue ?? .min) < (readings[$1]?.readAt.rawValue ?? .min) }
            for server in stale where calls > 0 {
                let before = readings[server]?.newest
                let records = try await chain.leisurely.getSignaturesForAddress(
                    server,
                    limit: limits.transactionsPerServer,
                    until: before
                )
                calls -= 1
                var history = ServerHistory()
                for record in records.prefix(max(0, calls)) where record.error == nil {
                    try await Task.sleep(for: pause)
                    try await read(record.signature, into: &history, from: chain.leisurely)
                    calls -= 1
                }
                let newest = records.first?.signature ?? before
                try await journal.save(history, of: server, ServerReading(newest: newest, readAt: now), on: chain.name)
            }
        } catch {
            if !Task.isCancelled { logger.debug("the servers' past can't be read: \(error)") }
        }
    }
}
