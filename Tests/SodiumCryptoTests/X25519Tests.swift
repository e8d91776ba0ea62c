import SodiumCrypto
import Testing

@Suite("X25519")
struct X25519Tests {
    @Test("Agrees with OpenSSL on 40 key pairs")
    func openSSL() throws {
        let vectors = try PrimitiveVectors.load().x25519
        #expect(vectors.count == 40)
        for vector in vectors {
            let key = try X25519.PrivateKey(bytes: vector.private.bytes)
            #expect(key.publicKey.bytes == vector.public.bytes)
            let shared = try key.sharedSecret(with: X25519.PublicKey(bytes: vector.peer.bytes))
            #expect(shared == SecretBytes(copying: vector.shared.bytes))
        }
    }

    /// Every encoding, canonical or not, of the points whose order divides eight, each also with the ignored top bit.
    static let lowOrderPoints: [[UInt8]] = {
        let canonical: [Hex] = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ]
        return canonical.flatMap { hex -> [[UInt8]] in
            var flipped = hex.bytes
            flipped[31] |= 0x80
            return [hex.bytes, flipped]
        }
    }()

    @Test("Refuses points of low order and leaves nothing in the destination", arguments: lowOrderPoints)
    func lowOrder(point: [UInt8]) throws {
        let peer = try X25519.PublicKey(bytes: point)
        #expect(peer.isLowOrder)
        let key = X25519.PrivateKey()
        var output = [UInt8](repeating: 0xaa, count: 32)
        #expect(throws: X25519.KeyError.zeroSharedSecret) {
            try output.withUnsafeMutableBytes { try key.sharedSecret(with: peer, into: $0) }
        }
        #expect(output == [UInt8](repeating: 0, count: 32))
        #expect(throws: X25519.KeyError.zeroSharedSecret) { try key.sharedSecret(with: peer) }
    }

    @Test("A fresh key is not of low order, and both sides agree")
    func agreement() throws {
        let (a, b) = (X25519.PrivateKey(), X25519.PrivateKey())
        #expect(!a.publicKey.isLowOrder)
        #expect(a.publicKey != b.publicKey)
        #expect(try a.sharedSecret(with: b.publicKey) == b.sharedSecret(with: a.publicKey))
    }

    @Test("Refuses keys that don't have 32 bytes", arguments: [0, 1, 31, 33, 64])
    func wrongLength(count: Int) {
        let bytes = [UInt8](repeating: 5, count: count)
        #expect(throws: X25519.KeyError.wrongLength(count)) { try X25519.PublicKey(bytes: bytes) }
        #expect(throws: X25519.KeyError.wrongLength(count)) { try X25519.PrivateKey(bytes: bytes) }
        #expect(throws: X25519.KeyError.wrongLength(count)) { try X25519.PrivateKey(SecretBytes(copying: bytes)) }
    }

    @Test("Neither description nor mirror of a private key shows its secret")
    func hidden() throws {
        let key = try X25519.PrivateKey(bytes: [UInt8](repeating: 0x5a, count: 32))
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!"\(key)".contains("5a5a5a") && !dumped.contains("90, 90") && !dumped.contains("5a5a5a"))
        #expect("\(key)".contains("\(key.publicKey)"))
    }
}
