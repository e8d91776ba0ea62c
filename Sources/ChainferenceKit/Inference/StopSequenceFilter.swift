/// Holds back text that may turn out to be the beginning of a stop sequence.
struct StopSequenceFilter {
    private let sequences: [[UInt8]]
    private var held: [UInt8] = []
    /// Whether a stop sequence came: nothing passes any more.
    private(set) var hasStopped = false

    init(_ sequences: [String]) {
        self.sequences = sequences.map { Array($0.utf8) }.filter { !$0.isEmpty }
    }

    /// Takes the next piece and returns what may be shown; the text before the earliest stop sequence if one came.
    mutating func pass(_ text: String) -> String {
        guard !hasStopped else { return "" }
        guard !sequences.isEmpty else { return text }
        held += text.utf8
        for start in held.indices {
            let rest = held[start...]
            if sequences.contains(where: { rest.starts(with: $0) }) {
                hasStopped = true
                return take(start)
            }
            // A later match may still begin here, so nothing from here on is safe.
            if sequences.contains(where: { $0.starts(with: rest) }) { return take(start) }
        }
        return take(held.count)
    }

    /// Takes the end of the text and returns what was held back.
    mutating func finish() -> String {
        guard !hasStopped else { return "" }
        for start in held.indices where sequences.contains(where: { held[start...].starts(with: $0) }) {
            hasStopped = true
            return take(start)
        }
        return take(held.count)
    }

    private mutating func take(_ count: Int) -> String {
        defer {
            if hasStopped { held = [] } else { held.removeFirst(count) }
        }
        return String(decoding: held[..<count], as: UTF8.self)
    }
}
