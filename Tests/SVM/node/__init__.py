"""A Solana JSON-RPC and WebSocket node over the real VM, with the market program deployed: for clients that are not ours
to change, and for ours unchanged.

It has one process, one thread and one state. Slots tick, blockhashes age and the clock moves, but there are no forks: a
transaction is processed when it is sent, confirmed a slot later and finalized some slots after that. Reads answer with
the newest state at every commitment.
"""
