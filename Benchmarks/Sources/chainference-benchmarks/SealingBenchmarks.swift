import Noise
import NoiseFloor
import PeerChannel
import SodiumCrypto

extension BenchmarkGroup {
    /// Records of the peer channel against the bare cipher.
    static let sealing = BenchmarkGroup(
        name: "sealing",
        title: "Sealing records with the peer channel's cipher, against a C loop over libsodium",
        hasPublishedComparisons: true
    ) { stopwatch, _ in
        for size in [256, 1_024, 16_384] {
            let plain = [UInt8](repeating: 0, count: size)
            var sealed = [UInt8](repeating: 0, count: size + ChaChaPoly.tagByteCount)
            var transports = try Handshake().run()
            try await stopwatch.compare(
                "seal \(size) bytes",
                to: "libsodium",
                goal: size == 16_384 ? .speedAtLeast(0.7) : nil,
                ours: { count in
                    try Stopwatch.time {
                        try plain.withUnsafeBytes { plain in
                            try sealed.withUnsafeMutableBytes { sealed in
                                for _ in 0..<count {
                                    try transports.client.sending.encrypt(plain, into: sealed)
                                }
                            }
                        }
                    }
                },
                theirs: { noise_floor_seal(size, UInt64($0)) }
            )
        }
        // Opening needs the right ciphertext for every nonce; the cipher alone has none to keep.
        let size = 16_384
        let key = [UInt8](repeating: 1, count: 32)
        let nonce = [UInt8](repeating: 0, count: 12)
        var sealed = [UInt8](repeating: 0, count: size + ChaChaPoly.tagByteCount)
        var plain = [UInt8](repeating: 0, count: size)
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        key.withUnsafeBytes { key in
            nonce.withUnsafeBytes { nonce in
                plain.withUnsafeBytes { plain in
                    sealed.withUnsafeMutableBytes { sealed in
                        _ = ChaChaPoly.seal(plain, authenticating: nothing, nonce: nonce, key: key, into: sealed)
                    }
                }
            }
        }
        try await stopwatch.compare(
            "open 16384 bytes (cipher alone)",
            to: "libsodium",
            goal: .speedAtLeast(0.7),
            ours: { count in
                try Stopwatch.time {
                    try key.withUnsafeBytes { key in
                        try nonce.withUnsafeBytes { nonce in
                            try sealed.withUnsafeBytes { sealed in
                                try plain.withUnsafeMutableBytes { plain in
                                    for _ in 0..<count {
                                        try ChaChaPoly.open(
                                            sealed,
                                            authenticating: nothing,
                                            nonce: nonce,
                                            key: key,
                                            into: plain
                                        )
                                    }
                                }
                            }
                        }
                    }
                }
            },
            theirs: { noise_floor_open(size, UInt64($0)) }
        )
    }

    /// Whole handshakes, both sides.
    static let handshake = BenchmarkGroup(
        name: "handshake",
        title: "Noise_XK_25519_ChaChaPoly_SHA256, both sides, against the same in C over libsodium",
        hasPublishedComparisons: true
    ) { stopwatch, _ in
        let handshake = Handshake()
        try await stopwatch.compare(
            "handshake",
            to: "C",
            goal: .atMost(1.5),
            ours: { count in
                try Stopwatch.time { for _ in 0..<count { consume(try handshake.run()) } }
            },
            theirs: { count in
                let elapsed = noise_floor_handshake(UInt64(count))
                guard elapsed > 0 else { throw BenchmarkUnavailable(reason: "the C handshake failed") }
                return elapsed
            }
        )
    }
}

/// Two parties in one process.
private struct Handshake {
    struct Transports: ~Copyable {
        var client: NoiseTransport
        var server: NoiseTransport
    }

    let client = X25519.PrivateKey()
    let server = X25519.PrivateKey()

    func run() throws -> Transports {
        var initiator = try NoiseHandshake(
            pattern: .xk,
            role: .initiator,
            prologue: [],
            localStatic: client,
            remoteStatic: server.publicKey
        )
        var responder = try NoiseHandshake(pattern: .xk, role: .responder, prologue: [], localStatic: server)
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        var message: [UInt8] = []
        var payload: [UInt8] = []
        try initiator.writeMessage(payload: nothing, appendingTo: &message)
        try message.withUnsafeBytes { try responder.readMessage($0, appendingTo: &payload) }
        message.removeAll(keepingCapacity: true)
        try responder.writeMessage(payload: nothing, appendingTo: &message)
        try message.withUnsafeBytes { try initiator.readMessage($0, appendingTo: &payload) }
        message.removeAll(keepingCapacity: true)
        try initiator.writeMessage(payload: nothing, appendingTo: &message)
        try message.withUnsafeBytes { try responder.readMessage($0, appendingTo: &payload) }
        return Transports(client: try initiator.split(), server: try responder.split())
    }
}
