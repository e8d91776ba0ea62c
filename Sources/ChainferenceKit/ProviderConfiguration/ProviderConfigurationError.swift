/// Why a configuration file is refused: everything that is wrong with it, each with its place.
public struct ProviderConfigurationError: Error, Hashable, Sendable {
    /// One thing that is wrong.
    public struct Problem: Hashable, Sendable {
        /// The line, counted from 1; nil when the file as a whole is meant.
        public let line: Int?
        /// The column, counted from 1 in Unicode scalars.
        public let column: Int?
        /// What is wrong, and what to do.
        public let text: String

        /// Names a problem.
        public init(line: Int?, column: Int?, text: String) {
            self.line = line
            self.column = column
            self.text = text
        }
    }

    /// The file.
    public let path: String

    /// What is wrong, from top to bottom; at least one thing.
    public let problems: [Problem]
}

extension ProviderConfigurationError: CustomStringConvertible {
    /// A line for each problem, in the form `file:line:column: what is wrong and what to do`.
    public var description: String {
        problems.map { problem in
            let place = [problem.line, problem.column].compactMap { $0 }.map { ":\($0)" }.joined()
            return "\(path)\(place): \(problem.text)"
        }
        .joined(separator: "\n")
    }
}

extension ProviderConfigurationError.Problem: CustomStringConvertible {
    /// Place and text.
    public var description: String { "\(line ?? 0):\(column ?? 0): \(text)" }
}
