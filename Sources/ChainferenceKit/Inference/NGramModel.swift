#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Which word follows which, counted in a text.
struct NGramModel: Sendable {
    /// How many words are looked back at.
    static let order = 3

    typealias Word = Int
    /// Ends a paragraph, and with it an answer.
    static let end: Word = 0

    private struct Successor {
        let word: Word
        var count: Int
    }

    private var vocabulary: [String] = [""]
    private var successors: [[Word]: [Successor]] = [:]
    private var sentences: [[Word]] = []

    /// Counts a text whose paragraphs are separated by line breaks.
    init(trainedOn text: String) {
        var ids: [String: Word] = [:]
        for paragraph in text.split(separator: "\n") {
            var words: [Word] = []
            var sentence: [Word] = []
            for word in Self.words(of: String(paragraph)) {
                let id = ids[word] ?? vocabulary.count
                if id == vocabulary.count {
                    ids[word] = id
                    vocabulary.append(word)
                }
                words.append(id)
                sentence.append(id)
                if word == "." {
                    sentences.append(sentence)
                    sentence = []
                }
            }
            words.append(Self.end)
            for index in words.indices.dropFirst() {
                for length in 1...min(Self.order, index) {
                    count(words[index], after: Array(words[(index - length)..<index]))
                }
            }
        }
    }

    private mutating func count(_ word: Word, after context: [Word]) {
        var list = successors[context] ?? []
        if let index = list.firstIndex(where: { $0.word == word }) {
            list[index].count += 1
        } else {
            list.append(Successor(word: word, count: 1))
        }
        successors[context] = list
    }

    /// Cuts text into words, each with the blank before it, and punctuation marks.
    static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        for character in text {
            if character.isLetter || character.isNumber || character == "'" || character == "-" {
                word.append(character)
            } else {
                if word != "", word != " " { words.append(word) }
                word = character.isWhitespace ? " " : ""
                if !character.isWhitespace { words.append(String(character)) }
            }
        }
        if word != "", word != " " { words.append(word) }
        return words
    }

    // MARK: Sampling

    /// An answer in the making.
    struct Sample: Sequence, IteratorProtocol {
        fileprivate let model: NGramModel
        fileprivate var dice: SplitMix64
        fileprivate let temperature: Double
        fileprivate var context: [Word] = []
        fileprivate var opening: [Word]

        /// The next word, with the blank before it, or nil at the end of the answer.
        mutating func next() -> String? {
            let word =
                opening.isEmpty
                ? model.next(after: context, temperature: temperature, dice: &dice) : opening.removeFirst()
            guard word != NGramModel.end else { return nil }
            context = Array((context + [word]).suffix(NGramModel.order))
            return model.vocabulary[word]
        }
    }

    /// Starts an answer with the first words of a sentence, preferably one that shares words with the prompt.
    func sample(startingFrom prompt: String, seed: UInt64, temperature: Double) -> Sample {
        var dice = SplitMix64(state: seed)
        func plain(_ word: String) -> String { word.lowercased().filter { $0 != " " } }
        // Short words are in every sentence and say nothing.
        let wanted = Set(Self.words(of: prompt).map(plain).filter { $0.count > 4 })
        let shared = sentences.map { Set($0.map { plain(vocabulary[$0]) }).intersection(wanted) }
        var frequency: [String: Double] = [:]
        for word in shared.joined() { frequency[word, default: 0] += 1 }
        let weights = shared.map { words in
            // Sorted, because the order of a sum shows in its last digits.
            let rarity = words.sorted().reduce(0) { $0 + 1 / (frequency[$1] ?? 1) }
            return 1 + 4_000 * rarity * rarity
        }
        let first = temperature > 0 ? dice.pick(weights) : weights.firstIndex(of: weights.max() ?? 0) ?? 0
        let opening = sentences.isEmpty ? [Self.end] : Array(sentences[first].prefix(3))
        return Sample(model: self, dice: dice, temperature: temperature, opening: opening)
    }

    private func next(after context: [Word], temperature: Double, dice: inout SplitMix64) -> Word {
        var length = min(Self.order, context.count)
        while length > 0 {
            let list = successors[Array(context.suffix(length))] ?? []
            // Where the text leaves one choice only, look back less far now and then: else it would just be recited.
            let recites = list.count == 1 && length > 2 && temperature > 0 && dice.next() % 3 == 0
            if !list.isEmpty, !recites {
                guard temperature > 0 else { return list.max { $0.count < $1.count }?.word ?? Self.end }
                let weights = list.map {
                    temperature == 1 ? Double($0.count) : pow(Double($0.count), 1 / max(temperature, 0.05))
                }
                return list[dice.pick(weights)].word
            }
            length -= 1
        }
        return Self.end
    }
}

/// A small generator with published constants (Steele, Lea and Flood, 2014), which is the same everywhere.
///
/// Not for secrets.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// An index, with a chance in proportion to its weight; 0 if there is none.
    mutating func pick(_ weights: [Double]) -> Int {
        let point = Double(next() >> 11) * 0x1p-53 * weights.reduce(0, +)
        var sum = 0.0
        for (index, weight) in weights.enumerated() {
            sum += weight
            if point < sum { return index }
        }
        return max(0, weights.count - 1)
    }
}
