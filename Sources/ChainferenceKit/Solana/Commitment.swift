/// How settled a block must be before its content counts.
public enum Commitment: String, Hashable, Sendable, Codable, CaseIterable {
    /// The node has processed the block; it may still be dropped.
    case processed

    /// Two thirds of the stake have voted for the block.
    case confirmed

    /// The block is buried under 31 others and final.
    case finalized
}

extension Commitment: Comparable {
    /// Orders from the least to the most settled.
    public static func < (lhs: Commitment, rhs: Commitment) -> Bool {
        lhs.rank < rhs.rank
    }

    private var rank: Int {
        switch self {
        case .processed: 0
        case .confirmed: 1
        case .finalized: 2
        }
    }
}
