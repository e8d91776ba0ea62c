import Synchronization

/// A connection's place among those that have not been admitted; given back once.
final class GatePlace: Sendable {
    private let server: PeerServer
    private let source: HandshakeGate.Source?
    private let isTaken = Mutex(true)

    init(_ server: PeerServer, source: HandshakeGate.Source?) {
        self.server = server
        self.source = source
    }

    func leave() {
        let wasTaken = isTaken.withLock { isTaken in
            defer { isTaken = false }
            return isTaken
        }
        if wasTaken { server.state.withLock { $0.gate.leave(source) } }
    }
}
