import Borsh
import Solana

/// The transactions that landed, newest last, bounded in number.
struct TransactionHistory: Sendable {
    private var records: [UInt64: TransactionRecord] = [:]
    private var sequences: [Signature: UInt64] = [:]
    private var byAddress: [Address: [UInt64]] = [:]
    private var oldest: UInt64 = 0
    private var next: UInt64 = 0
    private var limit: UInt64

    init(limit: Int) {
        self.limit = UInt64(max(1, limit))
    }

    /// Remembers no more than so many transactions from now on.
    mutating func setLimit(_ count: Int) {
        limit = UInt64(max(1, count))
        while next - oldest > limit { forgetOldest() }
    }

    /// All records, oldest first.
    var all: some Sequence<TransactionRecord> { (oldest..<next).lazy.compactMap { records[$0] } }

    /// How many transactions are remembered.
    var count: Int { Int(next - oldest) }

    subscript(signature: Signature) -> TransactionRecord? {
        sequences[signature].flatMap { records[$0] }
    }

    /// Appends a record and forgets the oldest one when there are too many.
    mutating func append(_ record: TransactionRecord) {
        sequences[record.signature] = next
        records[next] = record
        for key in record.accountKeys {
            byAddress[key, default: []].append(next)
        }
        next += 1
        while next - oldest > limit { forgetOldest() }
    }

    /// The records that mention `address`, newest first.
    func records(mentioning address: Address) -> some Sequence<TransactionRecord> {
        (byAddress[address] ?? []).reversed().lazy.compactMap { records[$0] }
    }

    private mutating func forgetOldest() {
        if let record = records.removeValue(forKey: oldest) {
            sequences[record.signature] = nil
            for key in record.accountKeys { trim(key) }
        }
        oldest += 1
    }

    /// Drops dead entries of an address once they outnumber the living, so that trimming costs amortised constant time.
    private mutating func trim(_ address: Address) {
        guard let entries = byAddress[address] else { return }
        let living = entries.partitioningIndex(where: { $0 > oldest })
        if living == entries.count {
            byAddress[address] = nil
        } else if living > 16, living * 2 > entries.count {
            byAddress[address]?.removeSubrange(..<living)
        }
    }
}

extension Array {
    /// The first index whose element satisfies a predicate that is false, then true, along the array.
    fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension TransactionHistory: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.writeCount(count)
        for record in all { try writer.write(record) }
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self.init(limit: .max)
        // A record has more than a hundred bytes: a count that cannot be true is refused at once.
        for _ in 0..<(try reader.readCount(minimumElementByteCount: 100)) { append(try reader.read()) }
    }
}
