extension HTTPClient {
    /// Connects to a host, through the proxy if the client has one, and hands over the socket.
    ///
    /// For protocols of their own that shall go through the same proxies as HTTP does. With a proxy the name is resolved
    /// there and never here: an HTTP proxy is asked with `CONNECT`, a SOCKS proxy with a domain name. Nothing is encrypted by
    /// this call, and the connection is not pooled.
    ///
    /// libcurl makes the connection (`CURLOPT_CONNECT_ONLY`) and says which socket it is (`CURLINFO_ACTIVESOCKET`). It reads
    /// a proxy's answers byte by byte, so that nothing of the target's is lost to its buffers.
    ///
    /// - Parameters:
    ///   - host: A host name or a numeric address; IPv6 addresses without brackets.
    ///   - port: The target's TCP port.
    ///   - timeout: How long it may take in all: resolving, connecting, the proxy's handshake.
    /// - Returns: The connected socket.
    /// - Throws: ``HTTPError``: ``HTTPError/proxyFailed(proxy:reason:)`` says which side of the proxy failed.
    public func connect(
        toHost host: String,
        port: UInt16,
        timeout: Duration = .seconds(10)
    ) async throws(HTTPError) -> ConnectedSocket {
        let prepared = try PreparedRequest(
            connectingTo: host,
            port: port,
            timeout: timeout,
            configuration: configuration
        )
        let transfer = Transfer(request: prepared, delivery: .socket, driver: driver)
        defer { withExtendedLifetime(self) {} }
        driver.start(transfer)
        return try await transfer.socket()
    }
}
