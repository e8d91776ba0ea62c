import Solana

/// The most recent blockhashes and the block heights they became known at.
///
/// A transaction may name any blockhash that is at most ``maximumAge`` blocks old. The queue remembers as many more as
/// views of older slots need.
struct BlockhashQueue: Sendable {
    /// How many blocks a blockhash stays valid for (`MAX_PROCESSING_AGE` in Agave).
    static let maximumAge: UInt64 = 150

    private var heights: [Blockhash: UInt64] = [:]
    private var hashes: [UInt64: Blockhash] = [:]
    private let retained: UInt64

    /// Makes an empty queue that serves views up to `lag` blocks behind the newest block.
    init(lag: UInt64) {
        retained = Self.maximumAge + lag + 1
    }

    /// Registers the hash that block `height` offers to transactions.
    mutating func register(_ hash: Blockhash, height: UInt64) {
        heights[hash] = height
        hashes[height] = hash
        if height > retained, let old = hashes.removeValue(forKey: height - retained - 1) {
            heights[old] = nil
        }
    }

    /// The hash that block `height` offers, if it is still remembered.
    func hash(at height: UInt64) -> Blockhash? { hashes[height] }

    /// The height at which `hash` became known, if it is still remembered.
    func height(of hash: Blockhash) -> UInt64? { heights[hash] }

    /// Whether a transaction that names `hash` is young enough for block `height`.
    func isValid(_ hash: Blockhash, atHeight height: UInt64) -> Bool {
        guard let known = heights[hash], known <= height else { return false }
        return height - known <= Self.maximumAge
    }
}
