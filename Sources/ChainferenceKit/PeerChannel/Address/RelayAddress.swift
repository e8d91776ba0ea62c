public import SodiumCrypto

/// Where a relay can be reached, and the key that proves it is that relay.
///
/// ```
/// /dns/relay.example/tcp/3820/nnk/<base58 relay key>
/// ```
///
/// Like a ``PeerAddress`` it has exactly one spelling. What follows in the address of a server behind the relay is
/// `/p2p-circuit/nxk/<suites>/<base58 server key>`.
public struct RelayAddress: Hashable, Sendable {
    /// The port that relays use unless they have a reason not to.
    public static let defaultPort = 3_820

    /// Where the relay listens.
    public let endpoint: PeerAddress.Endpoint
    /// The relay's X25519 key.
    public let key: X25519.PublicKey

    /// Puts an address together.
    ///
    /// - Throws: ``PeerAddressError/key`` for a key that protects nothing or is not in canonical form.
    public init(endpoint: PeerAddress.Endpoint, key: X25519.PublicKey) throws(PeerAddressError) {
        guard key.isCanonical, !key.isLowOrder else { throw .key }
        self.endpoint = endpoint
        self.key = key
    }

    /// Reads an address; only its one canonical spelling is accepted.
    ///
    /// - Throws: ``PeerAddressError``.
    public init(parsing text: String) throws(PeerAddressError) {
        var parts = try AddressParts(text)
        let endpoint = try parts.takeEndpoint()
        guard parts.takeNext() == "nnk" else { throw .shape }
        let key = try parts.takeKey()
        guard parts.isEmpty else { throw .shape }
        try self.init(endpoint: endpoint, key: key)
        guard description == text else { throw .notCanonical }
    }

    /// The address of a server that can be reached through this relay.
    ///
    /// - Throws: ``PeerAddressError``, such as ``PeerAddressError/length(_:)`` when the relay's name is very long.
    public func address(
        ofServer serverKey: X25519.PublicKey,
        suites: Set<PeerSuite> = [.noiseXK]
    ) throws(PeerAddressError) -> PeerAddress {
        try PeerAddress(endpoint: endpoint, relayKey: key, suites: suites, serverKey: serverKey)
    }
}

extension RelayAddress: CustomStringConvertible {
    /// The one spelling of the address.
    public var description: String {
        "/\(endpoint.host.kind)/\(endpoint.host)/tcp/\(endpoint.port)/nnk/\(Base58Key.encode(key.bytes))"
    }
}

extension PeerAddress {
    /// The relay in front of the server; `nil` when ``endpoint`` is the server itself.
    public var relay: RelayAddress? {
        guard let relayKey else { return nil }
        // The key was checked when this address was made.
        return try? RelayAddress(endpoint: endpoint, key: relayKey)
    }
}
