extension JSONValue {
    /// The beginning of the value's text, fit for an error or a log.
    public var excerpt: String { Self.excerpt(of: serialized()) }

    /// The beginning of a text that somebody else wrote, without anything that could confuse a terminal or a log.
    ///
    /// - Parameters:
    ///   - bytes: The text, JSON or not; what is no UTF-8 is replaced.
    ///   - limit: How many bytes of it at most; what was cut off is marked with “…”.
    /// - Returns: The beginning, on one line.
    public static func excerpt(of bytes: [UInt8], limit: Int = 160) -> String {
        let printable = String(decoding: bytes.prefix(limit), as: UTF8.self)
            .unicodeScalars.map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: Character(" ")
                default: Character(scalar)
                }
            }
        return String(printable) + (bytes.count > limit ? "…" : "")
    }
}
