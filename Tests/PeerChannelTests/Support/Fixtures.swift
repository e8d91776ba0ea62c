import SodiumCrypto

@testable import PeerChannel

/// Values that the tests share.
enum Fixture {
    static let context = PeerContext(
        genesisHash: [UInt8](repeating: 1, count: 32),
        program: [UInt8](repeating: 2, count: 32),
        serverWallet: [UInt8](repeating: 3, count: 32)
    )
    static let serverKey = key(0x11)
    static let clientKey = key(0x22)
    static let requestAddress = Array("a request address of thirty-two.".utf8)
    static let request = PeerRequest(address: requestAddress)
    static let parameters = AnswerParameters(inputTokens: 7, maximumOutputTokens: 1_000, voucherWindow: 256)
    static let hello = PeerServerParameters(
        time: 1_700_000_000_000,
        promptByteLimit: 1_048_576,
        sessionLimit: .seconds(3_600),
        idleLimit: .seconds(600),
        serverShape: .server,
        clientShape: .client
    )

    static func key(_ byte: UInt8) -> X25519.PrivateKey {
        guard let key = try? X25519.PrivateKey(bytes: [UInt8](repeating: byte, count: 32)) else {
            fatalError("32 bytes")
        }
        return key
    }

    static func voucher(_ cumulative: UInt64) -> PeerVoucher {
        PeerVoucher(cumulative: cumulative, expiresAt: 5_000, signature: [UInt8](repeating: 9, count: 64))
    }

    static func admission(shape: StreamShape? = nil) -> PeerAdmission {
        PeerAdmission(shape: shape) { _ in }
    }
}

/// A reproducible source of random numbers (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return random.bytes(count)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

extension [UInt8] {
    /// Reads hexadecimal digits.
    init(hex: String) {
        let digits = [UInt8](hex.utf8).map { UInt8(String(UnicodeScalar($0)), radix: 16)! }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    var hex: String {
        map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Whether `other` occurs anywhere within.
    func contains(sequence other: [UInt8]) -> Bool {
        guard !other.isEmpty, count >= other.count else { return other.isEmpty }
        return (0...(count - other.count)).contains {
            self[$0] == other[0] && self[$0..<$0 + other.count].elementsEqual(other)
        }
    }
}
