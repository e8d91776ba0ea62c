/// Why a text is not the JSON that was asked for.
///
/// Carries none of the text itself, which may be secret or hostile, but for the names of members that were expected.
public struct JSONError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Problem: Hashable, Sendable {
        /// The text is larger than the limit, in bytes.
        case tooLarge(limit: Int)
        /// Arrays and objects nest deeper than the limit.
        case tooDeep(limit: Int)
        /// A number has more characters than the limit.
        case numberTooLong(limit: Int)
        /// A string has more bytes than the limit.
        case stringTooLong(limit: Int)
        /// There are more values than the limit.
        case tooManyValues(limit: Int)
        /// The text ends before its value does.
        case unexpectedEnd
        /// A byte that cannot stand where it stands.
        case unexpectedByte(UInt8)
        /// A backslash is followed by what is no escape, or half a surrogate pair.
        case invalidEscape
        /// A string is not UTF-8.
        case invalidUTF8
        /// A number is too large for a double.
        case numberOutOfRange
        /// An object names a member twice, of which one reader would see the one and another reader the other.
        case duplicateMember
        /// The text is JSON, but not of the shape that was asked for.
        case mismatch(String)
    }

    /// What is wrong.
    public let problem: Problem
    /// Where it was noticed, in bytes from the beginning of the text; nil if the text was read to its end.
    public let offset: Int?

    init(_ problem: Problem, at offset: Int? = nil) {
        self.problem = problem
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    /// The problem in words, such as “nested deeper than 64 levels, at byte 65”.
    public var description: String {
        let place = offset.map { ", at byte \($0)" } ?? ""
        switch problem {
        case .tooLarge(let limit): return "larger than \(limit) bytes"
        case .tooDeep(let limit): return "nested deeper than \(limit) levels\(place)"
        case .numberTooLong(let limit): return "a number of more than \(limit) characters\(place)"
        case .stringTooLong(let limit): return "a string of more than \(limit) bytes\(place)"
        case .tooManyValues(let limit): return "more than \(limit) values\(place)"
        case .unexpectedEnd: return "the text ends early\(place)"
        case .unexpectedByte(let byte): return "an unexpected byte \(byte)\(place)"
        case .invalidEscape: return "an invalid escape\(place)"
        case .invalidUTF8: return "a string that is not UTF-8\(place)"
        case .numberOutOfRange: return "a number out of range\(place)"
        case .duplicateMember: return "a member that is there twice\(place)"
        case .mismatch(let reason): return reason
        }
    }
}
