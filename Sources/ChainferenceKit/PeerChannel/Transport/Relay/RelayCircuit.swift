import NIOCore
package import SodiumCrypto

/// Opens circuits: connections through a relay that it can't read.
package enum RelayCircuit {
    /// Asks a relay for a way to a server, without saying who asks.
    ///
    /// - Parameters:
    ///   - serverKey: The server's key; the relay learns its hash.
    ///   - stream: A fresh connection to the relay; closing it is up to the caller.
    ///   - relay: The relay.
    /// - Returns: The circuit, at whose other end the server awaits the peer handshake.
    /// - Throws: ``PeerError/relayRefused(_:)``; ``PeerError/handshakeFailed(_:)`` when it is another relay;
    ///   ``PeerError/handshakeClosed``; ``PeerError/connectionLost(reason:)``.
    package static func request(
        _ serverKey: X25519.PublicKey,
        over stream: any ByteStream,
        relay: RelayAddress
    ) async throws -> any ByteStream {
        try await open(.connect(RelayDestination(of: serverKey)), over: stream, relay: relay)
    }

    /// Takes up a client that a relay has announced; the same on the server's side.
    package static func accept(
        _ token: RelayToken,
        over stream: any ByteStream,
        relay: RelayAddress
    ) async throws -> any ByteStream {
        try await open(.accept(token), over: stream, relay: relay)
    }

    private static func open(
        _ message: RelayMessage,
        over stream: any ByteStream,
        relay: RelayAddress
    ) async throws -> any ByteStream {
        do {
            let link = RelayLink(try RelayControl(speakingTo: relay.key, as: nil), over: stream)
            _ = try await link.establish()
            try await link.send(message)
            switch try await link.message() {
            case .open: return link.circuit()
            case .refused(let refusal): throw PeerError.relayRefused(refusal)
            case nil: throw PeerError.connectionLost(reason: "the relay closed the connection")
            default: throw RelayFault.unexpected
            }
        } catch let fault as RelayFault {
            throw PeerError(fault)
        }
    }
}

extension PeerError {
    /// What a relay's fault means to those who rely on it.
    init(_ fault: RelayFault) {
        switch fault {
        case .handshake(let error): self = .handshakeFailed(error)
        case .length(let length): self = .protocolViolation(.recordLength(length))
        case .notAuthentic: self = .protocolViolation(.recordNotAuthentic)
        case .malformed(let type):
            self = .protocolViolation(.malformedRecord(type: type ?? 0, reason: "not a message of a relay"))
        case .unexpected: self = .protocolViolation(.unexpectedRecord(type: 0, reason: "not at this point"))
        }
    }
}
