import Foundation

/// A part of a document that a group of benchmarks writes: what stands between two marks.
struct PublishedSection {
    /// The group's name, which the marks bear.
    let name: String

    private var begin: String { "<!-- \(name): begin -->" }
    private var end: String { "<!-- \(name): end -->" }

    /// Puts a text in the place of what stands there.
    ///
    /// - Parameters:
    ///   - text: Markdown.
    ///   - path: The document.
    /// - Throws: ``BenchmarkUnavailable`` if the document has no place for it; what the file system says.
    func write(_ text: String, to path: String) throws {
        var document = try String(contentsOfFile: path, encoding: .utf8)
        guard let from = document.range(of: begin), let to = document.range(of: end), from.upperBound <= to.lowerBound
        else { throw BenchmarkUnavailable(reason: "\(path) has no place for the figures of \(name)") }
        document.replaceSubrange(from.upperBound..<to.lowerBound, with: "\n\n\(text)\n\n")
        try document.write(toFile: path, atomically: true, encoding: .utf8)
    }
}
