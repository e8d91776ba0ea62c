import CurlHTTP
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOSOCKS

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A way through a proxy: names are resolved there and nowhere else, and without the proxy there is no connection.
struct ProxyTunnel: Sendable {
    let proxy: HTTPProxy
    private let host: String
    private let port: Int
    private let timeout: TimeAmount

    /// - Throws: `WebSocketError.proxy` for what can't go through that proxy.
    init(proxy: HTTPProxy, target: EndpointAddress, configuration: PubSubConfiguration) throws(WebSocketError) {
        guard target.isSecure || configuration.allowsPlaintextThroughProxy else {
            throw .proxy("\(target) is not encrypted, and the proxy could read and change everything; use wss")
        }
        if proxy.kind == .socks5, proxy.credentials != nil {
            throw .proxy("subscriptions can't log in to a SOCKS proxy yet; use one without credentials, or poll")
        }
        self.proxy = proxy
        host = target.host
        port = target.port
        timeout = TimeAmount(configuration.connectTimeout)
    }

    /// Where the proxy listens.
    var entrance: (host: String, port: Int) { (proxy.host, Int(proxy.port)) }

    /// Opens the tunnel on a connection to the proxy; bytes go through it once the future succeeds.
    func open(on channel: any Channel) throws -> EventLoopFuture<Void> {
        switch proxy.kind {
        case .socks5: try openSOCKS(on: channel)
        case .httpConnect: try openCONNECT(on: channel)
        }
    }

    /// The SOCKS handler holds back what is written until the tunnel stands.
    private func openSOCKS(on channel: any Channel) throws -> EventLoopFuture<Void> {
        let target: SOCKSAddress =
            if let address = try? SocketAddress(ipAddress: host, port: port) {
                .address(address)
            } else {
                .domain(host, port: port)
            }
        try channel.pipeline.syncOperations.addHandler(SOCKSClientHandler(targetAddress: target))
        return channel.eventLoop.makeSucceededVoidFuture()
    }

    private func openCONNECT(on channel: any Channel) throws -> EventLoopFuture<Void> {
        let authority = host.contains(":") ? "[\(host)]" : host
        var headers = NIOHTTP1.HTTPHeaders()
        headers.add(name: "Host", value: "\(authority):\(port)")
        if let credentials = proxy.credentials {
            let pair = Data("\(credentials.user):\(credentials.password)".utf8).base64EncodedString()
            headers.add(name: "Proxy-Authorization", value: "Basic \(pair)")
        }
        let established = channel.eventLoop.makePromise(of: Void.self)
        let encoder = HTTPRequestEncoder()
        let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
        let connect = NIOHTTP1ProxyConnectHandler(
            targetHost: authority,
            targetPort: port,
            headers: headers,
            deadline: .now() + timeout,
            promise: established
        )
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([encoder, decoder, connect])
        let handlers = NIOLoopBound((encoder, decoder), eventLoop: channel.eventLoop)
        return established.futureResult.flatMap {
            // Removed at once, although the decoder is at work: the rest of its input, if any, goes down the tunnel.
            let (encoder, decoder) = handlers.value
            return pipelineRemoving([encoder, decoder], from: channel)
        }
    }
}

private func pipelineRemoving(
    _ handlers: [any RemovableChannelHandler],
    from channel: any Channel
) -> EventLoopFuture<Void> {
    let pipeline = channel.pipeline.syncOperations
    return EventLoopFuture.andAllSucceed(handlers.map { pipeline.removeHandler($0) }, on: channel.eventLoop)
}
