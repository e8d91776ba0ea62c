/// A response whose body arrives while it is read.
///
/// The transfer belongs to ``body``: when the last copy of it and of its iterators is gone, or the reading task is
/// cancelled, the transfer is removed and, under HTTP/1.1, its connection closed. Nothing is read to the end behind the
/// caller's back.
public struct HTTPResponseStream: Sendable {
    /// Status, protocol version and headers.
    public let head: HTTPResponseHead
    /// The body, to be read once.
    public let body: HTTPResponseBody

    /// The status code, such as 200.
    public var status: Int { head.status }
    /// The header fields.
    public var headers: HTTPHeaders { head.headers }
}

/// A response body: chunks of bytes as they come, never empty, with boundaries that mean nothing.
///
/// The reader sets the pace: at most ``HTTPClient/Configuration/streamWindow`` bytes wait in memory, then the socket is
/// no longer read and TCP (or HTTP/2) holds the server back. A body that ends before it is complete throws
/// ``HTTPError/bodyTruncated(received:)`` after its last chunk. It can be read once, by one task at a time.
public struct HTTPResponseBody: AsyncSequence, Sendable {
    /// A chunk.
    public typealias Element = [UInt8]
    /// What reading throws.
    public typealias Failure = HTTPError

    let lease: TransferLease

    /// Starts reading, or goes on where another iterator stopped.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(lease: lease)
    }

    /// Changes the longest silence allowed from now on; nil allows any.
    public func setIdleTimeout(_ timeout: Duration?) {
        lease.transfer.setIdleTimeout(timeout)
    }

    /// Ends the transfer; a waiting or later read throws ``HTTPError/cancelled``.
    public func cancel() {
        lease.transfer.cancel()
    }

    /// Reads the rest into one array.
    ///
    /// - Parameter limit: The most bytes to take.
    /// - Returns: The bytes that had not been read yet.
    /// - Throws: ``HTTPError``; ``HTTPError/bodyTooLarge(limit:)`` when there are more.
    public func collect(upTo limit: Int) async throws(HTTPError) -> [UInt8] {
        var all: [UInt8] = []
        var chunks = makeAsyncIterator()
        while let chunk = try await chunks.next(isolation: nil) {
            guard all.count + chunk.count <= limit else {
                cancel()
                throw .bodyTooLarge(limit: limit)
            }
            all += chunk
        }
        return all
    }

    /// Reads a body chunk by chunk.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let lease: TransferLease

        /// The next chunk, or nil at the body's proper end.
        ///
        /// - Throws: ``HTTPError``; ``HTTPError/cancelled`` when the task is cancelled.
        public mutating func next() async throws(HTTPError) -> [UInt8]? {
            try await lease.transfer.nextChunk()
        }

        /// The next chunk, or nil at the body's proper end.
        ///
        /// - Throws: ``HTTPError``; ``HTTPError/cancelled`` when the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(HTTPError) -> [UInt8]? {
            try await lease.transfer.nextChunk()
        }
    }
}

/// Keeps a transfer running for as long as somebody may read it.
final class TransferLease: Sendable {
    let transfer: Transfer
    // A client that nobody else holds must not stop while its stream is read.
    private let client: HTTPClient

    init(transfer: Transfer, client: HTTPClient) {
        self.transfer = transfer
        self.client = client
    }

    deinit {
        transfer.cancel()
    }
}
