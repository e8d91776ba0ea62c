import JSON
import NIOCore

/// One WebSocket of a client: a bounded queue of what is to be sent.
final class PubSubConnection: Sendable {
    /// What is to be sent.
    enum Message: Sendable {
        case response(JSONValue)
        case notification(PubSubNotification)
        case pong(ByteBuffer)
    }

    /// How many messages may wait for a client that reads too slowly before it is cut off.
    static let queueLimit = 16_384

    /// The messages, to be read once.
    let messages: AsyncStream<Message>

    private let continuation: AsyncStream<Message>.Continuation
    private let channel: any Channel

    init(channel: any Channel) {
        self.channel = channel
        (messages, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.queueLimit))
    }

    /// Queues a message, or ends the connection if the queue is full.
    func send(_ message: Message) {
        if case .dropped = continuation.yield(message) { continuation.finish() }
    }

    /// Ends the connection after what is queued.
    func finish() { continuation.finish() }

    /// Cuts the connection off without a word.
    func drop() { channel.close(promise: nil) }
}
