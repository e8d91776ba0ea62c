public import SodiumCrypto

/// A handshake of the Noise Protocol Framework, revision 34: `Noise_<pattern>_25519_ChaChaPoly_SHA256`.
///
/// Messages are written and read in turn; when ``isComplete``, ``split()`` gives the transport ciphers. A message that
/// fails ends the handshake. Keys and chaining key are wiped when the value goes.
public struct NoiseHandshake: ~Copyable, Sendable {
    /// Which side of the handshake this is.
    public enum Role: Hashable, Sendable {
        /// Sends the first message.
        case initiator
        /// Reads the first message.
        case responder
    }

    /// The largest message.
    public static let maximumMessageSize = 65_535

    /// The name of the protocol as Noise spells it.
    public let protocolName: String
    /// The other side's static key, once it is known.
    public private(set) var remoteStatic: X25519.PublicKey?

    private let role: Role
    private let pattern: NoisePattern
    private var symmetric: NoiseSymmetricState
    private let localStatic: X25519.PrivateKey?
    private var localEphemeral: X25519.PrivateKey?
    private var remoteEphemeral: X25519.PublicKey?
    private var presharedKeys: [SecretBytes]
    private var nextMessage = 0
    private var hasFailed = false

    /// Begins a handshake.
    ///
    /// - Parameters:
    ///   - pattern: The handshake pattern.
    ///   - role: Which side this is.
    ///   - prologue: Bytes that both sides must agree on.
    ///   - localStatic: This side's static key, if the pattern uses one.
    ///   - remoteStatic: The other side's static key, if the pattern demands that it is known.
    ///   - presharedKeys: As many keys of 32 bytes as the pattern has `psk` modifiers, in order; `nil` if they will be
    ///     given with ``add(presharedKey:)`` while the handshake goes on.
    /// - Throws: ``NoiseError/missingKey(_:)``.
    public init(
        pattern: NoisePattern,
        role: Role,
        prologue: [UInt8],
        localStatic: X25519.PrivateKey? = nil,
        remoteStatic: X25519.PublicKey? = nil,
        presharedKeys: [SecretBytes]? = []
    ) throws(NoiseError) {
        try self.init(
            pattern: pattern,
            role: role,
            prologue: prologue,
            localStatic: localStatic,
            remoteStatic: remoteStatic,
            presharedKeys: presharedKeys,
            ephemeral: nil
        )
    }

    /// As the public initialiser, with a fixed ephemeral key: for comparing with published transcripts only.
    package init(
        pattern: NoisePattern,
        role: Role,
        prologue: [UInt8],
        localStatic: X25519.PrivateKey? = nil,
        remoteStatic: X25519.PublicKey? = nil,
        presharedKeys: [SecretBytes]? = [],
        ephemeral: X25519.PrivateKey?
    ) throws(NoiseError) {
        let localIsKnown = role == .initiator ? pattern.initiatorIsKnown : pattern.responderIsKnown
        let remoteIsKnown = role == .initiator ? pattern.responderIsKnown : pattern.initiatorIsKnown
        let sendsStatic = pattern.messages.enumerated().contains { index, tokens in
            tokens.contains(.s) && (index % 2 == 0) == (role == .initiator)
        }
        if localStatic == nil, localIsKnown || sendsStatic { throw .missingKey("local static key") }
        if remoteStatic == nil, remoteIsKnown { throw .missingKey("remote static key") }
        let keysNeeded = pattern.messages.joined().count { $0 == .psk }
        if let presharedKeys {
            guard presharedKeys.count == keysNeeded, presharedKeys.allSatisfy({ $0.count == 32 }) else {
                throw .missingKey("pre-shared key")
            }
        }
        protocolName = "Noise_\(pattern.name)_25519_ChaChaPoly_SHA256"
        symmetric = NoiseSymmetricState(protocolName: protocolName)
        self.pattern = pattern
        self.role = role
        self.localStatic = localStatic
        self.remoteStatic = remoteIsKnown ? remoteStatic : nil
        self.presharedKeys = presharedKeys ?? []
        localEphemeral = ephemeral
        prologue.withUnsafeBytes { symmetric.mixHash($0) }
        if pattern.initiatorIsKnown {
            (role == .initiator ? localStatic!.publicKey : remoteStatic!).withUnsafeBytes { symmetric.mixHash($0) }
        }
        if pattern.responderIsKnown {
            (role == .initiator ? remoteStatic! : localStatic!.publicKey).withUnsafeBytes { symmetric.mixHash($0) }
        }
    }

