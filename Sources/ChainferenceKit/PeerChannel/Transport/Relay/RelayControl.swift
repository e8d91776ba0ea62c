import Noise
package import SodiumCrypto

/// One end of a conversation with a relay as a pure state machine: a Noise handshake, then messages of one size.
///
/// Bytes go in with ``append(_:)``, events come out of ``nextEvent()``, what has to be written lies in ``takeOutput()``. Once a
/// circuit is open the machine has done its part: ``takeRest()`` gives the bytes that belong to the circuit.
package struct RelayControl: ~Copyable, Sendable {
    /// Who speaks with the relay: the first byte on the wire, which the handshake authenticates.
    package enum Kind: UInt8, Hashable, Sendable {
        /// Somebody without a name (Noise NK): a client, or a server that takes up a circuit.
        case anonymous = 1
        /// A server that proves its key (Noise XK).
        case server = 2

        var pattern: NoisePattern {
            switch self {
            case .anonymous: NoisePattern(named: "NK")!
            case .server: .xk
            }
        }

        /// The sizes of the handshake's messages.
        var messageSizes: [Int] {
            switch self {
            case .anonymous: [48, 48]
            case .server: [48, 48, 64]
            }
        }

        var prologue: [UInt8] { Array("chainference/relay/1".utf8) + [0, rawValue] }
    }

    /// What has happened.
    package enum Event: Hashable, Sendable {
        /// The handshake is done; the other side has proved this key, if it proves one.
        case established(X25519.PublicKey?)
        /// A message has come.
        case message(RelayMessage)
    }

    private static let frameSize = RelayMessage.byteCount + RecordLayout.tagSize

    /// Which kind of conversation it is, once that is known.
    package private(set) var kind: Kind?
    private let role: NoiseHandshake.Role
    private let identity: X25519.PrivateKey?
    private var handshake: NoiseHandshake?
    private var handshakeMessages = 0
    private var transport: NoiseTransport?
    private var buffer: [UInt8] = []
    private var output: [UInt8] = []

    /// Begins a conversation with the relay that has `relayKey`.
    ///
    /// - Parameters:
    ///   - relayKey: The relay's key.
    ///   - identity: The server's key, to prove it; `nil` to stay anonymous.
    /// - Throws: ``RelayFault/handshake(_:)``.
    package init(speakingTo relayKey: X25519.PublicKey, as identity: X25519.PrivateKey?) throws(RelayFault) {
        let kind: Kind = identity == nil ? .anonymous : .server
        self.kind = kind
        self.identity = identity
        role = .initiator
        output = [kind.rawValue]
        do throws(NoiseError) {
            handshake = try NoiseHandshake(
                pattern: kind.pattern,
                role: .initiator,
                prologue: kind.prologue,
                localStatic: identity,
                remoteStatic: relayKey
            )
        } catch {
            throw .handshake(error)
        }
        _ = try turn()
    }

    /// Waits for a conversation as the relay that has `identity`.
    package init(answeringAs identity: X25519.PrivateKey) {
        self.identity = identity
        role = .responder
    }

    /// Whether the handshake is done.
    package var isEstablished: Bool { transport != nil }

    /// Takes what has arrived.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) { buffer.append(contentsOf: bytes) }

    /// Takes what has to be written.
    package mutating func takeOutput() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &output)
        return taken
    }

    /// Takes the bytes that came after the last event.
    package mutating func takeRest() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &buffer)
        return taken
    }

    /// Seals a message into the output.
    ///
    /// - Throws: ``RelayFault/unexpected`` before the handshake is done.
    package mutating func send(_ message: RelayMessage) throws(RelayFault) {
        guard isEstablished else { throw .unexpected }
        let plaintext = message.encoded
        var frame = [UInt8](repeating: 0, count: Self.frameSize)
        let isSealed = frame.withUnsafeMutableBytes { frame in
            plaintext.withUnsafeBytes { plaintext in
                do throws(NoiseError) {
                    _ = try transport!.sending.encrypt(plaintext, into: frame)
                    return true
                } catch {
                    return false
                }
            }
        }
        guard isSealed else { throw .notAuthentic }
        appendFrame(frame)
    }

    /// The next thing that has happened; `nil` until more bytes come.
    ///
    /// - Throws: ``RelayFault``; the conversation is over then, and nothing is to be said about it.
    package mutating func nextEvent() throws(RelayFault) -> Event? {
        if kind == nil {
            guard let first = buffer.first else { return nil }
            guard let kind = Kind(rawValue: first) else { throw .notAuthentic }
            buffer.removeFirst()
            self.kind = kind
            do throws(NoiseError) {
                handshake = try NoiseHandshake(
                    pattern: kind.pattern,
                    role: .responder,
                    prologue: kind.prologue,
                    localStatic: identity
                )
            } catch {
                throw .handshake(error)
            }
        }
        guard isEstablished else { return try turn() }
        guard var frame = try takeFrame(of: Self.frameSize) else { return nil }
        let isAuthentic = frame.withUnsafeMutableBytes { frame in
            do throws(NoiseError) {
                _ = try transport!.receiving.decrypt(UnsafeRawBufferPointer(frame), into: frame)
                return true
            } catch {
                return false
            }
        }
        guard isAuthentic else { throw .notAuthentic }
        return .message(try RelayMessage(decoding: Array(frame.prefix(RelayMessage.byteCount))))
    }

    /// Reads and writes handshake messages as far as the bytes go.
    private mutating func turn() throws(RelayFault) -> Event? {
        guard let kind, var handshake = handshake.take() else { throw .unexpected }
        while !handshake.isComplete {
            if handshake.isMyTurn {
                appendFrame(try Self.message(of: &handshake))
            } else if let frame = try takeFrame(of: kind.messageSizes[handshakeMessages]) {
                try Self.read(frame, with: &handshake)
            } else {
                self.handshake = consume handshake
                return nil
            }
            handshakeMessages += 1
        }
        let key = handshake.remoteStatic
        do throws(NoiseError) {
            transport = try handshake.split()
        } catch {
            throw .handshake(error)
        }
        return .established(key)
    }

    private static func message(of handshake: inout NoiseHandshake) throws(RelayFault) -> [UInt8] {
        var message: [UInt8] = []
        do throws(NoiseError) {
            try handshake.writeMessage(payload: UnsafeRawBufferPointer(start: nil, count: 0), appendingTo: &message)
        } catch {
            throw .handshake(error)
        }
        return message
    }

    private static func read(_ frame: [UInt8], with handshake: inout NoiseHandshake) throws(RelayFault) {
        var payload: [UInt8] = []
        var failure: NoiseError?
        frame.withUnsafeBytes { frame in
            do throws(NoiseError) {
                try handshake.readMessage(frame, appendingTo: &payload)
            } catch {
                failure = error
            }
        }
        if let failure { throw .handshake(failure) }
    }

    private mutating func appendFrame(_ bytes: [UInt8]) {
        output.append(UInt8(truncatingIfNeeded: bytes.count >> 8))
        output.append(UInt8(truncatingIfNeeded: bytes.count))
        output += bytes
    }

    /// Takes a frame of the only length that may come now; another is refused before anything of it is waited for.
    private mutating func takeFrame(of size: Int) throws(RelayFault) -> [UInt8]? {
        guard buffer.count >= RecordLayout.prefixSize else { return nil }
        let length = Int(buffer[0]) << 8 | Int(buffer[1])
        guard length == size else { throw .length(length) }
        let end = RecordLayout.prefixSize + size
        guard buffer.count >= end else { return nil }
        defer { buffer.removeFirst(end) }
        return Array(buffer[RecordLayout.prefixSize..<end])
    }
}
