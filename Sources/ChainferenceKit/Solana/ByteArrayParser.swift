/// Reads a JSON array of numbers from 0 to 255 out of memory that is not its own, copying nothing.
struct ByteArrayParser {
    private let text: UnsafeRawBufferPointer
    private var position = 0

    init(_ text: UnsafeRawBufferPointer) {
        self.text = text
    }

    /// Hands over the numbers one by one; gives the position of the first character that does not fit, or `nil`.
    mutating func parse(_ receive: (UInt8) -> Void) -> Int? {
        skipSpace()
        guard take(UInt8(ascii: "[")) else { return position }
        skipSpace()
        if !take(UInt8(ascii: "]")) {
            repeat {
                skipSpace()
                guard let number = number() else { return position }
                receive(number)
                skipSpace()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { return position }
        }
        skipSpace()
        return position == text.count ? nil : position
    }

    /// A number without sign, fraction, exponent or leading zeros.
    private mutating func number() -> UInt8? {
        let start = position
        var value = 0
        while position < text.count, case let digit = Int(text[position]) - 48, (0...9).contains(digit) {
            value = value * 10 + digit
            guard value <= 255, position == start || value >= 10 else { return nil }
            position += 1
        }
        return position > start ? UInt8(value) : nil
    }

    private mutating func take(_ character: UInt8) -> Bool {
        guard position < text.count, text[position] == character else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < text.count, [9, 10, 13, 32].contains(text[position]) { position += 1 }
    }
}
