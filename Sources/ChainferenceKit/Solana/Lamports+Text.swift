extension Lamports: CustomStringConvertible {
    /// The exact amount, such as `1234 lamports`.
    public var description: String {
        rawValue == 1 ? "1 lamport" : "\(rawValue) lamports"
    }

    /// The exact amount in SOL without trailing zeros, such as `0.000005` or `12`.
    public var sol: String {
        let (whole, fraction) = rawValue.quotientAndRemainder(dividingBy: Self.perSOL)
        if fraction == 0 { return "\(whole)" }
        var digits = Array("\(fraction + Self.perSOL)".utf8.dropFirst())
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return "\(whole)." + String(decoding: digits, as: UTF8.self)
    }

    /// The amount that a decimal number of SOL stands for, such as `1.5`; exact, with at most nine decimals.
    public init(sol text: String) throws(AmountError) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, parts.count <= 2, parts.dropFirst().allSatisfy({ !$0.isEmpty }),
            parts.dropFirst().allSatisfy({ $0.count <= 9 })
        else { throw .invalidText(text) }
        var value: UInt64 = 0
        let fraction = parts.dropFirst().first.map(Array.init) ?? []
        let padding = [UInt8](repeating: UInt8(ascii: "0"), count: 9 - fraction.count)
        for character in Array(whole) + fraction + padding {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { throw .invalidText(text) }
            let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = shifted.addingReportingOverflow(UInt64(character - UInt8(ascii: "0")))
            if tooLarge || overflow { throw .overflow }
            value = sum
        }
        self.init(value)
    }
}
