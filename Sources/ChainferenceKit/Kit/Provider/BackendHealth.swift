import InferenceMarket

/// Whether the backend may be given work: what it serves now, and how long it rests after failures.
///
/// Every lock that ends in a failure costs two transactions, so a broken backend must not be tried with each new request.
struct BackendHealth: Hashable, Sendable {
    /// The first rest after a failure, in seconds; it doubles with each further one.
    static let firstRest: Int64 = 15

    /// The longest rest, in seconds.
    static let longestRest: Int64 = 300

    /// The models that the backend said it serves when it was last asked; nil before that.
    private(set) var available: Set<String>?

    /// Failures since the last answer.
    private(set) var failures = 0

    /// When the rest ends.
    private(set) var restsUntil: UnixTime?

    /// The backend has said what it serves; nothing, when it could not be asked.
    mutating func observe(available models: [String]) {
        available = Set(models)
    }

    /// An answer was given.
    mutating func succeeded() {
        failures = 0
        restsUntil = nil
    }

    /// An answer could not be given.
    mutating func failed(at now: UnixTime) {
        let rest = min(Self.longestRest, Self.firstRest << Int64(min(failures, 10)))
        failures += 1
        restsUntil = now.advanced(bySeconds: rest)
    }

    /// Whether a model may be promised to anybody now.
    func serves(_ model: String, at now: UnixTime) -> Bool {
        if let restsUntil, now < restsUntil { return false }
        return available?.contains(model) ?? true
    }
}
