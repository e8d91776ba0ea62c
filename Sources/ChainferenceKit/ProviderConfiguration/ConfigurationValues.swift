import ChainferenceKit
import InferenceMarket
import Solana

/// How the file's texts become numbers, amounts and times.
enum ConfigurationValue {
    /// A whole number from 0 on; `_` may stand between digits.
    static func count(_ text: String) -> UInt64? {
        guard text.first?.isASCIIDigit == true, text.last?.isASCIIDigit == true,
            text.allSatisfy({ $0.isASCIIDigit || $0 == "_" })
        else { return nil }
        return UInt64(text.filter { $0 != "_" })
    }

    /// A whole number from `least` to `most`.
    static func count(from least: UInt64, to most: UInt64) -> (String) -> UInt64? {
        { text in count(text).flatMap { (least...most).contains($0) ? $0 : nil } }
    }

    /// An amount of lamports.
    static func lamports(_ text: String) -> Lamports? { count(text).map(Lamports.init(rawValue:)) }

    /// A price that the market takes.
    static func price(from least: UInt64) -> (String) -> PricePerMillionTokens? {
        { text in
            count(from: least, to: PricePerMillionTokens.maximum.rawValue)(text).map(
                PricePerMillionTokens.init(rawValue:)
            )
        }
    }

    /// A time, such as `500ms`, `30s`, `10m`, `2h` or `1d`, up to a day.
    static func duration(_ text: String) -> Duration? { duration(text, atMost: 86_400) }

    /// A time of some days, from an hour to a year.
    static func age(_ text: String) -> Duration? {
        duration(text, atMost: 366 * 86_400).flatMap { $0 >= .seconds(3_600) ? $0 : nil }
    }

    private static let units: [(suffix: String, milliseconds: UInt64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    private static func duration(_ text: String, atMost seconds: UInt64) -> Duration? {
        for (suffix, milliseconds) in units {
            guard text.hasSuffix(suffix), let count = count(String(text.dropLast(suffix.count))) else { continue }
            let (total, overflow) = count.multipliedReportingOverflow(by: milliseconds)
            guard !overflow, total <= seconds * 1_000 else { return nil }
            return .milliseconds(Int64(total))
        }
        return nil
    }

    /// `true` or `false`.
    static func truth(_ text: String) -> Bool? {
        switch text {
        case "true": true
        case "false": false
        default: nil
        }
    }

    /// A positive number with or without a fraction.
    static func rate(_ text: String) -> Double? {
        guard let value = Double(text), value.isFinite, value > 0 else { return nil }
        return value
    }

    /// `host:port`, `[address]:port`, or a port alone.
    static func endpoint(_ text: String) -> (host: String?, port: UInt16)? {
        if let port = UInt16(text) { return (nil, port) }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        // An IPv6 address without brackets would leave the port in doubt.
        guard !host.isEmpty, host.contains(":") == text.hasPrefix("[") else { return nil }
        return (host, port)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
