import Solana

/// The sysvar in which a program reads the transaction's other instructions.
///
/// Layout: a count, an offset for each instruction, then each one (accounts with flags, program, data), then the index
/// of the running one; integers are 16-bit little-endian.
enum InstructionsSysvar {
    /// The bytes for a transaction, with the running index 0.
    static func serialize(_ transaction: ResolvedTransaction) -> [UInt8] {
        let instructions = transaction.instructions
        var bytes: [UInt8] = []
        append(instructions.count, to: &bytes)
        bytes.append(contentsOf: repeatElement(0, count: 2 * instructions.count))
        for (index, instruction) in instructions.enumerated() {
            bytes[2 + 2 * index] = UInt8(truncatingIfNeeded: bytes.count)
            bytes[3 + 2 * index] = UInt8(truncatingIfNeeded: bytes.count >> 8)
            append(instruction.accountIndices.count, to: &bytes)
            for account in instruction.accountIndices {
                bytes.append(
                    (transaction.isSigner(Int(account)) ? 1 : 0) | (transaction.writable[Int(account)] ? 2 : 0)
                )
                transaction.accountKeys[Int(account)].withUnsafeBytes { bytes.append(contentsOf: $0) }
            }
            transaction.program(of: instruction).withUnsafeBytes { bytes.append(contentsOf: $0) }
            append(instruction.data.count, to: &bytes)
            bytes.append(contentsOf: instruction.data)
        }
        append(0, to: &bytes)
        return bytes
    }

    /// Notes which top-level instruction runs, if the transaction mentions the sysvar.
    static func setCurrentIndex(_ index: Int, in context: inout TransactionContext) {
        guard let position = context.transaction.accountKeys.firstIndex(of: WellKnownAddress.instructions) else {
            return
        }
        let end = context.accounts[position].data.count
        guard end >= 2 else { return }
        context.accounts[position].data[end - 2] = UInt8(truncatingIfNeeded: index)
        context.accounts[position].data[end - 1] = UInt8(truncatingIfNeeded: index >> 8)
    }

    private static func append(_ value: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    }
}
