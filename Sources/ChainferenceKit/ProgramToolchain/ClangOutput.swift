/// What clang's BPF back end says when it gives up, put into the words of the source language.
struct ClangOutput {
    /// What was understood, in order, without repetitions.
    let diagnostics: [Diagnostic]

    init(_ output: String) {
        var found: [Diagnostic] = []
        var pendingSelection: String?
        for line in output.split(separator: "\n") {
            if let message = Self.rest(of: line, after: "error in backend: ") {
                pendingSelection = message
            } else if let message = pendingSelection, let name = Self.rest(of: line, after: "In function: ") {
                found.append(Self.selectionFailure(message, in: name))
                pendingSelection = nil
            } else if let diagnostic = Self.diagnostic(line) {
                found.append(diagnostic)
            }
        }
        if let message = pendingSelection { found.append(Self.selectionFailure(message, in: nil)) }
        // Where a helper of the compiler's library is refused, its result is refused too; that says nothing new.
        let specific = Set(found.filter { $0.construct != .aggregateReturn }.map(\.function))
        let declared = found.contains { $0.construct == .aggregateReturn && $0.detail == nil }
        var seen: Set<Diagnostic> = []
        diagnostics = found.filter { diagnostic in
            if diagnostic.detail == Self.callSite, declared || specific.contains(diagnostic.function) { return false }
            return seen.insert(diagnostic).inserted
        }.map { diagnostic in
            guard diagnostic.detail == Self.callSite else { return diagnostic }
            return Diagnostic(
                construct: diagnostic.construct,
                function: diagnostic.function,
                location: diagnostic.location
            )
        }
    }

    private static let callSite = "call site"

    /// Reads `error: file:line:column: in function name type: message`.
    private static func diagnostic(_ line: Substring) -> Diagnostic? {
        guard let text = rest(of: line, after: "error: "), let place = split(text, at: ": in function ") else {
            return nil
        }
        let name = place.after.prefix { $0 != " " }
        let message = place.after
        let location = location(place.before)
        func make(_ construct: Construct, symbol: String? = nil, detail: String? = nil) -> Diagnostic {
            Diagnostic(
                construct: construct,
                function: String(name),
                location: location,
                symbol: symbol,
                detail: detail
            )
        }
        if contains(message, "aggregate returns are not supported") { return make(.aggregateReturn) }
        if contains(message, "only small returns supported") { return make(.aggregateReturn, detail: callSite) }
        if contains(message, "stack arguments are not supported") || contains(message, "too many arguments") {
            return make(.tooManyArguments)
        }
        if contains(message, "unsupported signed division") { return make(.signedDivision) }
        if contains(message, "BPF stack limit is exceeded") { return make(.frameOverflow) }
        if contains(message, "unsupported atomic operation") { return make(.atomicOperation) }
        if let call = split(message, at: "A call to built-in function '") {
            let symbol = String(call.after.prefix { $0 != "'" })
            return make(Construct(runtimeSymbol: symbol) ?? .undefinedFunction, symbol: symbol)
        }
        return make(.other, detail: String(message.dropFirst(name.count + 1)))
    }

    private static func selectionFailure(_ message: String, in function: String?) -> Diagnostic {
        let name = function.map { $0.hasPrefix("@") ? String($0.dropFirst()) : $0 }
        let construct: Construct
        if contains(message[...], "Atomic") || contains(message[...], "atomic") {
            construct = contains(message[...], "_Wz\"") ? .lazyGlobal : .atomicOperation
        } else {
            construct = .other
        }
        return Diagnostic(
            construct: construct,
            function: name,
            detail: construct == .other ? message : nil
        )
    }

    private static func location(_ text: Substring) -> SourceLocation? {
        let parts = text.split(separator: ":")
        guard parts.count == 3, let line = Int(parts[1]), line > 0, let column = Int(parts[2]),
            !parts[0].hasPrefix("<")
        else { return nil }
        return SourceLocation(file: String(parts[0]), line: line, column: column)
    }

    private static func rest(of line: Substring, after prefix: String) -> String? {
        split(line, at: prefix).map { String($0.after) }
    }

    private static func contains(_ text: some StringProtocol, _ part: String) -> Bool {
        split(Substring(text), at: part) != nil
    }

    private static func split(_ text: some StringProtocol, at part: String) -> (before: Substring, after: Substring)? {
        let text = Substring(text)
        guard let range = text.firstRange(of: part) else { return nil }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }
}
