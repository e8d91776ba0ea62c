import InferenceMarket
import PeerChannel
import Solana

/// What a client sees of the market when a session begins: who could serve it, in which order, and what it costs.
struct MarketSurvey: Sendable {
    /// What the session will cost.
    let quote: Quote

    /// The servers that may serve it, best first.
    let choices: [ServerChoice]

    /// The servers' accounts, by wallet.
    let accounts: [Address: ServerAccount]

    /// The listing of a server for the model that is asked for.
    func listing(of server: ServerAccount) -> (index: UInt8, listing: Listing)? {
        server.listing(for: quote.model.hash)
    }
}

/// Whether a server refused because of what the client asks, so that another one would as well.
func isCausedByClient(_ error: any Error) -> Bool {
    switch error as? PeerError {
    case .server(let message): [.promptTooLarge, .promptInvalid, .stakeTooSmall].contains(message.code)
    case .promptTooLarge: true
    default: false
    }
}
