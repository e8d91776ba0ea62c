/// A text as a model streams it, made up from a seed: what an observer who knows all candidates tries to recognise.
///
/// The grammar is a toy, but what matters on the wire is as in real answers: tokens of one to twelve bytes whose lengths follow
/// the words, a vocabulary that belongs to the text's topic, and a rhythm of its own. Some tokens come together, as
/// speculative decoding makes easy ones do; which they are belongs to the text.
struct KnownText {
    struct Token {
        var bytes: [UInt8]
        /// The time since the token before, as it is in the mean of many runs; nearly nothing within a burst.
        var milliseconds: Double
    }

    let tokens: [Token]
    /// The time to the first token, which depends on the prompt.
    let firstTokenMilliseconds: Double

    var byteCount: Int { tokens.reduce(0) { $0 + $1.bytes.count } }

    /// - Parameters:
    ///   - index: Which text; every index has its own.
    ///   - tokenCount: How many tokens it has.
    init(_ index: Int, tokenCount: Int) {
        var random = SeededRandom(seed: UInt64(index) &* 0x5851_f42d_4c95_7f2d &+ 11)
        let topic = Self.nouns.shuffled(using: &random).prefix(7)
        let manner = Self.verbs.shuffled(using: &random).prefix(6)
        let adjectives = Self.adjectives.shuffled(using: &random).prefix(6)
        var words: [String] = []
        while words.count < tokenCount {
            let pattern = Self.sentences.randomElement(using: &random) ?? []
            for part in pattern {
                switch part {
                case "N": words += Self.pieces(of: topic.randomElement(using: &random) ?? "")
                case "V": words += Self.pieces(of: manner.randomElement(using: &random) ?? "")
                case "A": words += Self.pieces(of: adjectives.randomElement(using: &random) ?? "")
                default: words.append(part)
                }
            }
        }
        firstTokenMilliseconds = Double.random(in: 120...320, using: &random)
        tokens = words.prefix(tokenCount).map { word in
            let isInBurst = Double.random(in: 0..<1, using: &random) < 0.3
            let pace = isInBurst ? 1 : Double.random(in: 15...32, using: &random)
            return Token(bytes: Array(word.utf8), milliseconds: pace)
        }
    }

    /// A word as a tokeniser cuts it: short ones whole, long ones in pieces.
    private static func pieces(of word: String) -> [String] {
        guard word.count > 9 else { return [" " + word] }
        return [" " + String(word.prefix(6)), String(word.dropFirst(6))]
    }

    private static let sentences: [[String]] = [
        [" The", "N", "V", " the", "A", "N", "."], [" In", " a", "A", "N", ",", " every", "N", "V", "."],
        [" However", ",", " the", "N", " is", "A", " and", "A", "."], ["\n\n", "1", ".", " **", "N", "**", ":"],
        [" If", " you", "V", " the", "N", ",", " it", "V", " a", "N", "."],
        [" This", " is", " why", " the", "A", "N", "V", "."],
        [" First", ",", "V", " the", "N", ";", " then", "V", " it", " again", "."],
        [" Consider", " a", "N", " that", "V", "."],
        ["\n", "-", " The", "A", "N", " of", " the", "N"],
        [" Of", " course", ",", " no", "N", "V", " without", " a", "N", "."],
    ]
    private static let nouns = [
        "doctor", "cell", "treaty", "lamp", "algorithm", "river", "law", "ox", "pregnancy", "merger", "engine", "tax",
        "visa",
        "cathedral", "protein", "axis", "password", "garden", "inheritance", "orbit", "bug", "symphony", "vaccine",
        "index",
        "neighbourhood", "strike", "fly", "thermodynamics", "debt", "union", "constitution", "bee", "photograph", "key",
        "storm",
    ]
    private static let verbs = [
        "explains", "is", "contradicts", "grows", "eats", "transforms", "approximates", "has", "undermines", "sees",
        "replaces",
        "costs", "characterises", "cures", "runs", "outperforms", "owes", "begins", "demonstrates", "fits",
        "reorganises", "ends",
    ]
    private static let adjectives = [
        "old", "unconstitutional", "wet", "differentiable", "red", "monumental", "sad", "electrochemical", "new",
        "infectious",
        "legal", "counterintuitive", "big", "reversible", "cold", "inflammatory", "odd", "indispensable", "deep",
        "provisional",
    ]
}
