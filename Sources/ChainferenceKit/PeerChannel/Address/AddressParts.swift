import SodiumCrypto

/// The parts of an address in text, taken one by one.
struct AddressParts {
    private var parts: ArraySlice<String>

    /// Cuts a text at its slashes.
    ///
    /// - Throws: ``PeerAddressError/length(_:)``, ``PeerAddressError/shape``.
    init(_ text: String) throws(PeerAddressError) {
        let length = text.utf8.count
        guard length <= PeerAddress.maximumByteCount else { throw .length(length) }
        parts =
            text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }[...]
        guard parts.popFirst() == "" else { throw .shape }
    }

    var isEmpty: Bool { parts.isEmpty }
    var next: String? { parts.first }

    mutating func takeNext() -> String? { parts.popFirst() }

    /// Takes `ip4|ip6|dns/<host>/tcp/<port>`.
    mutating func takeEndpoint() throws(PeerAddressError) -> PeerAddress.Endpoint {
        guard let kind = takeNext(), let hostText = takeNext() else { throw .shape }
        let host: PeerHost
        switch kind {
        case "ip4":
            guard let address = IPv4Address(canonical: hostText) else { throw .host }
            host = .ip4(address)
        case "ip6":
            guard let address = IPv6Address(canonical: hostText), address.embeddedInMapping == nil else { throw .host }
            host = .ip6(address)
        case "dns":
            guard let name = DomainName(canonical: hostText) else { throw .host }
            host = .dns(name)
        default: throw .shape
        }
        guard takeNext() == "tcp", let portText = takeNext() else { throw .shape }
        guard let port = UInt16(canonicalDecimal: portText) else { throw .port }
        return try PeerAddress.Endpoint(host: host, port: port)
    }

    /// Takes a key.
    mutating func takeKey() throws(PeerAddressError) -> X25519.PublicKey {
        guard let text = takeNext() else { throw .shape }
        guard let bytes = Base58Key.decode(text) else { throw .key }
        return bytes.withUnsafeBytes { X25519.PublicKey(copying: $0) }
    }
}
