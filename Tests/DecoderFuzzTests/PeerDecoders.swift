import SodiumCrypto

@testable import PeerChannel

extension FuzzedDecoder {
    static let peer: [FuzzedDecoder] = [
        peerRecords, peerServerHello, peerClientHello, peerFrames, peerMessages, peerAddresses, peerKeys,
        peerConnections, receiptFiles,
        relayMessages, relayAddresses, relayConnections,
    ]

    private static func violation(_ body: () throws(PeerError) -> Bool) -> Bool { (try? body()) ?? false }

    /// A type's byte, then the body.
    private static let peerRecords = FuzzedDecoder(
        name: "peer record",
        inputs: 110_000,
        samples: { sampleRecords.map { [$0.type] + $0.encodedBody() } },
        decode: {
            { input in
                guard let type = input.first else { return false }
                let body = Array(input.dropFirst())
                guard let record = try? body.withUnsafeBytes({ try PeerRecord(type: type, body: $0) }) else {
                    return false
                }
                switch record {
                case .ignored: return true
                default:
                    guard record.encodedBody() == body, record.type == type else { throw BrokenProperty("other bytes") }
                    return true
                }
            }
        }
    )

    private static let sampleRecords: [PeerRecord] = [
        .pad,
        .prompt(PromptMessage(number: 9, window: 77, digest: SHA256.hash([1]), bytes: Array("{\"messages\":[]}".utf8))),
        .accept(
            AcceptMessage(
                number: 1,
                parameters: AnswerParameters(inputTokens: 7, maximumOutputTokens: 1_000, voucherWindow: 256),
                tickMilliseconds: 100,
                recordSize: 256
            )
        ),
        .data(DataHeader(number: 2, totalTokens: 3, offset: 4), bytes: [5, 6]),
        .fin(fin(signature: [])), .fin(fin(signature: [UInt8](repeating: 3, count: 64))), .cancel(number: 5),
        .cancelled(CancelledMessage(number: 1, inputTokens: 2, outputTokens: 3, length: 4)),
        .error(number: 0, PeerErrorMessage(.busy, retryAfter: .milliseconds(1_234), text: "später")),
        .error(number: 7, PeerErrorMessage(.init(rawValue: 999))), .ping(1), .pong(.max),
        .resume(ResumeMessage(number: 1, window: 7, offset: 2, prefixDigest: SHA256.hash([3]))),
        .window(number: 1, limit: 65_536),
        .close(.done), .voucher(PeerVoucher(cumulative: 5, expiresAt: 6, signature: [UInt8](repeating: 9, count: 64))),
        .ignored(type: 0x80),
    ]

    private static func fin(signature: [UInt8]) -> FinMessage {
        FinMessage(
            number: 1,
            reason: .length,
            length: 3,
            digest: SHA256.hash([1]),
            inputTokens: 4,
            outputTokens: 5,
            signature: signature
        )
    }

    private static let serverHello = PeerServerParameters(
        time: 1_700_000_000_000,
        promptByteLimit: 1_048_576,
        sessionLimit: .seconds(3_600),
        idleLimit: .seconds(600),
        serverShape: .server,
        clientShape: .client
    )

    private static let peerServerHello = FuzzedDecoder(
        name: "peer server's hello",
        inputs: 40_000,
        samples: { [ServerHelloPayload.encode(serverHello)] },
        decode: {
            { input in
                guard let hello = try? input.withUnsafeBytes({ try ServerHelloPayload.decode($0) }) else {
                    return false
                }
                guard ServerHelloPayload.encode(hello) == input else { throw BrokenProperty("other bytes") }
                return true
            }
        }
    )

    private static let request = PeerRequest(address: [UInt8](repeating: 7, count: 32))

    private static let peerClientHello = FuzzedDecoder(
        name: "peer client's hello",
        inputs: 40_000,
        samples: {
            [PeerShaping.off, .constantRate].map { ClientHelloPayload(request: request, shaping: $0).encoded() }
        },
        decode: {
            { input in
                guard let hello = try? input.withUnsafeBytes({ try ClientHelloPayload(decoding: $0) }) else {
                    return false
                }
                guard hello.encoded() == input else { throw BrokenProperty("other bytes") }
                return true
            }
        }
    )

