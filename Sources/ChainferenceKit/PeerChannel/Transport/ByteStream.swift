package import NIOCore

/// A connection as everything above it uses it: bytes in order, both ways, whatever carries them.
package protocol ByteStream: Sendable {
    /// The address at the other end of the carrier; `nil` where there is none, or where it says nothing about the peer.
    var remoteHost: PeerHost? { get }

    /// Waits for bytes; one task at a time.
    ///
    /// While nobody waits the sender is held back after ``TCPStream/inboxLimit`` bytes or so.
    ///
    /// - Returns: What has come, never empty; `nil` when the other side will send no more.
    /// - Throws: Why the connection broke; `CancellationError` when the task is cancelled, which leaves the stream usable.
    func receive() async throws -> ByteBuffer?

    /// Sends bytes and returns when the system has taken all of them; one task at a time.
    ///
    /// Cancelling closes the connection, because half a record is of no use to anybody.
    func send(_ bytes: ByteBuffer) async throws

    /// Tells the other side that nothing more will come; it may go on sending.
    func finishSending() async throws

    /// Closes the connection and waits until it is closed.
    func close() async

    /// Closes the connection without waiting.
    func abort()
}

extension ByteStream {
    /// What arrives, as a sequence to be read once.
    package var inbound: InboundBytes { InboundBytes(stream: self) }

    /// Lends the stream to `body` and closes it afterwards.
    package func closing<Result>(
        isolation: isolated (any Actor)? = #isolation,
        after body: () async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await body()
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }
}

/// What arrives over a stream.
package struct InboundBytes: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    let stream: any ByteStream

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: stream) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let stream: any ByteStream

        package mutating func next() async throws -> ByteBuffer? { try await stream.receive() }
    }
}
