extension KeyedDecodingContainer {
    /// A member's value, or nil when it is absent, null or of another type.
    ///
    /// Absence is the usual case and is found out without throwing, which would cost more than all the parsing.
    func lenient<Value: Decodable>(_ type: Value.Type, _ key: Key) -> Value? {
        (try? decodeIfPresent(type, forKey: key)) ?? nil
    }
}
