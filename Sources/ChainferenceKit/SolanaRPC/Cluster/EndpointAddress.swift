#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where a node listens, taken apart from its URL.
///
/// Providers put API keys into paths and queries, so `description` shows scheme, host and port alone.
struct EndpointAddress: Hashable, Sendable, CustomStringConvertible {
    /// The scheme in lower case.
    let scheme: String
    /// A host name or an IP address; no brackets around IPv6.
    let host: String
    /// The port that the URL names, or the scheme's own.
    let port: Int
    /// Whether the URL named the port.
    let hasExplicitPort: Bool
    /// Path and query, never empty.
    let target: String

    init(url: String, schemes: [String]) throws(ClusterError) {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            let components = URLComponents(string: url),
            let scheme = components.scheme?.lowercased(), schemes.contains(scheme),
            var host = components.percentEncodedHost?.lowercased(), !host.isEmpty,
            (1...65_535).contains(components.port ?? 1)
        else { throw .invalidURL(Self.redacted(url), schemes: schemes) }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard components.user == nil, components.password == nil, components.fragment == nil else {
            throw .invalidURL(Self.redacted(url), schemes: schemes)
        }
        self.scheme = scheme
        self.host = host
        hasExplicitPort = components.port != nil
        port = components.port ?? (isSecureScheme(scheme) ? 443 : 80)
        let path = components.percentEncodedPath.isEmpty ? "/" : components.percentEncodedPath
        target = components.percentEncodedQuery.map { "\(path)?\($0)" } ?? path
    }

    /// Whether bytes to this address are encrypted.
    var isSecure: Bool { isSecureScheme(scheme) }

    /// Whether the address is on this machine.
    ///
    /// Only literal loopback addresses and the name `localhost` count; nothing is resolved.
    var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    var description: String {
        "\(scheme)://\(authority)"
    }

    /// Host and port as a `Host` header has them.
    var authority: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return hasExplicitPort ? "\(host):\(port)" : host
    }

    /// Refuses an address to which bytes would travel in the clear over a network.
    func requireEncryption(allowsPlaintext: Bool) throws(ClusterError) {
        guard isSecure || isLoopback || allowsPlaintext else { throw .plaintextRefused(description) }
    }

    private static func redacted(_ url: String) -> String {
        String(url.prefix { $0 != "?" && $0 != "#" }.prefix(100))
    }
}

private func isSecureScheme(_ scheme: String) -> Bool {
    scheme == "https" || scheme == "wss"
}