    /// Gives the next pre-shared key, for a handshake that was begun without: one that both sides agree on while it goes
    /// on, such as one from a key encapsulation in the payloads.
    ///
    /// - Parameter key: 32 bytes; needed before the message is written or read whose pattern has the `psk`.
    /// - Throws: ``NoiseError/missingKey(_:)`` for another length.
    public mutating func add(presharedKey key: SecretBytes) throws(NoiseError) {
        guard key.count == 32 else { throw .missingKey("pre-shared key of 32 bytes") }
        presharedKeys.append(key)
    }

    /// Whether all messages have been exchanged.
    public var isComplete: Bool { nextMessage == pattern.messages.count && !hasFailed }

    /// Whether the next message is this side's to write.
    public var isMyTurn: Bool {
        nextMessage < pattern.messages.count && !hasFailed && (nextMessage % 2 == 0) == (role == .initiator)
    }

    /// Appends the next message, which carries `payload`, to `message`.
    ///
    /// - Throws: ``NoiseError``; the handshake is over then.
    public mutating func writeMessage(
        payload: UnsafeRawBufferPointer,
        appendingTo message: inout [UInt8]
    ) throws(NoiseError) {
        guard !hasFailed else { throw .failedBefore }
        guard isMyTurn else { throw .outOfTurn }
        let start = message.count
        do throws(NoiseError) {
            for token in pattern.messages[nextMessage] {
                switch token {
                case .e: writeEphemeral(appendingTo: &message)
                case .s:
                    guard let localStatic else { throw .missingKey("local static key") }
                    let key = localStatic.publicKey.bytes
                    var failure: NoiseError?
                    key.withUnsafeBytes { key in
                        do throws(NoiseError) {
                            try symmetric.encryptAndHash(key, appendingTo: &message)
                        } catch { failure = error }
                    }
                    if let failure { throw failure }
                case .psk: try mixPresharedKey()
                default: try mixDiffieHellman(token)
                }
            }
            try symmetric.encryptAndHash(payload, appendingTo: &message)
            guard message.count - start <= Self.maximumMessageSize else { throw .messageLength(message.count - start) }
            nextMessage += 1
        } catch {
            message.removeSubrange(start...)
            fail()
            throw error
        }
    }

    /// Reads the other side's next message and appends its payload to `payload`.
    ///
    /// - Throws: ``NoiseError``; the handshake is over then, and `payload` as it was.
    public mutating func readMessage(
        _ message: UnsafeRawBufferPointer,
        appendingTo payload: inout [UInt8]
    ) throws(NoiseError) {
        guard !hasFailed else { throw .failedBefore }
        guard nextMessage < pattern.messages.count, !isMyTurn else { throw .outOfTurn }
        do throws(NoiseError) {
            guard message.count <= Self.maximumMessageSize else { throw .messageLength(message.count) }
            var rest = message
            for token in pattern.messages[nextMessage] {
                switch token {
                case .e: try readEphemeral(&rest)
                case .s:
                    let length = X25519.byteCount + symmetric.cipher.overhead
                    guard rest.count >= length else { throw .messageLength(message.count) }
                    var key: [UInt8] = []
                    try symmetric.decryptAndHash(UnsafeRawBufferPointer(rebasing: rest[..<length]), appendingTo: &key)
                    remoteStatic = key.withUnsafeBytes { X25519.PublicKey(copying: $0) }
                    rest = UnsafeRawBufferPointer(rebasing: rest[length...])
                case .psk: try mixPresharedKey()
                default: try mixDiffieHellman(token)
                }
            }
            try symmetric.decryptAndHash(rest, appendingTo: &payload)
            nextMessage += 1
        } catch {
            fail()
            throw error
        }
    }

