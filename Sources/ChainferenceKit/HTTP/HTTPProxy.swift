/// A proxy that every connection of a client goes through.
///
/// Host names are resolved at the proxy, never here, so that the local resolver learns nothing. If the proxy can't be
/// reached the request fails; there is no direct fallback.
public struct HTTPProxy: Hashable, Sendable {
    /// How the proxy is spoken to.
    public enum Kind: Hashable, Sendable {
        /// HTTP with `CONNECT`, also for plain-text targets.
        case httpConnect
        /// SOCKS 5 with host names resolved at the proxy (`socks5h`), as Tor offers.
        case socks5
    }

    /// A user name and a password; with Tor, any pair asks for a circuit of its own.
    public struct Credentials: Hashable, Sendable {
        /// The user name.
        public let user: String
        /// The password.
        public let password: String

        /// Makes credentials.
        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    /// How the proxy is spoken to.
    public let kind: Kind
    /// The proxy's host name or address.
    public let host: String
    /// The proxy's port.
    public let port: UInt16
    /// What the proxy asks for, if anything.
    public let credentials: Credentials?

    /// Names a proxy.
    public init(_ kind: Kind, host: String, port: UInt16, credentials: Credentials? = nil) {
        self.kind = kind
        self.host = host
        self.port = port
        self.credentials = credentials
    }

    /// The address in libcurl's notation, without the credentials.
    var address: String {
        let scheme =
            switch kind {
            case .httpConnect: "http"
            case .socks5: "socks5h"
            }
        return
            "\(scheme)://\(host.utf8.contains(UInt8(ascii: ":")) && !host.hasPrefix("[") ? "[\(host)]" : host):\(port)"
    }
}

extension HTTPProxy: CustomStringConvertible {
    /// The address without the credentials.
    public var description: String { address }
}

extension HTTPProxy.Credentials: CustomStringConvertible, CustomReflectable {
    /// Hides both parts.
    public var description: String { "(hidden)" }

    /// Shows debuggers and `dump` nothing either.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
