import Borsh
import Solana

/// The transactions that landed, newest last, bounded in number.
///
/// They are numbered as they land; the records are a ring in which the newest takes the oldest's place.
struct TransactionHistory: Sendable {
    private var ring: [TransactionRecord] = []
    private var numbers: [Signature: UInt64] = [:]
    private var byAddress: [Address: [UInt64]] = [:]
    private var next: UInt64 = 0
    private var limit: Int

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Remembers no more than so many transactions from now on.
    mutating func setLimit(_ count: Int) {
        let records = Array(all)
        self = TransactionHistory(limit: count)
        for record in records { append(record) }
    }

    /// The number of the oldest transaction that is remembered.
    private var oldest: UInt64 { next - UInt64(ring.count) }

    private func place(of number: UInt64) -> Int { Int(number % UInt64(limit)) }

    private func record(_ number: UInt64) -> TransactionRecord? {
        number >= oldest && number < next ? ring[place(of: number)] : nil
    }

    /// All records, oldest first.
    var all: some Sequence<TransactionRecord> { (oldest..<next).lazy.map { ring[place(of: $0)] } }

    /// How many transactions are remembered.
    var count: Int { ring.count }

    subscript(signature: Signature) -> TransactionRecord? {
        numbers[signature].flatMap { record($0) }
    }

    /// Appends a record and forgets the oldest one when there are too many.
    mutating func append(_ record: TransactionRecord) {
        if ring.count < limit {
            ring.append(record)
        } else {
            let oldest = ring[place(of: next)]
            ring[place(of: next)] = record
            numbers[oldest.signature] = nil
            for key in oldest.accountKeys { trim(key, through: next - UInt64(limit)) }
        }
        numbers[record.signature] = next
        for key in record.accountKeys {
            byAddress[key, default: []].append(next)
        }
        next += 1
    }

    /// The records that mention `address`, newest first.
    func records(mentioning address: Address) -> some Sequence<TransactionRecord> {
        (byAddress[address] ?? []).reversed().lazy.compactMap { record($0) }
    }

    /// Drops dead entries of an address once they outnumber the living, so that trimming costs amortised constant time.
    private mutating func trim(_ address: Address, through dead: UInt64) {
        guard let entries = byAddress[address] else { return }
        let living = entries.partitioningIndex(where: { $0 > dead })
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
