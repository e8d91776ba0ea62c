/// A description of a fault that cannot be understood.
public struct InvalidFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was to be understood.
    public let text: String

    /// What is wrong, and what to write.
    public var description: String {
        """
        '\(text)' describes no fault: write kind[:probability[:method,method…]], with a probability from 0 to 1; the \
        kinds are 429, 429=seconds, 500 to 599, delay=milliseconds, stall, drop, drop-answer, lose, \
        expired-blockhash, behind=slots, silence, drop-socket and late=slots
        """
    }
}

extension Fault {
    /// Reads a fault as the command line has it, such as `429=2:0.1` or `drop-answer:0.2:sendTransaction`.
    ///
    /// - Parameter text: `kind[:probability[:method,method…]]`. Kinds: `429` and `429=seconds` (with `Retry-After`),
    ///   `500` to `599`, `delay=milliseconds`, `stall` (no answer ever), `drop` (the call is not carried out),
    ///   `drop-answer` (it is), `lose` (a sent transaction is gone), `expired-blockhash`, `behind=slots`, `silence` and
    ///   `drop-socket` (of PubSub notifications), `late=slots` (confirmations).
    /// - Throws: ``InvalidFault``.
    public init(parsing text: String) throws(InvalidFault) {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        let kind = parts[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let effect = Effect(kind[0], kind.count > 1 ? kind[1] : nil) else { throw InvalidFault(text: text) }
        self.init(effect)
        if parts.count > 1 {
            guard let probability = Double(parts[1]), (0...1).contains(probability) else {
                throw InvalidFault(text: text)
            }
            self.probability = probability
        }
        if parts.count > 2 {
            let methods = parts[2].split(separator: ",").map(String.init)
            guard !methods.isEmpty else { throw InvalidFault(text: text) }
            self.methods = Set(methods)
        }
        // Only sent transactions can be lost, and only one method tells blockhashes.
        if effect == .loseTransaction { methods = ["sendTransaction"] }
        if effect == .expiredBlockhash { methods = ["getLatestBlockhash"] }
    }
}

extension Fault.Effect {
    /// The effect of a name and what stands after the equals sign.
    fileprivate init?(_ name: String, _ value: String?) {
        let number = value.flatMap { UInt32($0) }
        if value != nil, number == nil { return nil }
        switch (name, number) {
        case ("429", _): self = .tooManyRequests(retryAfter: number.map(Int.init))
        case ("delay", .some(let milliseconds)): self = .delay(.milliseconds(milliseconds))
        case ("behind", .some(let slots)): self = .nodeBehind(slots: UInt64(slots))
        case ("late", .some(let slots)): self = .lateConfirmations(slots: UInt64(slots))
        case ("stall", nil): self = .stall
        case ("expired-blockhash", nil): self = .expiredBlockhash
        case ("silence", nil): self = .silence
        case ("drop-socket", nil): self = .dropSocket
        case ("drop", nil): self = .dropConnection
        case ("drop-answer", nil): self = .dropAnswer
        case ("lose", nil): self = .loseTransaction
        default:
            guard number == nil, let status = Int(name), (500...599).contains(status) else { return nil }
            self = .httpStatus(status)
        }
    }
}
