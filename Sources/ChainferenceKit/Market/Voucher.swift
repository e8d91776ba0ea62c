public import Solana

/// What a voucher says: up to here, this request's server may claim so much.
///
/// The 50 signed bytes are
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | magic, `0x56` |
/// | 1 | 1 | version, `0x01` |
/// | 2 | 32 | request address |
/// | 34 | 8 | cumulative lamports, u64 little-endian |
/// | 42 | 8 | expiry, i64 little-endian: the lock's time + 3,600 s |
///
/// The expiry ties a voucher to one lock of one incarnation of the request, so nothing can be replayed after a release,
/// a new lock or a re-creation.
public struct VoucherMessage: Hashable, Sendable {
    /// How many bytes are signed.
    public static let length = 50

    static let magic: UInt8 = 0x56
    static let version: UInt8 = 0x01

    /// The request that pays.
    public let request: Address

    /// Everything that the server may claim so far; not the increment.
    public let cumulative: Lamports

    /// The time of the lock + 3,600 s; the chain accepts no other value.
    public let expiresAt: UnixTime

    /// Adopts the three fields.
    public init(request: Address, cumulative: Lamports, expiresAt: UnixTime) {
        self.request = request
        self.cumulative = cumulative
        self.expiresAt = expiresAt
    }

    /// The signed bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = [Self.magic, Self.version]
        bytes.reserveCapacity(Self.length)
        bytes += request.bytes
        bytes.append(littleEndian: cumulative.rawValue)
        bytes.append(littleEndian: UInt64(bitPattern: expiresAt.rawValue))
        return bytes
    }
}

/// A cumulative promise to pay, signed by the request's own voucher key.
public struct Voucher: Hashable, Sendable {
    /// How many bytes a voucher has on the wire between client and server.
    public static let wireLength = 80

    /// What is promised.
    public let message: VoucherMessage

    /// The Ed25519 signature by the request's voucher signer.
    public let signature: Signature

    /// Everything that the server may claim with this voucher.
    public var cumulative: Lamports { message.cumulative }

    /// Adopts a promise and its signature; nothing is verified.
    public init(message: VoucherMessage, signature: Signature) {
        self.message = message
        self.signature = signature
    }

    /// Signs a promise.
    ///
    /// - Parameters:
    ///   - message: What is promised.
    ///   - key: The request's own voucher key, fresh and random for each request, never a wallet's.
    public init(signing message: VoucherMessage, with key: Keypair) {
        self.message = message
        self.signature = key.sign(message.bytes)
    }

    /// Reads a voucher that came from the peer.
    ///
    /// The wire form is cumulative lamports (u64), expiry (i64), both little-endian, then the signature; the request is
    /// the session's and is not repeated.
    ///
    /// - Parameters:
    ///   - wire: Exactly ``wireLength`` bytes, else nil is returned.
    ///   - request: The request that the session was opened for.
    public init?(wire: some Collection<UInt8>, request: Address) {
        let bytes = Array(wire)
        guard bytes.count == Self.wireLength, let signature = try? Signature(bytes: bytes[16...]) else { return nil }
        self.message = VoucherMessage(
            request: request,
            cumulative: Lamports(rawValue: bytes.littleEndianUInt64(at: 0)),
            expiresAt: UnixTime(rawValue: Int64(bitPattern: bytes.littleEndianUInt64(at: 8)))
        )
        self.signature = signature
    }

    /// The 80 bytes that go to the peer.
    public var wire: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.wireLength)
        bytes.append(littleEndian: message.cumulative.rawValue)
        bytes.append(littleEndian: UInt64(bitPattern: message.expiresAt.rawValue))
        bytes += signature.bytes
        return bytes
    }

    /// Whether the signature is the given key's; strict, so the all-zero key signs nothing.
    public func isSigned(by signer: Address) -> Bool {
        signature.verify(message.bytes, by: signer)
    }
}

extension [UInt8] {
    mutating func append(littleEndian value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func append(littleEndian value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// Reads eight bytes.
    ///
    /// - Precondition: They are there.
    func littleEndianUInt64(at offset: Int) -> UInt64 {
        (0..<8).reversed().reduce(0) { $0 << 8 | UInt64(self[offset + $1]) }
    }
}
