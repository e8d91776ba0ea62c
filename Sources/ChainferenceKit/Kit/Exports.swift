// What a program needs that imports ChainferenceKit alone: wallets and amounts, the market, peer addresses, backends.
@_exported public import Inference
@_exported public import InferenceMarket
@_exported public import PeerChannel
@_exported public import Solana
@_exported public import SolanaRPC
