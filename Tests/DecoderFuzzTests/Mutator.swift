/// Makes inputs out of valid samples: each is a sample that was changed in a few places, the kinds of change chosen for what
/// decoders get wrong.
struct Mutator {
    let samples: [[UInt8]]
    /// Pieces that mean something in the format: punctuation, keywords, tags.
    let tokens: [[UInt8]]
    /// Longer inputs are cut.
    let longest: Int

    init(samples: [[UInt8]], tokens: [String]) {
        self.samples = samples.isEmpty ? [[]] : samples
        self.tokens = tokens.map { Array($0.utf8) }
        longest = max(8_192, 2 * (samples.map(\.count).max() ?? 0))
    }

    /// The input with this number: the same for the same seed, whatever came before.
    func input(_ index: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed &+ UInt64(index) &* 0xd134_2543_de82_ef95)
        if random.below(50) == 0 { return noise(random.below(200), &random) }
        var bytes = samples[random.below(samples.count)]
        // One in sixteen stays valid, which shows that the samples are.
        for _ in 0..<random.below(4) + (random.below(16) == 0 ? 0 : 1) { mutate(&bytes, &random) }
        if bytes.count > longest { bytes.removeSubrange(longest...) }
        return bytes
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let position = random.below(bytes.count + 1)
        let hasByte = position < bytes.count
        switch random.below(tokens.isEmpty ? 10 : 13) {
        case 0 where hasByte: bytes[position] ^= 1 << UInt8(random.below(8))
        case 1 where hasByte: bytes[position] = UInt8(truncatingIfNeeded: random.next())
        case 2 where hasByte: bytes[position] = [0, 1, 0x7f, 0x80, 0xff, 0x20][random.below(6)]
        case 3: bytes.removeSubrange(position...)
        case 4: bytes.replaceSubrange(position..<position, with: noise(random.below(12), &random))
        case 5: bytes.removeSubrange(position..<min(bytes.count, position + 1 + random.below(16)))
        case 6:
            // A piece once more, where it is or elsewhere.
            let piece = bytes[position..<min(bytes.count, position + 1 + random.below(64))]
            let target = random.below(bytes.count + 1)
            bytes.replaceSubrange(target..<target, with: Array(piece))
        case 7:
            // The beginning of this, the end of another.
            let other = samples[random.below(samples.count)]
            bytes.replaceSubrange(position..., with: other.suffix(random.below(other.count + 1)))
        case 8, 9: lie(&bytes, at: position, &random)
        default:
            guard let token = tokens.isEmpty ? nil : tokens[random.below(tokens.count)] else { return }
            if random.below(2) == 0 {
                bytes.replaceSubrange(position..<position, with: token)
            } else {
                bytes.replaceSubrange(position..<min(bytes.count, position + token.count), with: token)
            }
        }
    }

    /// Overwrites what may be a count, a length or an offset with a number of two to eight bytes.
    private func lie(_ bytes: inout [UInt8], at position: Int, _ random: inout SeededRandom) {
        let width = [2, 4, 4, 8][random.below(4)]
        guard position + width <= bytes.count else { return }
        let count = UInt64(bytes.count)
        let values: [UInt64] = [
            0, 1, count, count &+ 1, count &- UInt64(position), 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
            1 << 62, 1 << 63, .max, .max - 7,
        ]
        let value = values[random.below(values.count)]
        let isBigEndian = random.below(4) == 0
        for index in 0..<width {
            let shift = UInt64(8 * (isBigEndian ? width - 1 - index : index))
            bytes[position + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
    }

    private func noise(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() >> 20) }
    }
}
