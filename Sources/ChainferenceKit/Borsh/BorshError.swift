/// Why a value could not be written as Borsh or read from it.
///
/// Two errors are equal if their ``code`` is: messages and offsets are for people.
public struct BorshError: Error, Sendable {
    /// What went wrong, for programs.
    public enum Code: Hashable, Sendable {
        /// The bytes end before the value does.
        case truncated

        /// Bytes are left over after the value.
        case trailingBytes

        /// A string is no UTF-8.
        case invalidUTF8

        /// A boolean, an option or a result starts with another byte than 0 or 1.
        case invalidTag

        /// An enum has no such case.
        case invalidVariant

        /// A floating-point number is not a number, which Borsh excludes.
        case notANumber

        /// A map or a set has the same key twice.
        case duplicateKey

        /// The keys of a map or a set do not ascend.
        case unorderedKeys

        /// A collection has elements of no bytes: its count could be anything.
        case zeroSizedElement

        /// Values are nested more deeply than is allowed.
        case tooDeep

        /// A collection has more than 2³² − 1 elements.
        case countTooLarge

        /// The bytes are well-formed, but the type does not accept them.
        case invalidValue
    }

    /// What went wrong, for programs.
    public let code: Code

    /// What went wrong, for people.
    public let message: String

    /// Where the reader or the writer was, in bytes from the start.
    public let offset: Int

    /// An error; types that refuse a well-formed value use ``Code/invalidValue``.
    ///
    /// - Parameters:
    ///   - code: What went wrong, for programs.
    ///   - message: What went wrong, for people.
    ///   - offset: Where, in bytes from the start.
    public init(_ code: Code, _ message: String, offset: Int) {
        self.code = code
        self.message = message
        self.offset = offset
    }
}

extension BorshError: Hashable {
    /// Compares the codes alone.
    public static func == (lhs: BorshError, rhs: BorshError) -> Bool {
        lhs.code == rhs.code
    }

    /// Hashes the code alone.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
    }
}

extension BorshError: CustomStringConvertible {
    /// What went wrong and where.
    public var description: String { "\(message), at byte \(offset)" }
}
