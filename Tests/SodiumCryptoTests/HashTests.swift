import SodiumCrypto
import Testing

@Suite("SHA-2")
struct HashTests {
    private static let twoBlocks =
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"

    @Test(
        "SHA-256 of the messages of FIPS 180-4's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (twoBlocks, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"),
        ]
    )
    func sha256(message: String, digest: String) {
        #expect(SHA256.hash(Array(message.utf8)) == bytes(digest))
        #expect(SHA256.hash(message.utf8) == bytes(digest))
    }

    @Test(
        "SHA-512 of the messages of FIPS 180-4's examples",
        arguments: [
            (
                "",
                """
                cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e
                """
            ),
            (
                "abc",
                """
                ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
                """
            ),
            (
                twoBlocks,
                """
                8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018\
                501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909
                """
            ),
        ]
    )
    func sha512(message: String, digest: String) {
        #expect(SHA512.hash(Array(message.utf8)) == bytes(digest))
    }

    @Test("pieces of any size give the digest of the whole, and a hash goes on after a digest")
    func pieces() {
        let message = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for step in [1, 3, 63, 64, 65, 127, 128, 129, 999] {
            var short = SHA256()
            var long = SHA512()
            for start in stride(from: 0, to: message.count, by: step) {
                let piece = message[start..<min(start + step, message.count)]
                short.update(piece)
                long.update(piece)
                #expect(short.finalize() == SHA256.hash(message[..<piece.endIndex]))
            }
            #expect(short.finalize() == SHA256.hash(message))
            #expect(long.finalize() == SHA512.hash(message))
        }
    }

    @Test("a copy of a hash goes its own way")
    func copies() {
        var first = SHA256()
        first.update([1, 2])
        var second = first
        first.update([3])
        second.update([4])
        #expect(first.finalize() == SHA256.hash([1, 2, 3]))
        #expect(second.finalize() == SHA256.hash([1, 2, 4]))
    }
}

/// The bytes of a hexadecimal text.
func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.compactMap { $0.hexDigitValue.map(UInt8.init) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
