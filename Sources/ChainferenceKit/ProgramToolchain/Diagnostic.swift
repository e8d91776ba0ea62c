/// A place in the sources.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The file, relative to the program's folder.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column, from 1; 0 if unknown.
    public let column: Int

    /// A location from its parts.
    public init(file: String, line: Int, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, as editors understand it.
    public var description: String { column > 0 ? "\(file):\(line):\(column)" : "\(file):\(line)" }
}

/// One thing in a program that can't run on the chain: what, where, and what to write instead.
public struct Diagnostic: Sendable, Hashable {
    /// What it is.
    public let construct: Construct
    /// The function that contains it, readable if a demangler was at hand.
    public var function: String?
    /// Where in the sources.
    public let location: SourceLocation?
    /// The symbol concerned: the function that is called, the variable, the system call.
    public var symbol: String?
    /// The compiler's own words, where they say more.
    public let detail: String?

    /// A diagnostic from its parts.
    public init(
        construct: Construct,
        function: String? = nil,
        location: SourceLocation? = nil,
        symbol: String? = nil,
        detail: String? = nil
    ) {
        self.construct = construct
        self.function = function
        self.location = location
        self.symbol = symbol
        self.detail = detail
    }
}

extension Diagnostic: CustomStringConvertible {
    /// One line in the form of a compiler's error.
    public var description: String {
        var line = location.map { "\($0): " } ?? ""
        line += "error: \(construct.summary)"
        if let symbol { line += " (\(symbol))" }
        if let function { line += " in \(function)" }
        if let detail { line += ": \(detail)" }
        return line + ". \(construct.cure)."
    }
}
