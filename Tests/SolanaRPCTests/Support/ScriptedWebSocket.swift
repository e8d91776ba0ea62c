import Foundation
import Solana
import Synchronization
import VirtualTime

@testable import SolanaRPC

/// The other side of WebSocket connections, in the test's own words.
struct ScriptedWebSocket: WebSocketTransport {
    /// One connection as the server sees it.
    struct Peer: Sendable {
        let number: Int
        let address: String
        let inbound: AsyncStream<WebSocketMessage>
        let outbox: AsyncThrowingStream<WebSocketMessage, any Error>.Continuation

        func send(_ text: String) {
            outbox.yield(.text(Array(text.utf8)))
        }

        /// The JSON-RPC requests that come in; pings are answered with pongs.
        func requests(answersPings: Bool = true) -> some AsyncSequence<SeenRequest, Never> {
            inbound.compactMap { [outbox] message in
                if case .ping(let payload) = message, answersPings { outbox.yield(.pong(payload)) }
                guard case .text(let text) = message else { return nil }
                return try? JSONDecoder().decode(SeenRequest.self, from: Data(text))
            }
        }

        func accept(_ request: SeenRequest, as subscription: UInt64) {
            send(#"{"jsonrpc":"2.0","result":\#(subscription),"id":\#(request.id)}"#)
        }
    }

    /// Serves one connection; it ends when this returns or throws.
    let serve: @Sendable (Peer) async throws -> Void
    private let count = Shared(Mutex(0))

    init(serve: @escaping @Sendable (Peer) async throws -> Void) {
        self.serve = serve
    }

    var connections: Int { count.value.withLock { $0 } }

    func withConnection(
        to address: EndpointAddress,
        configuration: PubSubConfiguration,
        body: @escaping @Sendable (WebSocketConnection) async throws -> Void
    ) async throws {
        let number = count.value.withLock { count in
            count += 1
            return count
        }
        let (toServer, clientOutbox) = AsyncStream.makeStream(of: WebSocketMessage.self)
        let (toClient, serverOutbox) = AsyncThrowingStream.makeStream(of: WebSocketMessage.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                do {
                    try await serve(
                        Peer(number: number, address: address.description, inbound: toServer, outbox: serverOutbox)
                    )
                    serverOutbox.finish()
                } catch {
                    serverOutbox.finish(throwing: error)
                }
                // The client notices by the end of its stream; until then there is nothing to do.
                for await _ in AsyncStream<Never>.makeStream().stream {}
            }
            group.addTask {
                try await body(WebSocketConnection(inbound: toClient) { clientOutbox.yield($0) })
            }
            try await group.next()
        }
    }
}

extension PubSubClient {
    /// A client of a scripted node in a machine with virtual time.
    convenience init(
        _ transport: ScriptedWebSocket,
        machine: VirtualTime,
        fallbacks: [Cluster] = [],
        configuration: PubSubConfiguration = PubSubConfiguration(slotSilence: nil)
    ) {
        self.init(
            cluster: .localnet,
            fallbacks: fallbacks,
            commitment: .confirmed,
            configuration: configuration,
            environment: machine.environment,
            logger: nil,
            transport: transport
        )
    }
}
