import InferenceMarket
import SodiumCrypto
import Solana

/// The keys of one request: fresh and random each time, so that nothing ties one request to another but the wallet.
struct RequestKeys: Sendable {
    /// Signs vouchers.
    let voucherKey = Keypair()
    /// Proves to the server, inside the encrypted handshake, that the client is the request's.
    let channelKey = X25519.PrivateKey()
}

/// A request of this client that is on the chain, and what is needed to go on with it.
struct OwnRequest: Sendable {
    let address: Address
    let keys: RequestKeys
    let model: ModelID
    /// Whether it names its server.
    let flow: RequestFlow
    let stake: Lamports
    let credit: Lamports
    let expiresAt: UnixTime
    /// Whether it is known to be on the chain, or only may be.
    var isCertain = true
    /// The fees of the client's transactions so far.
    var fees: Lamports
}
