/// How much a JSON text may ask of its reader.
///
/// Reading takes time in proportion to the text, and memory in proportion to the smaller of the text's size and
/// ``maximumValues``; whoever accepts a text from a stranger decides on both here.
public struct JSONLimits: Sendable, Hashable {
    /// The most bytes of text.
    public var maximumBytes: Int
    /// How deep arrays and objects may nest; never more than ``deepest``, whatever is asked for.
    public var maximumDepth: Int
    /// The most characters of a number; the longest that a 64-bit value needs is 24.
    public var maximumNumberLength: Int
    /// The most bytes of one string, as it stands in the text.
    public var maximumStringBytes: Int
    /// The most values in all: arrays, objects, their elements and members.
    ///
    /// A value takes up to 50 bytes of memory beside its text, so that a text of `[],[],…` would take many times its size.
    public var maximumValues: Int

    /// The deepest nesting that any limit allows: what a reader's stack holds with room to spare.
    public static let deepest = 256

    /// Makes limits; the defaults suit an answer of a Solana node.
    public init(
        maximumBytes: Int = 64 << 20,
        maximumDepth: Int = 64,
        maximumNumberLength: Int = 64,
        maximumStringBytes: Int = 64 << 20,
        maximumValues: Int = 2 << 20
    ) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = min(maximumDepth, Self.deepest)
        self.maximumNumberLength = maximumNumberLength
        self.maximumStringBytes = maximumStringBytes
        self.maximumValues = maximumValues
    }
}
