#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A result that can be printed for people and for programs.
protocol Report: Encodable {
    /// The result in words and columns.
    var text: String { get }
}

extension Report {
    /// The result as one line of JSON: members in snake case and in a fixed order, lamports as whole numbers.
    var json: String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        // Reports hold nothing but texts, whole numbers and finite fractions.
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
