import NIOCore
package import SodiumCrypto
import Synchronization

/// The thin shell around ``RelayControl``: moves bytes between it and a connection.
package final class RelayLink: Sendable {
    package let stream: any ByteStream
    private let control: Mutex<RelayControl>

    package init(_ control: consuming sending RelayControl, over stream: any ByteStream) {
        self.stream = stream
        self.control = Mutex(control)
    }

    /// Who speaks with the relay, once that is known.
    package var kind: RelayControl.Kind? { control.withLock { $0.kind } }

    /// Waits for the next event; one task at a time.
    ///
    /// - Returns: `nil` when the other side has closed the connection.
    /// - Throws: ``RelayFault``; why the connection broke.
    package func next() async throws -> RelayControl.Event? {
        while true {
            let (event, output) = try control.withLock { control in
                // What a handshake has to answer goes out together with what it has led to.
                let event = try control.nextEvent()
                return (event, control.takeOutput())
            }
            if !output.isEmpty { try await stream.send(ByteBuffer(bytes: output)) }
            if let event { return event }
            guard let bytes = try await stream.receive() else { return nil }
            bytes.withUnsafeReadableBytes { bytes in control.withLock { $0.append(bytes) } }
        }
    }

    /// Sends a message; one task at a time, and after the handshake.
    package func send(_ message: RelayMessage) async throws {
        let output = try control.withLock { control in
            try control.send(message)
            return control.takeOutput()
        }
        try await stream.send(ByteBuffer(bytes: output))
    }

    /// The connection from here on, beginning with what has been read already.
    package func circuit() -> any ByteStream {
        PrefixedStream(control.withLock { $0.takeRest() }, before: stream)
    }

    /// Sends what the handshake begins with, and waits until it is done.
    ///
    /// - Returns: The key that the other side has proved, if it proves one.
    /// - Throws: ``PeerError/handshakeClosed`` when the other side closes, which is all that a relay says to strangers.
    package func establish() async throws -> X25519.PublicKey? {
        let opening = control.withLock { $0.takeOutput() }
        if !opening.isEmpty { try await stream.send(ByteBuffer(bytes: opening)) }
        guard case .established(let key) = try await next() else { throw PeerError.handshakeClosed }
        return key
    }

    /// Waits for a message.
    package func message() async throws -> RelayMessage? {
        switch try await next() {
        case .message(let message): message
        case .established: throw RelayFault.unexpected
        case nil: nil
        }
    }
}
