/// Why a linked program must not go on the chain.
public struct VerificationError: Error, Sendable, Hashable {
    /// What is wrong.
    public enum Reason: Error, Sendable, Hashable {
        /// The code is empty or no multiple of 8 bytes.
        case badLength(Int)
        /// The VM has no such instruction in this version.
        case unknownOpcode(UInt8)
        /// An atomic instruction, which the VM does not have.
        case atomicInstruction
        /// An instruction with an offset or operand field that this opcode does not have; clang uses those for
        /// instructions of newer BPF versions (signed division, sign-extending moves), which the VM would misread.
        case unexpectedField
        /// The second half of a 64-bit constant is missing.
        case incompleteLoad
        /// A 64-bit constant that stands for a kernel object.
        case pseudoLoad
        /// A jump out of the code or into the middle of an instruction.
        case badJump(target: Int)
        /// A call of something that is no function, or of the call itself.
        case badCall
        /// A register that does not exist, or a write to the frame pointer.
        case badRegister
        /// A division by the constant 0.
        case divisionByZero
        /// A shift by at least the width of the operand.
        case badShift
        /// A byte swap of another width than 16, 32 or 64.
        case badByteSwap
        /// An access outside the function's own frame of 4,096 bytes.
        case frameOverflow(offset: Int)
        /// The code may run past its end.
        case noEnd
        /// A system call that is not active.
        case inactiveSyscall(String)
        /// The entry point is not the start of a function.
        case badEntry
    }

    /// What is wrong.
    public let reason: Reason
    /// The function it is in.
    public let function: String?
    /// The offset of the instruction in the code, in bytes.
    public let offset: Int
}

extension VerificationError: CustomStringConvertible {
    /// What is wrong and where.
    public var description: String {
        "\(function ?? "the program"), byte \(offset) of the code: \(reason)"
    }
}

extension VerificationError.Reason: CustomStringConvertible {
    /// What is wrong.
    public var description: String {
        switch self {
        case .badLength(let count): "\(count) bytes of code; it must be a positive multiple of 8"
        case .unknownOpcode(let opcode): "the VM has no instruction 0x\(String(opcode, radix: 16))"
        case .atomicInstruction: "an atomic instruction; the VM has none"
        case .unexpectedField: "a field is set that this instruction does not have; the VM would compute something else"
        case .incompleteLoad: "the second half of a 64-bit constant is missing"
        case .pseudoLoad: "a constant that only a kernel can provide"
        case .badJump(let target): "a jump to byte \(target), where no instruction starts"
        case .badCall: "a call of something that is not another function's start"
        case .badRegister: "a register that does not exist or can't be written"
        case .divisionByZero: "a division by the constant 0"
        case .badShift: "a shift by more bits than the operand has"
        case .badByteSwap: "a byte swap of a width other than 16, 32 or 64"
        case .frameOverflow(let offset):
            "an access at frame offset \(offset), outside the function's 4,096 bytes of stack"
        case .noEnd: "the code may run past its end"
        case .inactiveSyscall(let name): "a call of \(name), which is not active"
        case .badEntry: "the entry point is not the start of a function"
        }
    }
}
