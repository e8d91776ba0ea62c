import Borsh
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
    private var oldest: UInt64 = 0

    /// Registers the hash that block `height` offers to transactions.
    mutating func register(_ hash: Blockhash, height: UInt64) {
        heights[hash] = height
        hashes[height] = hash
    }

    /// Forgets what no view of block `height` or a younger one needs.
    mutating func forget(before height: UInt64) {
        guard oldest + Self.maximumAge + 1 < height else { return }
        for height in oldest..<height - Self.maximumAge - 1 {
            // A gap that wide has no hashes: all older ones went before.
            guard let hash = hashes.removeValue(forKey: height) else { break }
            heights[hash] = nil
        }
        oldest = height - Self.maximumAge - 1
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

extension BlockhashQueue: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(heights, hashes, oldest)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (heights, hashes, oldest) = try reader.read()
    }

    /// Whether every hash has a height, none above the newest one.
    func isConsistent(upTo newest: UInt64) -> Bool {
        oldest <= newest && heights.values.allSatisfy { $0 <= newest }
            && hashes.allSatisfy { heights[$1] == $0 }
    }
}