    /// Bytes as they come from a socket; however they are cut, the pieces are the same.
    private static let peerFrames = FuzzedDecoder(
        name: "peer frame buffer",
        inputs: 30_000,
        samples: {
            [
                [0, 20] + [UInt8](repeating: 1, count: 20) + [0, 30] + [UInt8](repeating: 2, count: 30),
                [0, 254] + [UInt8](repeating: 3, count: 254), [0x40, 0x10] + [UInt8](repeating: 4, count: 16_400),
            ]
        },
        decode: {
            { input in
                func frames(_ pieces: [ArraySlice<UInt8>]) -> (frames: [[UInt8]], isBroken: Bool) {
                    var buffer = FrameBuffer()
                    var frames: [[UInt8]] = []
                    for piece in pieces {
                        piece.withUnsafeBytes { buffer.append($0) }
                        do {
                            while let frame = try buffer.withNextFrame(lengths: 20...16_400, { [UInt8]($0) }) {
                                frames.append(frame)
                            }
                        } catch {
                            return (frames, true)
                        }
                    }
                    return (frames, false)
                }
                let cut = input.count / 3
                let whole = frames([input[...]])
                let pieces = frames([input[..<cut], input[cut..<(cut * 2)], input[(cut * 2)...]])
                guard whole.frames == pieces.frames, whole.isBroken == pieces.isBroken else {
                    throw BrokenProperty("cutting matters")
                }
                return !whole.isBroken
            }
        }
    )

    /// Opened records, each `type ‖ flags ‖ length u8 ‖ body`, as the reassembler sees them.
    private static let peerMessages = FuzzedDecoder(
        name: "peer messages in pieces",
        inputs: 60_000,
        samples: {
            let prompt = sampleRecords[1].encodedBody()
            return [
                [1, 1, 20] + prompt.prefix(20) + [1, 0, UInt8(prompt.count - 20)] + prompt.dropFirst(20),
                [0, 0, 0, 5, 0, 4] + PeerRecord.cancel(number: 5).encodedBody(),
                [7, 1, 6, 0, 0, 0, 0, 13, 0, 7, 0, 4, 255, 255, 255, 255],
            ]
        },
        decode: {
            { input in
                var reassembler = MessageReassembler(promptLimit: 512)
                var rest = input[...]
                var held = 0
                while rest.count >= 3 {
                    let first = rest.startIndex
                    let body = Array(rest.dropFirst(3).prefix(Int(rest[first + 2])))
                    let (type, flags) = (rest[first], rest[first + 1])
                    rest = rest.dropFirst(3 + body.count)
                    held += body.count
                    var whole: Int?
                    do {
                        whole = try body.withUnsafeBytes { bytes in
                            try reassembler.take(.init(type: type, flags: flags, body: bytes)) {
                                whole throws(PeerError) in
                                _ = try PeerRecord(type: type, body: whole)
                                return whole.count
                            }
                        }
                    } catch {
                        return false
                    }
                    guard let count = whole else { continue }
                    if count > held { throw BrokenProperty("a message is longer than its pieces") }
                    held = 0
                }
                return true
            }
        }
    )

    private static let key = "8mXe31J1oNWdvnCATC3v9kkX5kKfqhGVHSVg1V8NUuNZ"

    private static let peerAddresses = FuzzedDecoder(
        name: "peer address",
        inputs: 50_000,
        samples: {
            try ["/ip4/203.0.113.7/tcp/3819", "/ip6/2001:db8::1/tcp/1", "/dns/a-b.example.org/tcp/65535"].map { host in
                let key = X25519.PrivateKey(fuzzing: 9).publicKey
                let text = "\(host)/nxk/1/\(Base58Key.encode(key.bytes))"
                // The samples themselves have to be right.
                return Array(try PeerAddress(parsing: text).description.utf8)
            }
        },
        tokens: [
            "/ip4/", "/ip6/", "/dns/", "/tcp/", "/nxk/", "/nnk/", "/p2p-circuit", "::", "0x", "127.0.0.1", "localhost",
            "%",
            "00", "65536", "-", ".", "ffff:", "/", "١", "\u{0}",
        ],
        decode: {
            { input in
                let text = String(decoding: input, as: UTF8.self)
                guard let address = try? PeerAddress(parsing: text) else { return false }
                guard address.description == text else { throw BrokenProperty("two spellings: \(address.description)") }
                return true
            }
        }
    )

