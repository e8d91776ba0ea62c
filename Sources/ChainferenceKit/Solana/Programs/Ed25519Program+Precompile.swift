/// Why the runtime refuses an instruction of a signature-checking program; the raw value is the custom code it answers.
public enum PrecompileError: UInt32, Error, Hashable, Sendable {
    /// A public key is no point of the curve.
    case invalidPublicKey = 0

    /// A recovery id is wrong (only secp256k1).
    case invalidRecoveryId = 1

    /// A signature does not fit.
    case invalidSignature = 2

    /// An offset or an index names bytes that are not there.
    case invalidDataOffsets = 3

    /// The data are too short for what they announce.
    case invalidInstructionDataSize = 4
}

extension Ed25519Program {
    /// Checks an instruction as the runtime does, for ledgers: every signature that it names, wherever its parts lie.
    ///
    /// - Parameters:
    ///   - data: The data of the instruction.
    ///   - instructions: The data of all instructions of the transaction, which offsets may point into.
    /// - Throws: The first reason to refuse the transaction.
    public static func verify(_ data: [UInt8], instructions: [[UInt8]]) throws(PrecompileError) {
        guard data.count >= 2 else { throw .invalidInstructionDataSize }
        let count = Int(data[0])
        if count == 0, data.count > 2 { throw .invalidInstructionDataSize }
        guard data.count >= 2 + count * 14 else { throw .invalidInstructionDataSize }

        func field(_ signature: Int, _ index: Int) -> Int {
            let offset = 2 + signature * 14 + index * 2
            return Int(data[offset]) | Int(data[offset + 1]) << 8
        }
        func part(_ instruction: Int, _ offset: Int, _ count: Int) throws(PrecompileError) -> ArraySlice<UInt8> {
            guard instruction == 0xffff || instruction < instructions.count else { throw .invalidDataOffsets }
            let source = instruction == 0xffff ? data : instructions[instruction]
            guard offset + count <= source.count else { throw .invalidDataOffsets }
            return source[offset..<offset + count]
        }

        for index in 0..<count {
            let signatureBytes = try part(field(index, 1), field(index, 0), Signature.byteCount)
            let keyBytes = try part(field(index, 3), field(index, 2), Address.byteCount)
            let message = try part(field(index, 6), field(index, 4), field(index, 5))
            guard let signature = try? Signature(bytes: signatureBytes), let key = try? Address(bytes: keyBytes) else {
                throw .invalidDataOffsets
            }
            guard key.isOnCurve else { throw .invalidPublicKey }
            guard signature.verify(message, by: key) else { throw .invalidSignature }
        }
    }
}