    /// The handshake hash, 32 bytes: the same on both sides and in no other session (section 11.2).
    ///
    /// - Throws: ``NoiseError/outOfTurn`` before the handshake is complete.
    public func handshakeHash() throws(NoiseError) -> [UInt8] {
        guard isComplete else { throw .outOfTurn }
        return symmetric.hash
    }

    /// Ends the handshake and gives the transport ciphers; everything else is wiped.
    ///
    /// - Throws: ``NoiseError/outOfTurn`` before the handshake is complete.
    public consuming func split() throws(NoiseError) -> NoiseTransport {
        guard isComplete else { throw .outOfTurn }
        return symmetric.split(role: role)
    }

    private mutating func fail() {
        hasFailed = true
        symmetric.wipe()
        localEphemeral = nil
        presharedKeys = []
    }

    private mutating func writeEphemeral(appendingTo message: inout [UInt8]) {
        let ephemeral = localEphemeral ?? X25519.PrivateKey()
        localEphemeral = ephemeral
        ephemeral.publicKey.withUnsafeBytes { key in
            message.append(contentsOf: key)
            mixEphemeral(key)
        }
    }

    private mutating func readEphemeral(_ rest: inout UnsafeRawBufferPointer) throws(NoiseError) {
        guard rest.count >= X25519.byteCount else { throw .messageLength(rest.count) }
        let key = UnsafeRawBufferPointer(rebasing: rest[..<X25519.byteCount])
        remoteEphemeral = X25519.PublicKey(copying: key)
        mixEphemeral(key)
        rest = UnsafeRawBufferPointer(rebasing: rest[X25519.byteCount...])
    }

    private mutating func mixEphemeral(_ key: UnsafeRawBufferPointer) {
        symmetric.mixHash(key)
        if pattern.usesPresharedKeys { symmetric.mixKey(key) }
    }

    private mutating func mixPresharedKey() throws(NoiseError) {
        guard !presharedKeys.isEmpty else { throw .missingKey("pre-shared key") }
        presharedKeys.removeFirst().withUnsafeBytes { symmetric.mixKeyAndHash($0) }
    }

    private mutating func mixDiffieHellman(_ token: NoisePattern.Token) throws(NoiseError) {
        let initiates = role == .initiator
        let local: X25519.PrivateKey?
        let remote: X25519.PublicKey?
        switch token {
        case .ee: (local, remote) = (localEphemeral, remoteEphemeral)
        case .ss: (local, remote) = (localStatic, remoteStatic)
        case .es: (local, remote) = initiates ? (localEphemeral, remoteStatic) : (localStatic, remoteEphemeral)
        case .se: (local, remote) = initiates ? (localStatic, remoteEphemeral) : (localEphemeral, remoteStatic)
        case .e, .s, .psk: preconditionFailure("not a Diffie-Hellman token")
        }
        guard let local else { throw .missingKey("local key") }
        guard let remote else { throw .missingKey("remote key") }
        var secret = SecretBuffer(count: X25519.byteCount)
        do throws(X25519.KeyError) {
            try local.sharedSecret(with: remote, into: secret.unsafeMutableBytes)
        } catch {
            throw NoiseError(error)
        }
        symmetric.mixKey(secret.unsafeBytes)
    }
}

/// What a finished handshake leaves: a cipher for each direction, and the handshake hash.
@frozen public struct NoiseTransport: ~Copyable, Sendable {
    /// Encrypts what this side sends.
    public var sending: NoiseCipherState
    /// Decrypts what this side receives.
    public var receiving: NoiseCipherState
    /// The same 32 bytes on both sides and in no other session.
    public let handshakeHash: [UInt8]
}
