/// Sizes of the record layer, in bytes.
enum RecordLayout {
    /// The length prefix.
    static let prefixSize = 2
    /// Length prefix and tag.
    static let wireOverhead = 2 + 16
    /// Type, flags, body length.
    static let headerSize = 4
}
