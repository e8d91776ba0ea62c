/// The debug information in a module's text: which line of which file an instruction comes from.
struct IRDebugInformation {
    private var nodes: [Int: IRText.Line] = [:]

    /// A place in the sources, and the function it belongs to there, which may have been inlined elsewhere.
    struct Origin {
        let location: SourceLocation
        let function: String?
    }

    /// Remembers a line `!7 = …`.
    mutating func note(_ line: IRText.Line) {
        guard let equals = line.firstRange(of: " = "),
            let id = Int(line[(line.startIndex + 1)..<equals.lowerBound].text)
        else { return }
        nodes[id] = line[equals.upperBound...]
    }

    /// The node that an instruction or definition refers to by `!dbg`.
    static func reference(in line: IRText.Line) -> Int? {
        guard let range = line.lastRange(of: "!dbg !") else { return nil }
        return number(line[range.upperBound...])
    }

    /// Where the programmer wrote what `node`, a location, stands for.
    ///
    /// Code of the standard library ends up in the program by inlining; what counts is the innermost place in the
    /// program's own files.
    func origin(ofLocation node: Int) -> Origin? {
        var next: Int? = node
        for _ in 0..<64 {
            guard let id = next, let location = nodes[id] else { return nil }
            if let line = field("line: ", in: location), line > 0, let scope = field("scope: !", in: location),
                let file = file(ofScope: scope)
            {
                return Origin(
                    location: SourceLocation(file: file, line: line, column: field("column: ", in: location) ?? 0),
                    function: function(ofScope: scope)
                )
            }
            next = field("inlinedAt: !", in: location)
        }
        return nil
    }

    /// Where a function or a variable is declared.
    func declaration(_ node: Int) -> SourceLocation? {
        guard var text = nodes[node] else { return nil }
        if text.firstRange(of: "DIGlobalVariableExpression") != nil, let variable = field("var: !", in: text) {
            guard let target = nodes[variable] else { return nil }
            text = target
        }
        guard let line = field("line: ", in: text), line > 0, let file = field("file: !", in: text),
            let name = name(ofFile: file)
        else { return nil }
        return SourceLocation(file: name, line: line)
    }

    private func file(ofScope scope: Int) -> String? {
        guard let text = nodes[scope], let file = field("file: !", in: text) else { return nil }
        return name(ofFile: file)
    }

    /// The file's name if it is one of the program's: those have relative names.
    private func name(ofFile file: Int) -> String? {
        guard let text = nodes[file], let name = quoted("filename: \"", in: text), name.hasSuffix(".swift"),
            !name.hasPrefix("/"), !name.hasPrefix("<")
        else { return nil }
        return name
    }

    private func function(ofScope scope: Int) -> String? {
        var next: Int? = scope
        for _ in 0..<64 {
            guard let id = next, let text = nodes[id] else { return nil }
            if text.firstRange(of: "DISubprogram(") != nil {
                return quoted("linkageName: \"", in: text) ?? quoted("name: \"", in: text)
            }
            next = field("scope: !", in: text)
        }
        return nil
    }

    private func field(_ name: StaticString, in text: IRText.Line) -> Int? {
        // Names are unique but for “line” inside “scopeLine”, which differs in case.
        text.firstRange(of: name).flatMap { Self.number(text[$0.upperBound...]) }
    }

    private func quoted(_ name: StaticString, in text: IRText.Line) -> String? {
        text.firstRange(of: name).map { range in
            text[range.upperBound...].prefix { $0 != UInt8(ascii: "\"") }.text
        }
    }

    private static func number(_ text: IRText.Line) -> Int? {
        Int(text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.text)
    }
}
