import JSON
import Solana

/// A value, and the slot whose state it describes.
public struct Contextual<Value: Sendable>: Sendable {
    /// The slot that the node answered for.
    public let slot: UInt64
    /// The value.
    public let value: Value

    /// Makes a value of a slot.
    public init(slot: UInt64, value: Value) {
        self.slot = slot
        self.value = value
    }

    /// The same slot with another value.
    public func map<Other: Sendable>(_ transform: (Value) throws -> Other) rethrows -> Contextual<Other> {
        Contextual<Other>(slot: slot, value: try transform(value))
    }
}

extension Contextual: Equatable where Value: Equatable {}
extension Contextual: Hashable where Value: Hashable {}

extension Contextual: Decodable where Value: Decodable {
    private enum CodingKeys: String, CodingKey {
        case context
        case value
    }

    private struct Context: Decodable {
        let slot: UInt64
    }

    /// Reads `{"context": {"slot": …}, "value": …}`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        slot = try container.decode(Context.self, forKey: .context).slot
        guard container.contains(.value) else {
            throw DecodingError.keyNotFound(
                CodingKeys.value,
                .init(codingPath: decoder.codingPath, debugDescription: "no value")
            )
        }
        value = try container.decode(Value.self, forKey: .value)
    }
}

extension RPCClient {
    /// Calls a method whose answer comes with a slot, and refuses answers from before an earlier one.
    ///
    /// - Parameters:
    ///   - method: the name of the method.
    ///   - params: the parameters before the configuration object.
    ///   - options: further members of the configuration object.
    ///   - commitment: the commitment; nil for the client's.
    ///   - programs: the programs of the transaction that the call is about.
    ///   - accept: makes the final value, or refuses the answer.
    /// - Returns: the accepted value and its slot.
    /// - Throws: ``RPCError`` or `CancellationError`.
    func callForContext<Answer: Decodable & Sendable, Value: Sendable>(
        _ method: String,
        _ params: [JSONValue] = [],
        options: JSONObject = [:],
        commitment: Commitment?,
        programs: [Address] = [],
        accept: @escaping @Sendable (Answer) throws(RefusedAnswer) -> Value
    ) async throws -> Contextual<Value> {
        let commitment = commitment ?? self.commitment
        let minimum = minimumSlot(for: commitment)
        var call = RPCCall(
            method: method,
            params: params + [configuration(options, commitment: commitment, minimum: minimum)]
        )
        call.minimumSlot = minimum
        call.programs = programs
        return try await perform(call) { [watermark] (answer: Contextual<Answer>) throws(RefusedAnswer) in
            try RPCClient.check(answer.slot, against: minimum)
            let value = try accept(answer.value)
            watermark.observe(answer.slot, at: commitment)
            return Contextual(slot: answer.slot, value: value)
        }
    }

    /// The slot that the next answer at a commitment has to have reached.
    func minimumSlot(for commitment: Commitment) -> UInt64? {
        policy.isMonotonic ? watermark.minimum(for: commitment) : nil
    }

    /// The configuration object that ends the parameters of most methods.
    func configuration(
        _ options: JSONObject = [:],
        commitment: Commitment,
        minimum: UInt64?
    ) -> JSONValue {
        var members = options
        members["commitment"] = .string(commitment.rawValue)
        if let minimum { members["minContextSlot"] = .unsigned(minimum) }
        return .object(members)
    }

    /// Refuses an answer from before `minimum`, which a node that heeds `minContextSlot` would not have given.
    static func check(_ slot: UInt64, against minimum: UInt64?) throws(RefusedAnswer) {
        if let minimum, slot < minimum {
            throw RefusedAnswer(.contextSlotNotReached(required: minimum, actual: slot))
        }
    }
}
