package import CurlHTTP
import NIOCore
import NIOPosix
import Synchronization

/// Opens connections to hosts and peers, within a dial policy and through a proxy if there is one.
package struct Dialer: Sendable {
    let policy: DialPolicy
    let proxy: HTTPProxy?
    let timeout: Duration
    let clock: SessionClock
    /// Finds the numeric addresses of a host; tests give their own.
    var resolve: @Sendable (PeerHost) async throws -> [PeerHost] = Resolver.addresses

    package init(policy: DialPolicy, proxy: HTTPProxy? = nil, timeout: Duration, clock: SessionClock) {
        self.policy = policy
        self.proxy = proxy
        self.timeout = timeout
        self.clock = clock
    }

    /// Connects to a server, through the relay that its address names if it names one.
    ///
    /// - Throws: ``PeerError/relayRefused(_:)``, ``PeerError/handshakeFailed(_:)`` for another relay than the address's, and
    ///   what ``connect(to:)-(PeerAddress.Endpoint)`` throws.
    func connect(to address: PeerAddress) async throws -> any ByteStream {
        guard let relay = address.relay else { return try await connect(to: address.endpoint) }
        let end = clock.now() + timeout
        let stream = try await connect(to: relay.endpoint)
        do {
            return try await withDeadline(end - clock.now(), .connect, clock: clock) {
                try await RelayCircuit.request(address.serverKey, over: stream, relay: relay)
            }
        } catch {
            await stream.close()
            throw error
        }
    }

    /// Connects to the first address of the endpoint that may be dialled and answers.
    ///
    /// A name is resolved once, and what was checked is what is dialled. Behind a proxy a name is the proxy's to resolve;
    /// then the policy judges numeric addresses, and names that are special wherever they are looked up.
    ///
    /// - Throws: ``PeerError/refusedTarget(_:)``, ``PeerError/unreachable(target:reason:)``,
    ///   ``PeerError/proxyFailed(proxy:reason:)`` or ``PeerError/deadlineExceeded(_:)``.
    package func connect(to endpoint: PeerAddress.Endpoint) async throws -> any ByteStream {
        if let proxy { return try await connect(to: endpoint, through: proxy) }
        let end = clock.now() + timeout
        let targets = try await targets(of: endpoint)
        var failure = PeerError.unreachable(target: "\(endpoint)", reason: "no address")
        for target in targets {
            let left = end - clock.now()
            guard left > .zero else { throw PeerError.deadlineExceeded(.connect) }
            try Task.checkCancellation()
            do {
                return try await open(target, timeout: left)
            } catch {
                try Task.checkCancellation()
                failure = .unreachable(target: "\(endpoint)", reason: "\(error)")
            }
        }
        throw failure
    }

    /// The addresses that may be dialled, at most four.
    func targets(of endpoint: PeerAddress.Endpoint) async throws -> [SocketAddress] {
        let resolve = resolve
        let hosts = try await withDeadline(timeout, .connect, clock: clock) { try await resolve(endpoint.host) }
        let targets = try hosts.filter { policy.allows($0) }.map {
            try SocketAddress(ipAddress: "\($0)", port: Int(endpoint.port))
        }
        guard !targets.isEmpty else { throw PeerError.refusedTarget("\(endpoint)") }
        return Array(targets.prefix(4))
    }

    private func open(_ target: SocketAddress, timeout: Duration) async throws -> TCPStream {
        let pending = PendingConnection()
        return try await withTaskCancellationHandler {
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.nanoseconds(max(1, timeout.wholeMilliseconds) * 1_000_000))
                .connect(to: target) { channel in
                    pending.begin(channel)
                    return channel.eventLoop.makeCompletedFuture { try TCPStream(wrapping: channel) }
                }
        } onCancel: {
            pending.cancel()
        }
    }

    private func connect(to endpoint: PeerAddress.Endpoint, through proxy: HTTPProxy) async throws -> TCPStream {
        switch endpoint.host {
        case .dns(let name):
            guard policy.allowsUnresolved(name) else { throw PeerError.refusedTarget("\(endpoint)") }
        case .ip4, .ip6: guard policy.allows(endpoint.host) else { throw PeerError.refusedTarget("\(endpoint)") }
        }
        // libcurl speaks with the proxy and hands over the socket; from there on it is a connection like any other.
        let http = HTTPClient(configuration: .init(proxy: proxy))
        let socket: ConnectedSocket
        do throws(HTTPError) {
            socket = try await http.connect(toHost: "\(endpoint.host)", port: endpoint.port, timeout: timeout)
            await http.shutDown()
        } catch {
            await http.shutDown()
            throw Self.error(for: error, endpoint: endpoint)
        }
        guard let descriptor = socket.takeDescriptor() else {
            throw PeerError.connectionLost(reason: "the socket is gone")
        }
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .withConnectedSocket(descriptor) { channel in
                channel.eventLoop.makeCompletedFuture { try TCPStream(wrapping: channel) }
            }
    }

    private static func error(for error: HTTPError, endpoint: PeerAddress.Endpoint) -> any Error {
        switch error {
        case .cancelled: CancellationError()
        case .timedOut: PeerError.deadlineExceeded(.connect)
        case .proxyFailed(let proxy, let reason): PeerError.proxyFailed(proxy: proxy, reason: reason)
        default: PeerError.unreachable(target: "\(endpoint)", reason: "\(error)")
        }
    }
}

/// A connection that is being made, and may be given up meanwhile: NIO itself does not heed a task's cancellation.
private final class PendingConnection: Sendable {
    private struct State: Sendable {
        var channel: (any Channel)?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func begin(_ channel: any Channel) {
        let isCancelled = state.withLock { state in
            state.channel = channel
            return state.isCancelled
        }
        if isCancelled { channel.close(promise: nil) }
    }

    func cancel() {
        let channel = state.withLock { state in
            state.isCancelled = true
            return state.channel
        }
        channel?.close(promise: nil)
    }
}
