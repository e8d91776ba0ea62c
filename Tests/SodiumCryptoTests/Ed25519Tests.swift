import SodiumCrypto
import Testing

@Suite("Ed25519")
struct Ed25519Tests {
    /// A vector of RFC 8032, section 7.1.
    struct Vector: Sendable {
        let seed: String
        let publicKey: String
        let message: String
        let signature: String
    }

    static let vectors = [
        Vector(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: """
                e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
                5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
                """
        ),
        Vector(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature: """
                92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
                """
        ),
        Vector(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature: """
                6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
                """
        ),
        Vector(
            seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            message: """
                ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
                """,
            signature: """
                dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589\
                09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704
                """
        ),
    ]

    @Test("keys and signatures of RFC 8032", arguments: vectors)
    func rfc8032(vector: Vector) throws {
        let key = try #require(Ed25519.PrivateKey(seed: bytes(vector.seed)))
        let message = bytes(vector.message)
        let signature = bytes(vector.signature)
        #expect(key.publicKey == bytes(vector.publicKey))
        #expect(key.sign(message) == signature)
        #expect(key.secretKey.withUnsafeBytes { Array($0) } == bytes(vector.seed) + key.publicKey)
        #expect(Ed25519.verify(signature: signature, message: message, publicKey: key.publicKey))
    }

    @Test("every changed bit of a signature or a key is noticed", arguments: vectors)
    func changedBits(vector: Vector) {
        let (message, key) = (bytes(vector.message), bytes(vector.publicKey))
        for bit in 0..<512 {
            var signature = bytes(vector.signature)
            signature[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!Ed25519.verify(signature: signature, message: message, publicKey: key))
        }
        for bit in 0..<256 {
            var other = key
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!Ed25519.verify(signature: bytes(vector.signature), message: message, publicKey: other))
        }
        #expect(!Ed25519.verify(signature: bytes(vector.signature), message: message + [0], publicKey: key))
    }

    @Test("forgeries that OpenSSL accepts for the all-zero key are all refused")
    func allZeroKey() {
        #expect(allZeroKeyForgeries.count == 128)
        let signature: [UInt8] = [1] + [UInt8](repeating: 0, count: 63)
        for number in allZeroKeyForgeries {
            let message = Array("forgery \(number)".utf8)
            let publicKey = [UInt8](repeating: 0, count: 32)
            #expect(!Ed25519.verify(signature: signature, message: message, publicKey: publicKey))
        }
    }

    /// The points of small order, in all their encodings, canonical or not.
    static let smallOrder = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ]

    @Test("a key of small order verifies nothing, although its points are on the curve", arguments: smallOrder)
    func smallOrderKey(key: String) {
        let publicKey = bytes(key)
        for number in 0..<64 {
            for commitment in Self.smallOrder {
                let signature = bytes(commitment) + [UInt8](repeating: 0, count: 32)
                #expect(!Ed25519.verify(signature: signature, message: [UInt8(number)], publicKey: publicKey))
            }
        }
    }

    @Test("a signature whose scalar is not reduced is refused: it would be a second id for one transaction")
    func malleability() {
        // The order of the group, added to the scalar.
        let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        for vector in Self.vectors {
            var signature = bytes(vector.signature)
            var carry = 0
            for index in 0..<32 {
                let sum = Int(signature[32 + index]) + Int(order[index]) + carry
                signature[32 + index] = UInt8(truncatingIfNeeded: sum)
                carry = sum >> 8
            }
            let (message, key) = (bytes(vector.message), bytes(vector.publicKey))
            #expect(!Ed25519.verify(signature: signature, message: message, publicKey: key))
        }
    }

    @Test("wrong sizes are refused, not trapped on", arguments: [0, 1, 31, 33, 63, 64, 65])
    func sizes(count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        if count != 64 {
            #expect(!Ed25519.verify(signature: bytes, message: [], publicKey: [UInt8](repeating: 1, count: 32)))
        }
        #expect(!Ed25519.verify(signature: [UInt8](repeating: 1, count: 64), message: [], publicKey: bytes))
        #expect(!Ed25519.isOnCurve(bytes))
        #expect(Ed25519.PrivateKey(seed: bytes) == nil)
        #expect(Ed25519.PrivateKey(seed: SecretBytes(copying: bytes)) == nil)
    }

    @Test("on the curve: keys, points of small order and of mixed order; a field element without a root is not")
    func onCurve() {
        #expect(Ed25519.isOnCurve(Ed25519.PrivateKey().publicKey))
        #expect(Ed25519.isOnCurve(bytes(Self.smallOrder[0])))
        #expect(Ed25519.isOnCurve(bytes(Self.smallOrder[10])))
        #expect(!Ed25519.isOnCurve([2] + [UInt8](repeating: 0, count: 31)))
        // Works on any collection.
        #expect(Ed25519.isOnCurve(AnyCollection(bytes(Self.vectors[0].publicKey))))
    }

    @Test("a random key is a new one each time and is not shown")
    func randomKeys() {
        let (first, second) = (Ed25519.PrivateKey(), Ed25519.PrivateKey())
        #expect(first.publicKey != second.publicKey)
        #expect(first.secretKey != second.secretKey)
        #expect(!"\(first)".contains(first.secretKey.withUnsafeBytes { "\($0[0]), \($0[1])" }))
    }
}
