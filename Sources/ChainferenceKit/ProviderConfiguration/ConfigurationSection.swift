import Yams

/// What is wrong with a file, gathered while it is read.
final class ProblemList {
    private(set) var problems: [ProviderConfigurationError.Problem] = []

    func add(_ text: String, at mark: Mark?) {
        add(text, line: mark?.line, column: mark?.column)
    }

    func add(_ text: String, line: Int?, column: Int?) {
        problems.append(.init(line: line, column: column, text: text))
    }
}

/// A mapping of the file that is read key by key; what nobody asked for in the end is a mistake.
///
/// Problems are noted with their place, and reading goes on, so that a person sees all of them at once.
final class ConfigurationSection {
    private let entries: [(key: Node, value: Node)]
    private let problems: ProblemList
    private var known: Set<String> = []
    /// Where the section begins.
    let mark: Mark?

    init?(_ node: Node, _ what: String, _ problems: ProblemList) {
        guard case .mapping(let mapping) = node else {
            problems.add("\(what) must be a list of “key: value” lines.", at: node.mark)
            return nil
        }
        entries = mapping.map { ($0.key, $0.value) }
        mark = node.mark
        self.problems = problems
    }

    /// The section of a file that has nothing in it.
    init(empty problems: ProblemList) {
        entries = []
        mark = nil
        self.problems = problems
    }

    /// Notes a problem with the value of a key, or with the section when the key is not there.
    func fault(_ key: String, _ text: String) {
        problems.add(text, at: entries.first { $0.key.string == key }?.value.mark ?? mark)
    }

    /// Whether the key is there.
    func has(_ key: String) -> Bool { node(key) != nil }

    /// Every key, for sections whose keys are names.
    func names() -> [(name: String, mark: Mark?)] {
        entries.compactMap { entry in
            guard let name = entry.key.string else {
                problems.add("A name must be plain text.", at: entry.key.mark)
                return nil
            }
            known.insert(name)
            return (name, entry.key.mark)
        }
    }

    /// The value of a key, converted; nil when it is absent or wrong.
    func value<Value>(_ key: String, _ expectation: String, _ convert: (String) -> Value?) -> Value? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let scalar) = node, !isEmpty(scalar) else {
            problems.add("“\(key)” must be \(expectation).", at: node.mark)
            return nil
        }
        guard let value = convert(scalar.string) else {
            problems.add("“\(key)” must be \(expectation), not “\(scalar.string.prefix(60))”.", at: node.mark)
            return nil
        }
        return value
    }

    /// The value of a key that must be there.
    func required<Value>(_ key: String, _ expectation: String, _ convert: (String) -> Value?) -> Value? {
        guard has(key) else {
            problems.add("“\(key)” is missing: add a line “\(key): …” with \(expectation).", at: mark)
            return nil
        }
        return value(key, expectation, convert)
    }

    /// One text or a list of texts; nil when it is absent or wrong.
    func texts(_ key: String, _ expectation: String) -> [(text: String, mark: Mark?)]? {
        guard let node = node(key) else { return nil }
        let items: [Node]
        switch node {
        case .scalar: items = [node]
        case .sequence(let sequence): items = Array(sequence)
        default: items = []
        }
        let texts = items.compactMap { item -> (text: String, mark: Mark?)? in
            guard case .scalar(let scalar) = item, !isEmpty(scalar) else { return nil }
            return (scalar.string, item.mark)
        }
        guard !texts.isEmpty, texts.count == items.count else {
            problems.add("“\(key)” must be \(expectation).", at: node.mark)
            return nil
        }
        return texts
    }

    /// The section under a key.
    func section(_ key: String) -> ConfigurationSection? {
        node(key).flatMap { ConfigurationSection($0, "“\(key)”", problems) }
    }

    /// The sections of a list under a key.
    func sections(_ key: String, of what: String) -> [ConfigurationSection]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let items) = node, !items.isEmpty else {
            problems.add("“\(key)” must be a list of \(what), each beginning with “- ”.", at: node.mark)
            return nil
        }
        return items.compactMap { ConfigurationSection($0, "Each of “\(key)”", problems) }
    }

    /// Notes every key that nobody asked for.
    func finish() {
        for entry in entries {
            guard let key = entry.key.string else {
                problems.add("A key must be plain text.", at: entry.key.mark)
                continue
            }
            guard !known.contains(key) else { continue }
            let nearest = known.min { (key.editDistance(to: $0), $0) < (key.editDistance(to: $1), $1) }
            let advice =
                nearest.flatMap { key.editDistance(to: $0) <= 1 + key.count / 3 ? "Did you mean “\($0)”?" : nil }
                ?? "Possible here: \(known.sorted().joined(separator: ", "))."
            problems.add("There is no setting “\(key)” here. \(advice)", at: entry.key.mark)
        }
    }

    private func node(_ key: String) -> Node? {
        known.insert(key)
        return entries.first { $0.key.string == key }?.value
    }

    private func isEmpty(_ scalar: Node.Scalar) -> Bool {
        scalar.string.isEmpty || (scalar.style == .plain && (scalar.string == "~" || scalar.string == "null"))
    }
}

extension String {
    /// How many letters have to be added, taken away or changed to make one text of the other.
    func editDistance(to other: String) -> Int {
        let theirs = Array(other.unicodeScalars)
        var row = Array(0...theirs.count)
        for (line, mine) in unicodeScalars.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, theirs) in theirs.enumerated() {
                let change = diagonal + (mine == theirs ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(change, row[column] + 1, diagonal + 1)
            }
        }
        return row[theirs.count]
    }
}
