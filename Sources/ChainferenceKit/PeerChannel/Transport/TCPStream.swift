package import NIOCore

/// A TCP connection on NIO's event loops.
///
/// No more than twice ``inboxLimit`` bytes wait to be received, and no more are read ahead: then the socket is left alone and
/// TCP holds the sender back.
package final class TCPStream: ByteStream {
    /// From how many waiting bytes on the socket is no longer read; also how many are read at a time.
    package static let inboxLimit = 16_384

    package let remoteHost: PeerHost?
    private let channel: any Channel
    private let inbox = Inbox()

    /// Wraps a channel; to be called on its event loop, before anything is read.
    ///
    /// - Parameters:
    ///   - channel: The connected channel.
    ///   - halfCloses: Whether the connection stays open for sending when the other side has finished.
    ///   - kernelBuffer: How many bytes the system may keep for each direction; `nil` for its own choice.
    /// - Throws: What the channel says to its options.
    package init(wrapping channel: any Channel, halfCloses: Bool = false, kernelBuffer: Int? = nil) throws {
        self.channel = channel
        remoteHost = PeerHost(channel.remoteAddress)
        if let options = channel.syncOptions {
            try options.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.inboxLimit))
            try options.setOption(.maxMessagesPerRead, value: 1)
            try options.setOption(.allowRemoteHalfClosure, value: halfCloses)
            // A local socket in a test knows neither option.
            try? options.setOption(.tcpOption(.tcp_nodelay), value: 1)
            try? options.setOption(.socketOption(.so_keepalive), value: 1)
            if let kernelBuffer {
                try? options.setOption(
                    .socketOption(.so_rcvbuf),
                    value: ChannelOptions.Types.SocketOption.Value(kernelBuffer)
                )
                try? options.setOption(
                    .socketOption(.so_sndbuf),
                    value: ChannelOptions.Types.SocketOption.Value(kernelBuffer)
                )
            }
        }
        try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox))
    }

    package func receive() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                if inbox.take(for: reader) { channel.eventLoop.execute { [channel] in channel.read() } }
            }
        } onCancel: {
            inbox.cancelReader()
        }
    }

    package func send(_ bytes: ByteBuffer) async throws {
        try await withTaskCancellationHandler {
            try await channel.writeAndFlush(bytes).get()
        } onCancel: {
            abort()
        }
    }

    package func finishSending() async throws { try await channel.close(mode: .output).get() }

    package func close() async {
        abort()
        try? await channel.closeFuture.get()
    }

    package func abort() { channel.close(promise: nil) }
}

/// Hands what a channel reads to the inbox, and reads no more while the inbox is full.
private final class InboxHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let inbox: Inbox

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { inbox.put(unwrapInboundIn(data)) }

    func read(context: ChannelHandlerContext) {
        if inbox.mayRead() { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { inbox.end(nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        inbox.end(nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inbox.end(error)
        context.close(promise: nil)
    }
}

extension PeerHost {
    /// The host of a socket address, if it is an IP address.
    init?(_ address: SocketAddress?) {
        guard let text = address?.ipAddress else { return nil }
        // The system writes mapped addresses with dots at the end.
        let mapped = "::ffff:"
        if text.hasPrefix(mapped), let address = IPv4Address(canonical: String(text.dropFirst(mapped.count))) {
            self = .ip4(address)
        } else {
            self.init(text)
        }
    }
}
