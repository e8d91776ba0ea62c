/// A host: a numeric address or a name.
public enum PeerHost: Hashable, Sendable {
    /// An IPv4 address.
    case ip4(IPv4Address)
    /// An IPv6 address.
    case ip6(IPv6Address)
    /// A domain name.
    case dns(DomainName)

    var kind: String {
        switch self {
        case .ip4: "ip4"
        case .ip6: "ip6"
        case .dns: "dns"
        }
    }

    /// Reads a host as people write it: a numeric address in canonical form, or a name.
    ///
    /// - Returns: `nil` if it is neither.
    public init?(_ text: String) {
        if let address = IPv4Address(canonical: text) {
            self = .ip4(address)
        } else if let address = IPv6Address(canonical: text) {
            self = .ip6(address)
        } else if let name = DomainName(canonical: text) {
            self = .dns(name)
        } else {
            return nil
        }
    }
}

extension PeerHost: CustomStringConvertible {
    /// The host's one spelling.
    public var description: String {
        switch self {
        case .ip4(let address): address.description
        case .ip6(let address): address.description
        case .dns(let name): name.description
        }
    }
}

/// An IPv4 address.
public struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
    /// The address as a number, most significant byte first.
    public let number: UInt32

    /// Takes the address as a number.
    public init(number: UInt32) { self.number = number }

    /// Reads four decimal numbers without leading zeros; nothing else that systems accept.
    public init?(canonical text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard let value = UInt16(canonicalDecimal: String(Substring(part))), value <= 255 else { return nil }
            number = number << 8 | UInt32(value)
        }
        self.number = number
    }

    /// Four decimal numbers.
    public var description: String {
        [24, 16, 8, 0].map { String(number >> $0 & 255) }.joined(separator: ".")
    }
}

/// An IPv6 address, without a zone.
public struct IPv6Address: Hashable, Sendable, CustomStringConvertible {
    /// The sixteen-bit groups, first one first; eight of them.
    public let groups: [UInt16]

    /// Takes eight groups.
    public init?(groups: [UInt16]) {
        guard groups.count == 8 else { return nil }
        self.groups = groups
    }

    /// Takes sixteen bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        let bytes = Array(bytes)
        groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
    }

    /// Reads the spelling of RFC 5952 (lower case, no leading zeros, the first longest run of zeros as `::`) and no other.
    public init?(canonical text: String) {
        let halves = Self.halves(text)
        guard halves.count <= 2 else { return nil }
        var sides: [[UInt16]] = []
        for half in halves {
            var groups: [UInt16] = []
            for part in half.isEmpty ? [] : half.split(separator: ":", omittingEmptySubsequences: false) {
                guard (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16), !part.hasPrefix("+")
                else { return nil }
                groups.append(group)
            }
            sides.append(groups)
        }
        let count = sides.reduce(0) { $0 + $1.count }
        if sides.count == 1 {
            guard count == 8 else { return nil }
            groups = sides[0]
        } else {
            guard count < 8 else { return nil }
            groups = sides[0] + [UInt16](repeating: 0, count: 8 - count) + sides[1]
        }
        guard description == text else { return nil }
    }

    /// The text around the first `::`, or the text alone; more than two parts if there are several.
    private static func halves(_ text: String) -> [String] {
        var halves: [String] = [""]
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            if scalar == ":", rest.first == ":" {
                rest.removeFirst()
                halves.append("")
            } else {
                halves[halves.count - 1].unicodeScalars.append(scalar)
            }
        }
        return halves
    }

    /// The IPv4 address inside `::ffff:0:0/96`, if this is such an address.
    public var embeddedInMapping: IPv4Address? {
        guard groups[0..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xffff else { return nil }
        return IPv4Address(number: UInt32(groups[6]) << 16 | UInt32(groups[7]))
    }

    /// The spelling of RFC 5952, in hexadecimal digits throughout.
    public var description: String {
        var best = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index > best.count { best = index..<end }
            index = max(end, index + 1)
        }
        func join(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard best.count >= 2 else { return join(0..<8) }
        return join(0..<best.lowerBound) + "::" + join(best.upperBound..<8)
    }
}

/// A domain name in lower case, letters, digits and hyphens only.
public struct DomainName: Hashable, Sendable, CustomStringConvertible {
    /// The name.
    public let description: String

    /// Reads a name: labels of 1…63 bytes, at most 253 in all, no final dot, and nothing that could be a numeric address.
    public init?(canonical text: String) {
        guard (1...253).contains(text.utf8.count) else { return nil }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for label in labels {
            guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-"),
                label.allSatisfy({
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || Self.isDigit($0) || $0 == UInt8(ascii: "-")
                })
            else { return nil }
        }
        // Resolvers read "127.1", "2130706433" and "0x7f000001" as addresses.
        guard let last = labels.last, !last.allSatisfy(Self.isDigit), !last.starts(with: Array("0x".utf8)) else {
            return nil
        }
        description = text
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

extension UInt16 {
    /// Reads plain decimal digits without sign or leading zeros.
    init?(canonicalDecimal text: String) {
        guard (1...5).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            text == "0" || !text.hasPrefix("0"), let value = UInt16(text)
        else { return nil }
        self = value
    }
}
