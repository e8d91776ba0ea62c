/// A second signal ended a provider before what it had earned was claimed.
public struct StoppedBeforeSettled: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened, what it costs, and what to do.
    public var description: String {
        "Stopped before all was settled. Vouchers are on disk: start the provider again within the hour of its locks, and it "
            + "claims what they promise."
    }

    /// Makes the error.
    public init() {}
}
