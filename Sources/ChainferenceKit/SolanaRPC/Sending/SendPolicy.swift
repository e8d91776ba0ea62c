public import Solana

/// How a ``TransactionSender`` prepares transactions, what it pays, and how long it waits.
public struct SendPolicy: Sendable, Hashable {
    /// How the limit of compute units is chosen.
    public enum ComputeUnitLimit: Sendable, Hashable {
        /// The units that a simulation used, times a factor, no less than a floor and no more than a cap.
        case simulated(factor: Double, floor: ComputeUnits, cap: ComputeUnits = .maximum)
        /// A fixed limit.
        case fixed(ComputeUnits)
        /// The runtime's own: 200,000 for each instruction.
        case runtimeDefault
    }

    /// How the price per compute unit is chosen.
    public enum PriorityFee: Sendable, Hashable {
        /// No price.
        case none
        /// A fixed price.
        case fixed(MicroLamports)
        /// A percentile of what was paid lately for writing to the same accounts, within a floor and a cap.
        ///
        /// The percentile is in `0 ... 1`. Nodes report the lowest price that landed in each slot, which is often zero.
        case percentile(Double, floor: MicroLamports, cap: MicroLamports)
    }

    /// What a transaction has to reach.
    public var commitment: Commitment
    /// How the limit of compute units is chosen.
    ///
    /// Instructions that set one themselves take precedence.
    public var computeUnitLimit: ComputeUnitLimit
    /// How the price per compute unit is chosen.
    ///
    /// Instructions that set one themselves take precedence.
    public var priorityFee: PriorityFee
    /// The most that signatures and priority together may cost.
    ///
    /// Beyond it nothing is sent; nil for no bound.
    public var maximumFee: Lamports?
    /// Whether to simulate before sending.
    ///
    /// Without it the node does, and the limit can't be ``ComputeUnitLimit/simulated(factor:floor:cap:)``.
    public var simulates: Bool
    /// How often the status is asked for.
    public var pollInterval: Duration
    /// How often the same bytes are sent again.
    public var rebroadcastInterval: Duration
    /// The longest pause between checks whether the blockhash has expired.
    public var maximumExpiryCheckInterval: Duration
    /// How long all may take together.
    public var deadline: Duration
    /// How often to sign anew, each time only after the one before has provably expired without landing.
    public var maximumSignatures: Int
    /// Whether to fetch logs, compute units and the exact fee of transactions that succeeded, too.
    public var fetchesDetails: Bool

    /// Makes a policy; the defaults suit public networks.
    public init(
        commitment: Commitment = .confirmed,
        computeUnitLimit: ComputeUnitLimit = .simulated(factor: 1.1, floor: 1_000),
        priorityFee: PriorityFee = .percentile(0.75, floor: 0, cap: 200_000),
        maximumFee: Lamports? = nil,
        simulates: Bool = true,
        pollInterval: Duration = .seconds(1),
        rebroadcastInterval: Duration = .seconds(2),
        maximumExpiryCheckInterval: Duration = .seconds(10),
        deadline: Duration = .seconds(180),
        maximumSignatures: Int = 2,
        fetchesDetails: Bool = false
    ) {
        self.commitment = commitment
        self.computeUnitLimit = computeUnitLimit
        self.priorityFee = priorityFee
        self.maximumFee = maximumFee
        self.simulates = simulates
        self.pollInterval = pollInterval
        self.rebroadcastInterval = rebroadcastInterval
        self.maximumExpiryCheckInterval = maximumExpiryCheckInterval
        self.deadline = deadline
        self.maximumSignatures = maximumSignatures
        self.fetchesDetails = fetchesDetails
    }

    /// Impatient and without priority fees, for a cluster on this machine.
    public static let localnet = Self(
        priorityFee: .none,
        pollInterval: .milliseconds(50),
        rebroadcastInterval: .milliseconds(500),
        maximumExpiryCheckInterval: .milliseconds(500),
        deadline: .seconds(60),
        fetchesDetails: true
    )
}

extension SendPolicy.PriorityFee {
    /// The price that follows from recent ones.
    func price(recent: [PrioritizationFee]) -> MicroLamports {
        switch self {
        case .none: return .zero
        case .fixed(let price): return price
        case .percentile(let percentile, let floor, let cap):
            let prices = recent.map(\.price).sorted()
            guard !prices.isEmpty, percentile.isFinite else { return min(floor, cap) }
            // Nearest rank: the smallest value that at least that share of the values does not exceed.
            let rank = Int((min(max(percentile, 0), 1) * Double(prices.count)).rounded(.up))
            return min(max(prices[max(0, rank - 1)], floor), cap)
        }
    }
}
