extension HTTPProxy {
    /// Text that names no proxy.
    public struct InvalidURL: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, and what to do; never the text, which may hold a password.
        public var description: String {
            "That is no proxy. Name one as http://host:port or socks5h://host:port, or as “tor” for 127.0.0.1:9050."
        }

        /// Makes the error.
        public init() {}
    }

    /// Reads `http://host:port`, `socks5h://host:port` (also as `socks5://`: names resolve at the proxy all the same), with
    /// `user:password@` before the host if the proxy asks for it, or `tor`.
    ///
    /// User and password may be percent-encoded. IPv6 addresses stand in brackets. The port must be there.
    ///
    /// - Throws: ``InvalidURL``.
    public init(url: String) throws(InvalidURL) {
        if url == "tor" {
            self.init(.socks5, host: "127.0.0.1", port: 9_050)
            return
        }
        let schemes: [(prefix: String, kind: Kind)] = [
            ("http://", .httpConnect), ("socks5h://", .socks5), ("socks5://", .socks5),
        ]
        guard let scheme = schemes.first(where: { url.hasPrefix($0.prefix) }) else { throw InvalidURL() }
        var rest = url.dropFirst(scheme.prefix.count)
        if rest.last == "/" { rest = rest.dropLast() }
        var credentials: Credentials?
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let user = Self.decoded(parts[0]), !user.isEmpty,
                let password = Self.decoded(parts[1])
            else { throw InvalidURL() }
            credentials = Credentials(user: user, password: password)
            rest = rest[rest.index(after: at)...]
        }
        // Digits alone: UInt16's initializer would take a sign too.
        guard let colon = rest.lastIndex(of: ":"), case let digits = rest[rest.index(after: colon)...],
            digits.allSatisfy(\.isNumber), let port = UInt16(digits), port > 0
        else { throw InvalidURL() }
        var host = rest[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
            guard host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { throw InvalidURL() }
        } else {
            guard host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-" || $0 == "_") })
            else { throw InvalidURL() }
        }
        guard !host.isEmpty else { throw InvalidURL() }
        self.init(scheme.kind, host: String(host), port: port, credentials: credentials)
    }

    /// Text with its percent-encoded bytes; nil when it is malformed.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = Substring(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
