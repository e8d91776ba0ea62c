import Borsh
import Solana

extension TransactionRecord: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(signature, slot, blockTime, wireBytes, accountKeys)
        try writer.write(UInt8(clamping: loadedWritableCount), UInt8(clamping: loadedReadonlyCount))
        try writer.write(error.map(StoredError.init), fee, preBalances, postBalances)
        try writer.write(logs, computeUnits)
        let inner = innerInstructions.map { (UInt8(clamping: $0), $1) }
        try writer.write(Dictionary(inner) { first, _ in first }, returnData, memo)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (signature, slot, blockTime, wireBytes, accountKeys) = try reader.read()
        let (writable, readonly): (UInt8, UInt8) = try reader.read()
        loadedWritableCount = Int(writable)
        loadedReadonlyCount = Int(readonly)
        let stored: StoredError?
        (stored, fee, preBalances, postBalances) = try reader.read()
        error = stored?.error
        (logs, computeUnits) = try reader.read()
        let inner: [UInt8: [InnerInstruction]]
        (inner, returnData, memo) = try reader.read()
        innerInstructions = Dictionary(uniqueKeysWithValues: inner.map { (Int($0), $1) })
    }

    /// Whether the record is about the transaction that it holds, and everything in it points somewhere.
    func isConsistent(upTo newest: UInt64) -> Bool {
        guard slot <= newest, let transaction = try? Transaction(decoding: wireBytes) else { return false }
        let count = accountKeys.count
        return transaction.signatures.first == signature
            && count == transaction.message.accounts.count + loadedWritableCount + loadedReadonlyCount
            && accountKeys.starts(with: transaction.message.accounts)
            && preBalances.count == count && postBalances.count == count
            && transaction.message.instructions.allSatisfy { instruction in
                Int(instruction.programIndex) < count && instruction.accountIndices.allSatisfy { Int($0) < count }
            }
            && innerInstructions.allSatisfy { index, calls in
                index < transaction.message.instructions.count
                    && calls.allSatisfy { $0.programIndex < count && $0.accountIndexes.allSatisfy { $0 < count } }
            }
    }
}

extension TransactionRecord.InnerInstruction: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(UInt8(clamping: programIndex), accountIndexes.map { UInt8(clamping: $0) })
        try writer.write(data, UInt8(clamping: stackHeight))
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let (program, accounts): (UInt8, [UInt8]) = try reader.read()
        let (data, height): ([UInt8], UInt8) = try reader.read()
        self.init(
            programIndex: Int(program),
            accountIndexes: accounts.map(Int.init),
            data: data,
            stackHeight: Int(height)
        )
    }
}

extension TransactionRecord.ReturnData: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(program, data)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let (program, data): (Address, [UInt8]) = try reader.read()
        self.init(program: program, data: data)
    }
}

/// A transaction's error by the runtime's name, with its number and an instruction's error where it has them.
private struct StoredError: BorshCodable {
    var error: TransactionError

    init(_ error: TransactionError) {
        self.error = error
    }

    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(error.name)
        switch error {
        case .instructionError(let index, let inner):
            try writer.write(index, inner.name)
            if case .custom(let code) = inner { try writer.write(code) }
        case .duplicateInstruction(let index), .insufficientFundsForRent(let index),
            .programExecutionTemporarilyRestricted(let index):
            try writer.write(index)
        default: return
        }
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let name: String = try reader.read()
        switch name {
        case "InstructionError":
            let (index, inner): (UInt8, String) = try reader.read()
            error = .instructionError(
                index: index,
                inner == "Custom" ? .custom(try reader.read()) : InstructionError(name: inner)
            )
        case "DuplicateInstruction": error = .duplicateInstruction(index: try reader.read())
        case "InsufficientFundsForRent": error = .insufficientFundsForRent(accountIndex: try reader.read())
        case "ProgramExecutionTemporarilyRestricted":
            error = .programExecutionTemporarilyRestricted(accountIndex: try reader.read())
        default: error = TransactionError(name: name)
        }
    }
}