    private static let peerKeys = FuzzedDecoder(
        name: "peer key in base58",
        inputs: 40_000,
        samples: { [Array(key.utf8), [UInt8](repeating: UInt8(ascii: "1"), count: 32)] },
        tokens: ["1", "11111111", "zzzz", "0", "O", "I", "l"],
        decode: {
            { input in
                let text = String(decoding: input, as: UTF8.self)
                guard let bytes = Base58Key.decode(text) else { return false }
                guard Base58Key.encode(bytes) == text else { throw BrokenProperty("two spellings") }
                return true
            }
        }
    )

    private static let receiptFiles = FuzzedDecoder(
        name: "receipt file",
        inputs: 10_000,
        samples: {
            [UInt32(0), 7].map { tokens in
                let receipt = PeerReceipt(
                    channelBinding: SHA256.hash([1]),
                    request: [UInt8](repeating: 7, count: 32),
                    promptNumber: 3,
                    promptDigest: SHA256.hash([2]),
                    outputDigest: SHA256.hash([3]),
                    outputLength: UInt64.max * UInt64(tokens & 1),
                    inputTokens: tokens,
                    outputTokens: .max,
                    reason: .length,
                    signature: [UInt8](repeating: 9, count: 64)
                )
                let wallet = X25519.PrivateKey(fuzzing: 5).publicKey.bytes
                return Array(PeerReceiptFile(serverWallet: wallet, receipt: receipt).text.utf8)
            }
        },
        tokens: [
            "chainference-receipt 1\n", "server ", "request ", "session ", "prompt ", "answer ", "input-tokens ",
            "output-tokens ", "finish ", "signature ", "\n", "\r\n", " ", "00", "+1", "-1", "4294967296",
            "18446744073709551616", "A", "١", "\u{212A}", "\u{0}",
        ],
        decode: {
            { input in
                guard let text = String(validating: input, as: UTF8.self),
                    let file = try? PeerReceiptFile(parsing: text)
                else { return false }
                guard Array(file.text.utf8) == input else { throw BrokenProperty("two spellings") }
                // Checking what a stranger wrote is as safe as reading it.
                guard (try? file.verify(prompt: [2], answer: [3])) == nil else { throw BrokenProperty("a forgery") }
                return true
            }
        }
    )

    private static let relayMessages = FuzzedDecoder(
        name: "relay message",
        inputs: 50_000,
        samples: {
            let limits = CircuitLimits(seconds: 60, bytes: 1 << 20)
            let messages: [RelayMessage] = [
                .reserve(seconds: 60), .reserved(RelayTerms(seconds: 60, circuits: 5, limits: limits)),
                .incoming(RelayToken()), .decline(RelayToken()), .ping(1), .pong(.max),
                .connect(RelayDestination(of: X25519.PrivateKey(fuzzing: 1).publicKey)), .accept(RelayToken()),
                .open(limits), .refused(RelayRefusal(.serverBusy, retryAfter: .seconds(5))),
                .refused(RelayRefusal(.relayFull)),
            ]
            return messages.map(\.encoded)
        },
        decode: {
            { input in
                guard let message = try? RelayMessage(decoding: input) else { return false }
                guard message.encoded == input else { throw BrokenProperty("other bytes") }
                return true
            }
        }
    )

    private static let relayAddresses = FuzzedDecoder(
        name: "relay address",
        inputs: 30_000,
        samples: {
            let key = Base58Key.encode(X25519.PrivateKey(fuzzing: 9).publicKey.bytes)
            return ["/ip4/203.0.113.7/tcp/3820/nnk/\(key)", "/dns/relay.example.org/tcp/1/nnk/\(key)"].map {
                Array($0.utf8)
            }
        },
        tokens: [
            "/ip4/", "/dns/", "/tcp/", "/nnk/", "/nxk/1/", "/nxk/1+2/", "/p2p-circuit", "00", "65536", ".", "-", "/",
        ],
        decode: {
            { input in
                let text = String(decoding: input, as: UTF8.self)
                guard let address = try? RelayAddress(parsing: text) else { return false }
                guard address.description == text else { throw BrokenProperty("two spellings") }
                return true
            }
        }
    )

