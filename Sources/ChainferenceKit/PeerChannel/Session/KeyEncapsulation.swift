import Noise
import SodiumCrypto

#if PostQuantum
    import Crypto
    import Foundation
#endif

/// ML-KEM-768 (FIPS 203), as the handshake of suite 2 uses it: a fresh key in the first message, a secret in the second.
enum KeyEncapsulation {
    /// How many bytes an encapsulation key has.
    static let keySize = 1_184
    /// How many bytes an encapsulated secret has.
    static let ciphertextSize = 1_088

    /// The pre-shared key that both sides mix into the third message.
    ///
    /// `HMAC-SHA256("chainference/pq-psk/1", zero-padded to 32 bytes; secret ‖ SHA-256(key ‖ ciphertext))`
    static func presharedKey(
        secret: UnsafeRawBufferPointer,
        key: [UInt8],
        ciphertext: [UInt8]
    ) -> SecretBytes {
        var label = Array("chainference/pq-psk/1".utf8)
        label += [UInt8](repeating: 0, count: 32 - label.count)
        let binding = SodiumCrypto.SHA256.hash(key + ciphertext)
        return SecretBytes(count: 32) { result in
            label.withUnsafeBytes { label in
                binding.withUnsafeBytes { HMACSHA256.authenticate(secret, $0, key: label, into: result) }
            }
        }
    }

    #if PostQuantum
        static let isBuilt = true

        /// A fresh key pair for one handshake.
        struct PrivateKey: Sendable {
            private let key: MLKEM768.PrivateKey
            let publicKey: [UInt8]

            init() throws(NoiseError) {
                do {
                    self.init(try MLKEM768.PrivateKey())
                } catch {
                    throw .missingKey("ML-KEM key")
                }
            }

            /// The key pair of a seed of 64 bytes: for comparing with other implementations only.
            init(seed: [UInt8]) throws {
                self.init(try MLKEM768.PrivateKey(seedRepresentation: Data(seed), publicKey: nil))
            }

            private init(_ key: MLKEM768.PrivateKey) {
                self.key = key
                publicKey = [UInt8](key.publicKey.rawRepresentation)
            }

            /// The pre-shared key from what the other side has encapsulated.
            func presharedKey(from ciphertext: [UInt8]) throws(NoiseError) -> SecretBytes {
                do {
                    let secret = try key.decapsulate(Data(ciphertext))
                    return secret.withUnsafeBytes {
                        KeyEncapsulation.presharedKey(secret: $0, key: publicKey, ciphertext: ciphertext)
                    }
                } catch {
                    throw .notAuthentic
                }
            }
        }

        /// Encapsulates a fresh secret to a key that has arrived.
        static func encapsulate(
            to key: [UInt8]
        ) throws(NoiseError) -> (ciphertext: [UInt8], presharedKey: SecretBytes) {
            do {
                let result = try MLKEM768.PublicKey(rawRepresentation: Data(key)).encapsulate()
                let ciphertext = [UInt8](result.encapsulated)
                let presharedKey = result.sharedSecret.withUnsafeBytes {
                    Self.presharedKey(secret: $0, key: key, ciphertext: ciphertext)
                }
                return (ciphertext, presharedKey)
            } catch {
                throw .notAuthentic
            }
        }
    #else
        static let isBuilt = false

        struct PrivateKey: Sendable {
            let publicKey: [UInt8]

            init() throws(NoiseError) { throw .missingKey("trait PostQuantum in this build") }

            func presharedKey(from ciphertext: [UInt8]) throws(NoiseError) -> SecretBytes { throw .notAuthentic }
        }

        static func encapsulate(
            to key: [UInt8]
        ) throws(NoiseError) -> (ciphertext: [UInt8], presharedKey: SecretBytes) {
            throw .missingKey("trait PostQuantum in this build")
        }
    #endif
}

extension PeerSuite {
    /// The suite's Noise pattern.
    var pattern: NoisePattern {
        switch self {
        case .noiseXK: .xk
        case .noiseXKpsk3MLKEM768: .xkpsk3
        }
    }

    /// Whether the payloads of the first two messages carry a key encapsulation.
    var encapsulates: Bool { self == .noiseXKpsk3MLKEM768 }

    /// How many bytes the first message has.
    var firstMessageSize: Int { 48 + (encapsulates ? KeyEncapsulation.keySize : 0) }

    /// How many bytes the second message has.
    var secondMessageSize: Int { 48 + ServerHelloPayload.size + (encapsulates ? KeyEncapsulation.ciphertextSize : 0) }

    /// How many bytes the third message has.
    var thirdMessageSize: Int { 64 + ClientHelloPayload.size }
}
