// What a program needs that imports ChainferenceKit alone: wallets and amounts, the market, peer addresses, backends.
@_exported public import Inference
@_exported public import InferenceMarket
@_exported public import PeerChannel
@_exported public import Solana
@_exported public import SolanaRPC

/// Why an answer ended, in OpenAI's words.
///
/// The peer channel has its own type of this name for the code on the wire; this one is what backends and events use.
public typealias FinishReason = Inference.FinishReason
