import Noise
import SodiumCrypto

/// Sizes of the record layer, in bytes.
enum RecordLayout {
    /// The length prefix.
    static let prefixSize = 2
    /// The authentication tag.
    static let tagSize = ChaChaPoly.tagByteCount
    /// Type, flags, body length.
    static let headerSize = 4
    /// What a record spends on everything but its body.
    static let overhead = prefixSize + headerSize + tagSize
    /// The largest ciphertext that is accepted.
    static let maximumCiphertext = 16_400
    /// The smallest ciphertext that can be a record.
    static let minimumCiphertext = headerSize + tagSize
}

/// Seals and opens records: `length u16 big-endian ‖ Noise ciphertext`, where the plaintext is
/// `type u8 ‖ flags u8 ‖ body length u16 ‖ body ‖ zeros`.
///
/// Both directions change their key after every 1,024 records, and after the last record of a prompt. Nothing is allocated
/// per record as long as the caller's buffers have room.
struct RecordLayer: ~Copyable, Sendable {
    /// How many records are sealed under one key.
    static let rekeyInterval = 1_024
    /// The largest record, empty: copying from here is how an output grows by one record without a loop.
    private static let zeros = [UInt8](
        repeating: 0,
        count: RecordLayout.prefixSize + RecordLayout.maximumCiphertext
    )
    /// How many records one direction may have in a session.
    static let recordLimit: UInt64 = 1 << 32

    /// Records sealed so far.
    private(set) var sentCount: UInt64 = 0
    /// Records opened so far.
    private(set) var receivedCount: UInt64 = 0
    /// The handshake hash.
    let handshakeHash: [UInt8]

    private var sending: NoiseCipherState
    private var receiving: NoiseCipherState
    private var sentUnderKey = 0
    private var receivedUnderKey = 0

    init(_ transport: consuming NoiseTransport) {
        handshakeHash = transport.handshakeHash
        sending = transport.sending
        receiving = transport.receiving
    }

    /// A record as it was opened: the body lies within the buffer that was given.
    struct Opened {
        var type: UInt8
        var flags: UInt8
        var body: UnsafeRawBufferPointer
    }

    /// Appends one record to `output`.
    ///
    /// - Parameters:
    ///   - type: What the record is.
    ///   - flags: Its flags.
    ///   - bodyCount: How many bytes of body there are.
    ///   - wireSize: The size of the whole record on the wire; `nil` for as small as possible.
    ///   - output: Where the record is appended.
    ///   - body: Writes the body into exactly that many bytes.
    /// - Throws: ``ProtocolViolation/sessionTooLong`` when no more records are allowed.
    mutating func seal(
        _ type: RecordType,
        flags: UInt8 = 0,
        bodyCount: Int,
        wireSize: Int?,
        appendingTo output: inout [UInt8],
        body: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(ProtocolViolation) {
        let size = wireSize ?? RecordLayout.overhead + bodyCount
        precondition(size >= RecordLayout.overhead + bodyCount, "the body does not fit into the record")
        precondition(size - RecordLayout.prefixSize <= RecordLayout.maximumCiphertext, "the record is too large")
        guard sentCount < Self.recordLimit else { throw .sessionTooLong }
        let start = output.count
        output.append(contentsOf: Self.zeros[..<size])
        let sealed = output.withUnsafeMutableBytes { bytes in
            let record = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            record.storeBytes(of: UInt16(size - RecordLayout.prefixSize).bigEndian, toByteOffset: 0, as: UInt16.self)
            let ciphertext = UnsafeMutableRawBufferPointer(rebasing: record[RecordLayout.prefixSize...])
            let plaintext = UnsafeMutableRawBufferPointer(rebasing: ciphertext.dropLast(RecordLayout.tagSize))
            plaintext[0] = type.rawValue
            plaintext[1] = flags
            plaintext.storeBytes(of: UInt16(bodyCount).littleEndian, toByteOffset: 2, as: UInt16.self)
            if bodyCount > 0 {
                body(UnsafeMutableRawBufferPointer(rebasing: plaintext[RecordLayout.headerSize..<4 + bodyCount]))
            }
            do throws(NoiseError) {
                try sending.encrypt(UnsafeRawBufferPointer(plaintext), into: ciphertext)
                return true
            } catch {
                return false
            }
        }
        guard sealed else {
            // The plaintext must not leave with what is drained next.
            output.removeSubrange(start...)
            throw .sessionTooLong
        }
        sentCount += 1
        sentUnderKey += 1
        if Self.changesKey(type: type.rawValue, flags: flags, count: sentUnderKey) {
            sending.rekey()
            sentUnderKey = 0
        }
    }

    /// Opens one record in place.
    ///
    /// - Parameter ciphertext: The record without its length prefix; holds the plaintext afterwards.
    /// - Returns: Type, flags and body, which lies in `ciphertext`.
    /// - Throws: What is wrong with it.
    mutating func open(_ ciphertext: UnsafeMutableRawBufferPointer) throws(ProtocolViolation) -> Opened {
        guard ciphertext.count >= RecordLayout.minimumCiphertext, ciphertext.count <= RecordLayout.maximumCiphertext
        else { throw .recordLength(ciphertext.count) }
        guard receivedCount < Self.recordLimit else { throw .sessionTooLong }
        let count: Int
        do throws(NoiseError) {
            count = try receiving.decrypt(UnsafeRawBufferPointer(ciphertext), into: ciphertext)
        } catch {
            throw .recordNotAuthentic
        }
        let plaintext = UnsafeRawBufferPointer(rebasing: ciphertext[..<count])
        let type = plaintext[0]
        let flags = plaintext[1]
        let bodyCount = Int(plaintext.littleEndian(at: 2, as: UInt16.self))
        let end = RecordLayout.headerSize + bodyCount
        guard end <= plaintext.count else {
            throw .malformedRecord(type: type, reason: "the body is longer than the record")
        }
        guard ConstantTime.isZero(UnsafeRawBufferPointer(rebasing: plaintext[end...])) else { throw .nonZeroPadding }
        receivedCount += 1
        receivedUnderKey += 1
        if Self.changesKey(type: type, flags: flags, count: receivedUnderKey) {
            receiving.rekey()
            receivedUnderKey = 0
        }
        return Opened(
            type: type,
            flags: flags,
            body: UnsafeRawBufferPointer(rebasing: plaintext[RecordLayout.headerSize..<end])
        )
    }

    private static func changesKey(type: UInt8, flags: UInt8, count: Int) -> Bool {
        let endsPrompt = type == RecordType.prompt.rawValue && flags & RecordFlags.more == 0
        return endsPrompt || count == rekeyInterval
    }
}
