import SodiumCrypto
import Testing

@testable import Noise

@Suite("Noise: ciphers and their limits")
struct CipherStateTests {
    @Test("A message that fails leaves the counter, so that the right one still opens")
    func failureLeavesNonce() throws {
        var sending = Fixture.cipher()
        var receiving = Fixture.cipher()
        let good = sending.sealed([1, 2, 3])
        for index in good.indices {
            var bad = good
            bad[index] ^= 0x40
            #expect(throws: NoiseError.notAuthentic) { try receiving.opened(bad) }
            let nonce = receiving.nonce
            #expect(nonce == 0)
        }
        #expect(try receiving.opened(good) == [1, 2, 3])
        let nonce = receiving.nonce
        #expect(nonce == 1)
    }

    @Test("2⁶⁴ − 2 is the last counter; 2⁶⁴ − 1 is refused both ways and never wraps")
    func nonceLimit() throws {
        var sending = Fixture.cipher(nonce: .max - 1)
        var receiving = Fixture.cipher(nonce: .max - 1)
        var buffer = [UInt8](repeating: 0, count: 17)
        let last = sending.sealed([42])
        #expect(try receiving.opened(last) == [42])
        for _ in 0..<3 {
            var errors: [NoiseError?] = []
            buffer.withUnsafeMutableBytes { buffer in
                let input = UnsafeRawBufferPointer(buffer)
                do throws(NoiseError) {
                    try sending.encrypt(UnsafeRawBufferPointer(rebasing: input[..<1]), into: buffer)
                } catch { errors.append(error) }
                do throws(NoiseError) {
                    try receiving.decrypt(input, into: buffer)
                } catch { errors.append(error) }
            }
            #expect(errors == [.nonceExhausted, .nonceExhausted])
        }
        let nonces = [sending.nonce, receiving.nonce]
        #expect(nonces == [.max, .max])
    }

    @Test("After a rekey the old key opens nothing new and the new key nothing old")
    func rekey() throws {
        var sending = Fixture.cipher()
        let before = sending.sealed([1])
        sending.rekey()
        let after = sending.sealed([2])
        let count = sending.nonce
        #expect(count == 2)

        var old = Fixture.cipher(nonce: 1)
        #expect(throws: NoiseError.notAuthentic) { try old.opened(after) }
        var new = Fixture.cipher()
        new.rekey()
        #expect(throws: NoiseError.notAuthentic) { try new.opened(before) }
        var right = Fixture.cipher()
        #expect(try right.opened(before) == [1])
        right.rekey()
        #expect(try right.opened(after) == [2])
    }
}
