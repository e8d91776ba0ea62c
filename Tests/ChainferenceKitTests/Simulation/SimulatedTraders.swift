import InferenceMarket
import Solana

@testable import ChainferenceKit

/// How a server behaves.
enum ServerKind: String, CaseIterable {
    /// As it should.
    case honest
    /// As it should, and takes its time.
    case slow
    /// Counts more tokens than it delivers.
    case lying
    /// Locks and is gone, at once or in mid-answer.
    case vanishing
    /// Claims more than it has vouchers for, twice, and the credit of clients that it never served.
    case overcharging
    /// Counts honestly, and runs a cheaper model than it lists.
    case cheapModel

    /// What its answers are worth to whoever compares them blindly.
    var quality: Double { self == .cheapModel ? 0 : 1.1 }

    var latency: Duration { self == .slow ? .milliseconds(1_500) : .milliseconds(80) }
}

/// How a client behaves.
enum ClientKind: String, CaseIterable {
    case honest
    /// Leaves in mid-answer.
    case vanishing
    /// Reads and never signs.
    case nonVouching
    /// Flags every answer.
    case flagSpamming
}

final class SimulatedServer {
    let kind: ServerKind
    let wallet: Keypair
    let terms: Terms
    var aliveSince: Int64 = 0
    /// What it charged, before the market's share.
    var charged: UInt64 = 0
    /// The market's share.
    var shares: UInt64 = 0
    var sessions = 0
    /// The most output tokens of one session that nobody paid for.
    var mostUnpaid: UInt64 = 0
    var refusedClaims = 0

    init(_ kind: ServerKind, wallet: Keypair, terms: Terms) {
        self.kind = kind
        self.wallet = wallet
        self.terms = terms
    }
}

final class SimulatedClient {
    let kind: ClientKind
    let wallet: Keypair
    var paid: UInt64 = 0
    var sessions = 0
    /// The most that one session cost beyond what the received bytes can have been worth.
    var mostOverpaid: UInt64 = 0

    init(_ kind: ClientKind, wallet: Keypair) {
        self.kind = kind
        self.wallet = wallet
    }
}

extension Keypair {
    /// The key of a simulation's random numbers: the same seed, the same market.
    static func drawn(from generator: inout SplitMix64) throws -> Keypair {
        try Keypair(seed: (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    }
}
