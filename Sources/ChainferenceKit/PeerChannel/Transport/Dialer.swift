import NIOCore
import NIOPosix

/// Opens TCP connections to peer addresses, within a dial policy.
struct Dialer: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let policy: DialPolicy
    let timeout: Duration
    let clock: SessionClock
    /// Finds the numeric addresses of a host; tests give their own.
    var resolve: @Sendable (PeerHost) async throws -> [PeerHost] = Resolver.addresses

    /// Connects to the first address of the endpoint that may be dialled and answers.
    ///
    /// A name is resolved once, and what was checked is what is dialled.
    ///
    /// - Throws: ``PeerError/refusedTarget(_:)``, ``PeerError/unreachable(target:reason:)`` or
    ///   ``PeerError/deadlineExceeded(_:)``.
    func connect(to address: PeerAddress) async throws -> Connection {
        if address.relayKey != nil { throw PeerError.notSupportedYet("A server behind a relay") }
        let end = clock.now() + timeout
        let targets = try await targets(of: address.endpoint)
        var failure = PeerError.unreachable(target: "\(address.endpoint)", reason: "no address")
        for target in targets {
            let left = end - clock.now()
            guard left > .zero else { throw PeerError.deadlineExceeded(.connect) }
            try Task.checkCancellation()
            do {
                return try await open(target, timeout: left)
            } catch {
                failure = .unreachable(target: "\(address.endpoint)", reason: "\(error)")
            }
        }
        throw failure
    }

    /// The addresses that may be dialled, at most four.
    func targets(of endpoint: PeerAddress.Endpoint) async throws -> [SocketAddress] {
        let resolve = resolve
        let hosts = try await withDeadline(timeout, .connect, clock: clock) { try await resolve(endpoint.host) }
        var targets: [SocketAddress] = []
        for host in hosts {
            let isAllowed =
                switch host {
                case .ip4(let address): policy.allows(address)
                case .ip6(let address): policy.allows(address)
                case .dns: false
                }
            if isAllowed { targets.append(try SocketAddress(ipAddress: "\(host)", port: Int(endpoint.port))) }
        }
        guard !targets.isEmpty else { throw PeerError.refusedTarget("\(endpoint)") }
        return Array(targets.prefix(4))
    }

    private func open(_ target: SocketAddress, timeout: Duration) async throws -> Connection {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.nanoseconds(max(1, timeout.wholeMilliseconds) * 1_000_000))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connect(to: target) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection(wrappingChannelSynchronously: channel)
                }
            }
    }
}

extension Channel {
    /// Writes and waits until the system has taken the bytes; cancelling closes the channel, because half a record is of no
    /// use to anybody.
    func send(_ buffer: ByteBuffer) async throws {
        try await withTaskCancellationHandler {
            try await writeAndFlush(buffer).get()
        } onCancel: {
            close(promise: nil)
        }
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
