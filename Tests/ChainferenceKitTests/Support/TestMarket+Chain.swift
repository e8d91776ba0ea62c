import ChainferenceTesting

@testable import ChainferenceKit

extension TestMarket {
    /// The chain below the public API.
    var chain: MarketChain {
        get async throws { try await .connect(to: endpoint, market: .localnet) }
    }
}
