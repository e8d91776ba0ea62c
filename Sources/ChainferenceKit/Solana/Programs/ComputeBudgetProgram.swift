/// The program that sets how much a transaction may compute, and what it pays for being first.
///
/// Its instructions use no accounts.
public enum ComputeBudgetProgram {
    /// The program's id.
    public static let id = Address(literal: "ComputeBudget111111111111111111111111111111")

    /// The most compute units that a transaction can ask for.
    public static let maximumComputeUnitLimit: UInt32 = 1_400_000

    /// Asks for a heap of so many bytes: a multiple of 1,024 from 32 to 256 KiB.
    public static func requestHeapFrame(byteCount: UInt32) -> Instruction {
        ComputeBudgetInstruction.requestHeapFrame(byteCount: byteCount).instruction
    }

    /// Limits the compute units of the whole transaction; without it, 200,000 for each instruction.
    public static func setComputeUnitLimit(_ units: UInt32) -> Instruction {
        ComputeBudgetInstruction.setComputeUnitLimit(units).instruction
    }

    /// Offers a price for being first; ``MicroLamports/fee(computeUnitLimit:)`` is what it costs.
    public static func setComputeUnitPrice(_ price: MicroLamports) -> Instruction {
        ComputeBudgetInstruction.setComputeUnitPrice(price).instruction
    }

    /// Limits the size of all accounts that the transaction loads, which makes it cheaper to place in a block.
    public static func setLoadedAccountsDataSizeLimit(byteCount: UInt32) -> Instruction {
        ComputeBudgetInstruction.setLoadedAccountsDataSizeLimit(byteCount: byteCount).instruction
    }
}

/// What the compute-budget program is told: one byte for the case, then a number (Borsh).
public enum ComputeBudgetInstruction: Hashable, Sendable {
    /// Asks for a heap (1).
    case requestHeapFrame(byteCount: UInt32)

    /// Limits the compute units (2).
    case setComputeUnitLimit(UInt32)

    /// Offers a price for each compute unit (3).
    case setComputeUnitPrice(MicroLamports)

    /// Limits the size of the loaded accounts (4).
    case setLoadedAccountsDataSizeLimit(byteCount: UInt32)
}

extension ComputeBudgetInstruction {
    var instruction: Instruction {
        Instruction(program: ComputeBudgetProgram.id, accounts: [], data: data)
    }

    /// The instruction's data.
    public var data: [UInt8] {
        switch self {
        case .requestHeapFrame(let count): [1] + count.littleEndianBytes
        case .setComputeUnitLimit(let units): [2] + units.littleEndianBytes
        case .setComputeUnitPrice(let price): [3] + price.rawValue.littleEndianBytes
        case .setLoadedAccountsDataSizeLimit(let count): [4] + count.littleEndianBytes
        }
    }

    /// What an instruction's data say; `nil` if the runtime would answer `InvalidInstructionData`.
    ///
    /// Bytes after the number are ignored, as the runtime does.
    public init?(decoding data: some Collection<UInt8>) {
        var reader = BincodeReader(Array(data))
        let value: ComputeBudgetInstruction? =
            switch reader.readInteger(UInt8.self) {
            case 1: reader.readInteger(UInt32.self).map { .requestHeapFrame(byteCount: $0) }
            case 2: reader.readInteger(UInt32.self).map { .setComputeUnitLimit($0) }
            case 3: reader.readInteger(UInt64.self).map { .setComputeUnitPrice(MicroLamports($0)) }
            case 4: reader.readInteger(UInt32.self).map { .setLoadedAccountsDataSizeLimit(byteCount: $0) }
            default: nil
            }
        guard let value else { return nil }
        self = value
    }
}
