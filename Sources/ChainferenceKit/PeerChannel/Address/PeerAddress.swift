public import SodiumCrypto

/// Where a server can be reached, and the key that proves it is that server.
///
/// ```
/// /ip4/203.0.113.7/tcp/3819/nxk/<suites>/<base58 key>
/// /dns/relay.example/tcp/3819/nnk/<base58 relay key>/p2p-circuit/nxk/<suites>/<base58 key>
/// ```
///
/// Suites are numbers, joined by `+` where a server speaks several, as in `1+2`. The text is shaped like a multiaddr, has at most 192 bytes, and every address has exactly one spelling.
public struct PeerAddress: Hashable, Sendable {
    /// The port that servers use unless they have a reason not to.
    public static let defaultPort = 3_819
    /// The longest text, in bytes: what the accounts on the chain hold.
    public static let maximumByteCount = 192

    /// A host and a port.
    public struct Endpoint: Hashable, Sendable {
        /// The host.
        public let host: PeerHost
        /// The TCP port.
        public let port: UInt16

        /// Names a host and a port.
        ///
        /// - Throws: ``PeerAddressError/port`` for port 0.
        public init(host: PeerHost, port: UInt16 = UInt16(PeerAddress.defaultPort)) throws(PeerAddressError) {
            guard port > 0 else { throw .port }
            self.host = host
            self.port = port
        }
    }

    /// Where to connect: the server itself, or the relay in front of it.
    public let endpoint: Endpoint
    /// The key of the relay at ``endpoint``; `nil` when that is the server itself.
    public let relayKey: X25519.PublicKey?
    /// The handshakes that the server speaks; never empty.
    public let suites: Set<PeerSuite>
    /// The server's key.
    public let serverKey: X25519.PublicKey

    /// Puts an address together.
    ///
    /// - Throws: ``PeerAddressError/length(_:)`` when its text would be too long, ``PeerAddressError/key`` for a key that
    ///   protects nothing or is not in canonical form, ``PeerAddressError/suite`` when no suite is named.
    public init(
        endpoint: Endpoint,
        relayKey: X25519.PublicKey? = nil,
        suites: Set<PeerSuite> = [.noiseXK],
        serverKey: X25519.PublicKey
    ) throws(PeerAddressError) {
        guard !suites.isEmpty else { throw .suite }
        guard serverKey.isCanonical, !serverKey.isLowOrder else { throw .key }
        if let relayKey, !relayKey.isCanonical || relayKey.isLowOrder { throw .key }
        self.endpoint = endpoint
        self.relayKey = relayKey
        self.suites = suites
        self.serverKey = serverKey
        let length = description.utf8.count
        guard length <= Self.maximumByteCount else { throw .length(length) }
    }

    /// Reads an address; only its one canonical spelling is accepted.
    ///
    /// - Throws: ``PeerAddressError``.
    public init(parsing text: String) throws(PeerAddressError) {
        var parts = try AddressParts(text)
        let endpoint = try parts.takeEndpoint()
        var relayKey: X25519.PublicKey?
        if parts.next == "nnk" {
            _ = parts.takeNext()
            relayKey = try parts.takeKey()
            guard parts.takeNext() == "p2p-circuit" else { throw .shape }
        }
        guard parts.takeNext() == "nxk", let suitesText = parts.takeNext(), parts.next != nil else { throw .shape }
        var suites: Set<PeerSuite> = []
        for text in suitesText.split(separator: "+", omittingEmptySubsequences: false) {
            guard let number = UInt16(canonicalDecimal: String(text)), let raw = UInt8(exactly: number),
                let suite = PeerSuite(rawValue: raw)
            else { throw .suite }
            suites.insert(suite)
        }
        let serverKey = try parts.takeKey()
        guard parts.isEmpty else { throw .shape }
        try self.init(endpoint: endpoint, relayKey: relayKey, suites: suites, serverKey: serverKey)
        // Each part was read strictly; this makes a second spelling impossible whatever the parts do.
        guard description == text else { throw .notCanonical }
    }
}

extension PeerAddress: CustomStringConvertible {
    /// The one spelling of the address.
    public var description: String {
        var text = "/\(endpoint.host.kind)/\(endpoint.host)/tcp/\(endpoint.port)"
        if let relayKey { text += "/nnk/\(Base58Key.encode(relayKey.bytes))/p2p-circuit" }
        let numbers = suites.map(\.rawValue).sorted().map(String.init).joined(separator: "+")
        return text + "/nxk/\(numbers)/\(Base58Key.encode(serverKey.bytes))"
    }

    /// The handshake that this build's clients make: the strongest of those that the address names and the build has.
    ///
    /// Nothing is negotiated: the address alone decides, and nobody on the way can change it.
    public var suite: PeerSuite {
        let known = suites.filter(\.isBuilt)
        return (known.isEmpty ? suites : known).max { $0.rawValue < $1.rawValue } ?? .noiseXK
    }
}

extension PeerAddress.Endpoint: CustomStringConvertible {
    /// Host and port as people write them.
    public var description: String {
        if case .ip6(let address) = host { return "[\(address)]:\(port)" }
        return "\(host):\(port)"
    }
}

/// Why a text is no peer address.
public enum PeerAddressError: Error, Hashable, Sendable {
    /// This many bytes are too many.
    case length(Int)
    /// The parts are not the ones that an address has.
    case shape
    /// The host is not valid, or not in its one spelling.
    case host
    /// The port is not 1…65535 in plain digits.
    case port
    /// The suite is unknown.
    case suite
    /// A key is not the base58 of 32 bytes, protects nothing, or is not in canonical form.
    case key
    /// The address is valid but spelled in another way than the canonical one.
    case notCanonical
}

extension PeerAddressError: CustomStringConvertible {
    /// What is wrong and what an address looks like.
    public var description: String {
        let what =
            switch self {
            case .length(let count): "It has \(count) bytes; at most \(PeerAddress.maximumByteCount) are allowed."
            case .shape: "Its parts are not those of a peer address."
            case .host: "The host is not valid or not in canonical form."
            case .port: "The port is not a number from 1 to 65535 without leading zeros."
            case .suite: "A suite is unknown to this version, or none is named."
            case .key: "A key is not the base58 form of a usable X25519 key."
            case .notCanonical: "It is not in canonical form."
            }
        return "Not a peer address. \(what) Expected: /ip4|ip6|dns/<host>/tcp/<port>/nxk/<suites>/<base58 key>"
    }
}
