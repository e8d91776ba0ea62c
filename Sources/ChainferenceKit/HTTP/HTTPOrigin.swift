import CCurl

/// An address, parsed by the same parser that will use it.
struct HTTPOrigin: Hashable, Sendable {
    /// `scheme://host:port`, which may be shown.
    let origin: String
    /// The whole address in libcurl's normal form, which may hold secrets.
    let url: String
    /// Whether the scheme is `https`.
    let isEncrypted: Bool
    /// Whether the host is this machine by its very name or address, so that no resolver can point it elsewhere.
    let isLoopback: Bool

    init(parsing text: String) throws(HTTPError) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw .invalidURL(reason: "it is empty or holds spaces or control characters")
        }
        guard let handle = curl_url() else { throw .outOfResources(reason: "no memory for an address") }
        defer { curl_url_cleanup(handle) }

        let code = curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_DISALLOW_USER))
        guard code == CURLUE_OK else {
            if code == CURLUE_USER_NOT_ALLOWED {
                throw .invalidURL(reason: "it holds a user name or password; send them in an Authorization header")
            }
            throw .invalidURL(reason: String(cString: curl_url_strerror(code)))
        }
        func part(_ part: CURLUPart, flags: Int32 = 0) throws(HTTPError) -> String {
            var value: UnsafeMutablePointer<CChar>?
            let code = curl_url_get(handle, part, &value, UInt32(flags))
            guard code == CURLUE_OK, let value else {
                throw .invalidURL(reason: String(cString: curl_url_strerror(code)))
            }
            defer { curl_free(value) }
            return String(cString: value)
        }
        let scheme = try part(CURLUPART_SCHEME)
        guard scheme == "https" || scheme == "http" else {
            throw .invalidURL(reason: "its scheme is neither https nor http")
        }
        let host = try part(CURLUPART_HOST).lowercased()
        origin = "\(scheme)://\(host):\(try part(CURLUPART_PORT, flags: CURLU_DEFAULT_PORT))"
        url = try part(CURLUPART_URL)
        isEncrypted = scheme == "https"
        isLoopback = Self.isLoopback(host: host)
    }

    /// Takes hosts in libcurl's normal form, in which every notation of an IPv4 address has become four decimals.
    private static func isLoopback(host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
