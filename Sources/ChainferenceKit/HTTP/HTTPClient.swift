/// An HTTP client over libcurl: HTTP/2 and HTTP/1.1, pooled connections, one thread.
///
/// All transfers of a client run on one thread of its own, which sleeps in `curl_multi_poll`; callers are suspended, never
/// blocked. What it does not do is deliberate:
///
/// * certificates are always verified, and nothing older than TLS 1.2 is spoken;
/// * redirects are not followed, cookies and credentials not stored, `.netrc` not read;
/// * the variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` are not looked at: a proxy is used if and only if
///   ``Configuration/proxy`` names one, and then for everything;
/// * nothing is sent again, except by libcurl when a pooled connection turns out to have been closed before a single byte
///   of a response came.
///
/// Cancelling the task that waits for a request removes the transfer at once. Requests that are under way when the client
/// is shut down, or when the last reference goes, end in ``HTTPError/clientShutDown``; a ``HTTPResponseStream`` keeps its
/// client.
public final class HTTPClient: Sendable {
    /// What holds for all requests of a client.
    public struct Configuration: Sendable {
        /// The proxy that everything goes through, or nil for direct connections whatever the environment says.
        public var proxy: HTTPProxy?
        /// Whether `http` is allowed to hosts other than this machine.
        ///
        /// Without it, `http` works for `localhost`, `127.0.0.0/8` and `::1` only, and not at all through a proxy.
        public var allowsPlaintext: Bool
        /// A PEM file of certificate authorities to trust instead of the system's, or nil.
        public var certificateAuthorities: String?
        /// What is sent as `User-Agent` when a request has none; nil sends none.
        public var userAgent: String?
        /// The most connections to one host and port at a time, or nil for no limit.
        ///
        /// Requests beyond it wait, and that wait counts as connecting. A stream holds an HTTP/1.1 connection until it ends.
        public var maximumConnectionsPerHost: Int?
        /// The most idle connections that are kept for later requests.
        public var maximumIdleConnections: Int
        /// How many bytes of a streamed body may wait for the reader before the server is held back.
        public var streamWindow: Int

        /// Makes a configuration.
        ///
        /// - Parameters:
        ///   - proxy: The proxy that everything goes through.
        ///   - allowsPlaintext: Whether `http` is allowed to hosts other than this machine.
        ///   - certificateAuthorities: A PEM file to trust instead of the system's authorities.
        ///   - userAgent: What is sent as `User-Agent`; nil sends none.
        ///   - maximumConnectionsPerHost: The most connections to one host and port at a time.
        ///   - maximumIdleConnections: The most idle connections that are kept.
        ///   - streamWindow: How many bytes of a streamed body may wait for the reader.
        public init(
            proxy: HTTPProxy? = nil,
            allowsPlaintext: Bool = false,
            certificateAuthorities: String? = nil,
            userAgent: String? = "ChainferenceKit",
            maximumConnectionsPerHost: Int? = nil,
            maximumIdleConnections: Int = 64,
            streamWindow: Int = 256 << 10
        ) {
            self.proxy = proxy
            self.allowsPlaintext = allowsPlaintext
            self.certificateAuthorities = certificateAuthorities
            self.userAgent = userAgent
            self.maximumConnectionsPerHost = maximumConnectionsPerHost
            self.maximumIdleConnections = maximumIdleConnections
            self.streamWindow = streamWindow
        }
    }

    /// A client for the whole process with the default configuration; its thread starts on first use and never ends.
    public static let shared = HTTPClient()

    let driver: CurlDriver

    /// What holds for all requests of this client.
    public let configuration: Configuration

    /// Starts a client; its thread begins with the first request.
    public init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
        driver = CurlDriver(configuration: configuration)
    }

    deinit {
        driver.stop()
    }

    /// Sends a request and waits for the whole response, whatever its status.
    ///
    /// The server is offered compression; the limit of the request counts decompressed bytes.
    ///
    /// - Throws: ``HTTPError``; ``HTTPError/cancelled`` when the task is cancelled.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let transfer = try start(request, delivery: .whole)
        defer { withExtendedLifetime(self) {} }
        let head = try await transfer.head()
        return HTTPResponse(head: head, body: try await transfer.nextChunk() ?? [])
    }

    /// Sends a request and returns as soon as the response's headers are there, whatever their status.
    ///
    /// No compression is offered, so that what a server streams arrives as it is written.
    ///
    /// - Throws: ``HTTPError``; ``HTTPError/cancelled`` when the task is cancelled.
    public func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponseStream {
        let transfer = try start(request, delivery: .streamed(window: configuration.streamWindow))
        let lease = TransferLease(transfer: transfer, client: self)
        return HTTPResponseStream(head: try await transfer.head(), body: HTTPResponseBody(lease: lease))
    }

    /// Sends a request, hands the response to `body` as it arrives, and ends the transfer when `body` returns or throws.
    ///
    /// - Returns: What `body` returns.
    /// - Throws: ``HTTPError`` or what `body` throws.
    public func withStream<Result>(
        _ request: HTTPRequest,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (HTTPResponseStream) async throws -> sending Result
    ) async throws -> sending Result {
        let response = try await stream(request)
        defer { response.body.cancel() }
        return try await body(response)
    }

    /// Ends all requests with ``HTTPError/clientShutDown``, closes all connections and waits for the thread to end.
    ///
    /// Later requests end in the same error. Calling it again is harmless.
    public func shutDown() async {
        await driver.shutDown()
    }

    private func start(_ request: HTTPRequest, delivery: Transfer.Delivery) throws(HTTPError) -> Transfer {
        let prepared = try PreparedRequest(request, configuration: configuration)
        let transfer = Transfer(request: prepared, delivery: delivery, driver: driver)
        driver.start(transfer)
        return transfer
    }
}
