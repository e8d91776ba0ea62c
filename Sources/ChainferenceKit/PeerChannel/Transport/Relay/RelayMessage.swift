package import SodiumCrypto

/// What a relay knows a server by: SHA-256 of the server's X25519 key.
package struct RelayDestination: Hashable, Sendable {
    package static let byteCount = 32
    package let bytes: [UInt8]

    package init(of serverKey: X25519.PublicKey) { bytes = SHA256.hash(serverKey.bytes) }

    fileprivate init(bytes: [UInt8]) { self.bytes = bytes }
}

/// The secret with which a server takes up one waiting client.
package struct RelayToken: Hashable, Sendable {
    package static let byteCount = 32
    package let bytes: [UInt8]

    /// Draws a token.
    package init() { bytes = SecretBytes.random(count: Self.byteCount).withUnsafeBytes { [UInt8]($0) } }

    fileprivate init(bytes: [UInt8]) { self.bytes = bytes }
}

extension RelayToken: CustomStringConvertible, CustomReflectable {
    package var description: String { "RelayToken(hidden)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What a relay allows one circuit.
package struct CircuitLimits: Hashable, Sendable {
    /// How long it may last, in seconds.
    package var seconds: UInt32
    /// How many bytes it may carry, both directions together.
    package var bytes: UInt64

    package init(seconds: UInt32, bytes: UInt64) {
        self.seconds = seconds
        self.bytes = bytes
    }
}

/// What a relay grants a server.
package struct RelayTerms: Hashable, Sendable {
    /// After how many seconds the reservation ends unless it is refreshed.
    package var seconds: UInt32
    /// How many circuits the server may have at a time.
    package var circuits: UInt16
    /// What each of them may do.
    package var limits: CircuitLimits

    package init(seconds: UInt32, circuits: UInt16, limits: CircuitLimits) {
        self.seconds = seconds
        self.circuits = circuits
        self.limits = limits
    }
}

/// A message between a relay and those it serves, as `Documentation/relay.md` specifies it.
///
/// Every message has the same size, so that its kind can't be told from outside: type, body, zeros.
package enum RelayMessage: Hashable, Sendable {
    /// A server asks to be reachable for so many seconds, or for so many more.
    case reserve(seconds: UInt32)
    /// The relay grants it.
    case reserved(RelayTerms)
    /// The relay tells a server that a client waits.
    case incoming(RelayToken)
    /// The server has no room for that client.
    case decline(RelayToken)
    /// A sign of life is asked for.
    case ping(UInt64)
    /// The sign of life.
    case pong(UInt64)
    /// A client asks for a server.
    case connect(RelayDestination)
    /// A server takes up a client.
    case accept(RelayToken)
    /// From the next byte on the other side of the relay speaks.
    case open(CircuitLimits)
    /// The relay says no; it closes the connection.
    case refused(RelayRefusal)

    /// How many bytes every message has.
    package static let byteCount = 64
}

extension RelayMessage {
    private enum Kind: UInt8 {
        case reserve = 0x01
        case reserved = 0x02
        case incoming = 0x03
        case decline = 0x04
        case ping = 0x05
        case pong = 0x06
        case connect = 0x10
        case accept = 0x11
        case open = 0x12
        case refused = 0x1f
    }

    /// The message's bytes.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        func append(_ kind: Kind) { bytes.append(kind.rawValue) }
        func append(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        switch self {
        case .reserve(let seconds):
            append(.reserve)
            append(seconds)
        case .reserved(let terms):
            append(.reserved)
            append(terms.seconds)
            append(terms.circuits)
            append(terms.limits.seconds)
            append(terms.limits.bytes)
        case .incoming(let token):
            append(.incoming)
            bytes += token.bytes
        case .decline(let token):
            append(.decline)
            bytes += token.bytes
        case .ping(let number):
            append(.ping)
            append(number)
        case .pong(let number):
            append(.pong)
            append(number)
        case .connect(let destination):
            append(.connect)
            bytes += destination.bytes
        case .accept(let token):
            append(.accept)
            bytes += token.bytes
        case .open(let limits):
            append(.open)
            append(limits.seconds)
            append(limits.bytes)
        case .refused(let refusal):
            append(.refused)
            append(refusal.code.rawValue)
            append(refusal.retryMilliseconds)
        }
        bytes.append(contentsOf: repeatElement(0, count: Self.byteCount - bytes.count))
        return bytes
    }

    /// Reads a message.
    ///
    /// - Throws: ``RelayFault/malformed(_:)`` for anything that ``encoded`` would not have given.
    package init(decoding bytes: [UInt8]) throws(RelayFault) {
        guard bytes.count == Self.byteCount, let kind = Kind(rawValue: bytes[0]) else { throw .malformed(bytes.first) }
        var rest = bytes[1...]
        func number<Number: FixedWidthInteger>(_: Number.Type) -> Number {
            let size = MemoryLayout<Number>.size
            defer { rest = rest.dropFirst(size) }
            return rest.prefix(size).reversed().reduce(0) { $0 << 8 | Number($1) }
        }
        func token() -> RelayToken {
            defer { rest = rest.dropFirst(RelayToken.byteCount) }
            return RelayToken(bytes: Array(rest.prefix(RelayToken.byteCount)))
        }
        func limits() -> CircuitLimits { CircuitLimits(seconds: number(UInt32.self), bytes: number(UInt64.self)) }
        switch kind {
        case .reserve: self = .reserve(seconds: number(UInt32.self))
        case .reserved:
            self = .reserved(
                RelayTerms(seconds: number(UInt32.self), circuits: number(UInt16.self), limits: limits())
            )
        case .incoming: self = .incoming(token())
        case .decline: self = .decline(token())
        case .ping: self = .ping(number(UInt64.self))
        case .pong: self = .pong(number(UInt64.self))
        case .connect:
            self = .connect(RelayDestination(bytes: Array(rest.prefix(RelayDestination.byteCount))))
            rest = rest.dropFirst(RelayDestination.byteCount)
        case .accept: self = .accept(token())
        case .open: self = .open(limits())
        case .refused:
            guard let code = RelayRefusal.Code(rawValue: number(UInt16.self)) else { throw .malformed(bytes[0]) }
            self = .refused(RelayRefusal(code, retryMilliseconds: number(UInt32.self)))
        }
        guard rest.allSatisfy({ $0 == 0 }) else { throw .malformed(bytes[0]) }
    }
}