    /// Everything that a stranger can send to a relay and a relay to a stranger, before either knows the other; however it
    /// is cut, it comes to the same.
    private static let relayConnections = FuzzedDecoder(
        name: "relay handshake bytes",
        inputs: 1_000,
        samples: {
            [
                [1, 0, 48] + [UInt8](repeating: 9, count: 48), [0, 48] + [UInt8](repeating: 9, count: 48),
                [2, 0, 48] + X25519.PrivateKey(fuzzing: 3).publicKey.bytes + [UInt8](repeating: 0, count: 16),
            ]
        },
        decode: {
            let (identity, other) = (X25519.PrivateKey(fuzzing: 0x11), X25519.PrivateKey(fuzzing: 0x22))
            func hear(_ control: inout RelayControl, _ pieces: [ArraySlice<UInt8>]) throws -> RelayFault? {
                _ = control.takeOutput()
                for piece in pieces {
                    piece.withUnsafeBytes { control.append($0) }
                    do throws(RelayFault) {
                        if try control.nextEvent() != nil { throw RelayFault.unexpected }
                    } catch {
                        return error
                    }
                }
                if !control.takeOutput().isEmpty { throw BrokenProperty("a stranger was answered") }
                return nil
            }
            return { input in
                let cut = input.count / 2
                let ways = [[input[...]], [input[..<cut], input[cut...]]]
                var faults: [RelayFault?] = []
                for pieces in ways {
                    var relay = RelayControl(answeringAs: identity)
                    faults.append(try hear(&relay, pieces))
                    var server = try RelayControl(speakingTo: identity.publicKey, as: other)
                    _ = try hear(&server, pieces)
                    if relay.isEstablished || server.isEstablished { throw BrokenProperty("a stranger was believed") }
                }
                guard faults[0] == faults[1] else { throw BrokenProperty("cutting matters") }
                return false
            }
        }
    )

    /// Everything that a stranger can send to a server and a server to a client, before either knows the other.
    private static let peerConnections = FuzzedDecoder(
        name: "peer handshake bytes",
        inputs: 4_000,
        samples: {
            [
                [1, 0, 48] + [UInt8](repeating: 9, count: 48), [0, 112] + [UInt8](repeating: 9, count: 112),
                [1, 0, 48] + X25519.PrivateKey(fuzzing: 3).publicKey.bytes + [UInt8](repeating: 0, count: 16),
            ]
        },
        decode: {
            let context = PeerContext(
                genesisHash: [UInt8](repeating: 1, count: 32),
                program: [UInt8](repeating: 2, count: 32),
                serverWallet: [UInt8](repeating: 3, count: 32)
            )
            let (identity, other) = (X25519.PrivateKey(fuzzing: 0x11), X25519.PrivateKey(fuzzing: 0x22))
            return { input in
                var server = ServerSessionMachine(
                    settings: .init(
                        hello: serverHello,
                        handshakeTimeout: .seconds(10),
                        authorizationTimeout: .seconds(45),
                        sendBuffer: 16_384
                    ),
                    context: context,
                    identity: identity,
                    ephemeral: other,
                    now: .zero
                )
                input.withUnsafeBytes { server.receive($0, now: .zero) }
                if server.hasOutput { throw BrokenProperty("the server answered a stranger") }
                var client = try ClientSessionMachine(
                    settings: .init(
                        request: request,
                        shaping: .off,
                        handshakeTimeout: .seconds(10),
                        window: 65_536,
                        firstPromptNumber: 1
                    ),
                    context: context,
                    serverKey: identity.publicKey,
                    identity: other,
                    ephemeral: other,
                    now: .zero
                )
                input.withUnsafeBytes { client.receive($0, now: .zero) }
                if client.server != nil { throw BrokenProperty("the client believed a stranger") }
                return false
            }
        }
    )
}

extension X25519.PrivateKey {
    /// A key that is the same in every run.
    init(fuzzing byte: UInt8) {
        do {
            try self.init(bytes: [UInt8](repeating: byte, count: 32))
        } catch {
            preconditionFailure("32 bytes are a key")
        }
    }
}
