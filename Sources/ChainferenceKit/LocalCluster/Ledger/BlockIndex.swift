import Borsh
import Solana

/// What is remembered of the recent blocks, bounded in number.
struct BlockIndex: Sendable {
    /// One block.
    struct Block: Sendable {
        /// The clock's time, in seconds since 1970.
        var time: Int64

        /// The transactions that landed, in order.
        var signatures: [Signature] = []
    }

    private var blocks: [UInt64: Block] = [:]
    private var limit: UInt64

    init(limit: Int) {
        self.limit = UInt64(max(1, limit))
    }

    /// Remembers no more than so many blocks from now on.
    mutating func setLimit(_ count: Int, newest: UInt64) {
        limit = UInt64(max(1, count))
        blocks = blocks.filter { newest < limit || $0.key > newest - limit }
    }

    /// The oldest slot that is remembered.
    var oldest: UInt64? { blocks.keys.min() }

    subscript(slot: UInt64) -> Block? { blocks[slot] }

    /// The slots from one to another that are remembered, in order.
    func slots(from first: UInt64, through last: UInt64) -> [UInt64] {
        blocks.keys.filter { $0 >= first && $0 <= last }.sorted()
    }

    mutating func begin(_ slot: UInt64, time: Int64) {
        blocks[slot] = Block(time: time)
        if slot >= limit { blocks[slot - limit] = nil }
    }

    mutating func note(_ signature: Signature, inSlot slot: UInt64) {
        blocks[slot]?.signatures.append(signature)
    }
}

extension BlockIndex: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(blocks)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self.init(limit: .max)
        blocks = try reader.read()
    }

    /// Whether no block is above the newest one.
    func isConsistent(upTo newest: UInt64) -> Bool { blocks.keys.allSatisfy { $0 <= newest } }
}

extension BlockIndex.Block: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(time, signatures)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (time, signatures) = try reader.read()
    }
}
