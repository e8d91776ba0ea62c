/// Checks a linked program as the chain will, and more strictly.
///
/// The rules of the loader's own verifier come from anza-xyz/sbpf, `src/verifier.rs`. The loader does not check
/// system calls of version 3, frame offsets, fields that newer BPF versions gave a meaning, or whether the code can run
/// past its end; this does.
public struct Verifier: Sendable {
    /// The format whose rules apply.
    public var version: SBPFVersion
    /// The system calls that are allowed.
    public var syscalls: SyscallTable
    /// The size of a stack frame, in bytes.
    public static let frameSize = 4096

    /// A verifier for one format.
    public init(version: SBPFVersion, syscalls: SyscallTable = .mainnet) {
        self.version = version
        self.syscalls = syscalls
    }

    /// Throws at the first instruction that breaks a rule.
    public func verify(_ program: LinkedProgram) throws(VerificationError) {
        let text = program.text
        guard !text.isEmpty, text.count.isMultiple(of: 8) else {
            throw VerificationError(reason: .badLength(text.count), function: nil, offset: 0)
        }
        let starts = Set(program.functions.map(\.range.lowerBound))
        guard starts.contains(program.entry) else {
            throw VerificationError(reason: .badEntry, function: nil, offset: program.entry)
        }
        var syscallSites: [Int: String] = [:]
        for fixup in program.textFixups {
            if case .syscall(let name) = fixup.value { syscallSites[fixup.offset] = name }
        }
        var position = 0
        var last = BPFInstruction(text, at: 0)
        while position < text.count {
            let instruction = BPFInstruction(text, at: position)
            do {
                try check(instruction, at: position, in: text)
                if instruction.opcode == Opcode.call {
                    try checkCall(instruction, at: position, syscall: syscallSites[position], functions: starts)
                }
            } catch {
                throw VerificationError(reason: error, function: program.functionName(at: position), offset: position)
            }
            last = instruction
            position += instruction.opcode == Opcode.loadDoubleWord ? 16 : 8
        }
        // A call may end the code: `abort` does not return.
        guard [Opcode.exit, Opcode.jumpAlways, Opcode.call].contains(last.opcode) else {
            let offset = text.count - 8
            throw VerificationError(reason: .noEnd, function: program.functionName(at: offset), offset: offset)
        }
    }

    private func check(
        _ instruction: BPFInstruction,
        at position: Int,
        in text: [UInt8]
    ) throws(VerificationError.Reason) {
        let opcode = instruction.opcode
        var mayNameFramePointer = false
        switch opcode {
        case Opcode.loadDoubleWord:
            guard position + 16 <= text.count else { throw .incompleteLoad }
            let rest = BPFInstruction(text, at: position + 8)
            guard rest.opcode == 0, rest.destination == 0, rest.source == 0, rest.offset == 0 else {
                throw .incompleteLoad
            }
            guard instruction.source == 0, instruction.offset == 0 else { throw .pseudoLoad }
        case _ where Opcode.loads.contains(opcode):
            try checkFrame(base: instruction.source, instruction)
        case _ where Opcode.storesOfImmediate.contains(opcode) || Opcode.storesOfRegister.contains(opcode):
            mayNameFramePointer = true
            try checkFrame(base: instruction.destination, instruction)
        case _ where Opcode.atomics.contains(opcode): throw .atomicInstruction
        case _ where Opcode.arithmetic.contains(opcode):
            try checkArithmetic(instruction)
        case Opcode.littleEndian, Opcode.bigEndian:
            guard [16, 32, 64].contains(instruction.immediate) else { throw .badByteSwap }
        case Opcode.jumpAlways:
            try checkJump(instruction, at: position, in: text)
        case _ where Opcode.jumps64.contains(opcode) || (version == .v3 && Opcode.jumps32.contains(opcode)):
            try checkJump(instruction, at: position, in: text)
        case Opcode.callRegister:
            // Version 0 has the register in the operand; the writer moves it there.
            guard instruction.destination < 10, instruction.source == 0, instruction.immediate == 0 else {
                throw .badRegister
            }
        case Opcode.call, Opcode.exit: break
        default: throw .unknownOpcode(opcode)
        }
        guard instruction.source <= 10 else { throw .badRegister }
        guard instruction.destination <= (mayNameFramePointer ? 10 : 9) else { throw .badRegister }
    }

    private func checkArithmetic(_ instruction: BPFInstruction) throws(VerificationError.Reason) {
        guard instruction.offset == 0 else { throw .unexpectedField }
        let opcode = instruction.opcode
        if Opcode.divisionsByImmediate.contains(opcode), instruction.immediate == 0 { throw .divisionByZero }
        if Opcode.shifts32ByImmediate.contains(opcode), !(0..<32).contains(instruction.immediate) { throw .badShift }
        if Opcode.shifts64ByImmediate.contains(opcode), !(0..<64).contains(instruction.immediate) { throw .badShift }
    }

    /// Register 10 points at the end of the frame; above it lies the frame of the next function, below it that of the caller.
    private func checkFrame(base: UInt8, _ instruction: BPFInstruction) throws(VerificationError.Reason) {
        guard base == 10 else { return }
        let offset = Int(instruction.offset)
        let width = [0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8][instruction.opcode & 0x18] ?? 8
        guard offset >= -Self.frameSize, offset + width <= 0 else { throw .frameOverflow(offset: offset) }
    }

    private func checkJump(
        _ instruction: BPFInstruction,
        at position: Int,
        in text: [UInt8]
    ) throws(VerificationError.Reason) {
        let target = position + (Int(instruction.offset) + 1) * 8
        guard target >= 0, target < text.count, text[target] != 0 else { throw .badJump(target: target) }
    }

    private func checkCall(
        _ instruction: BPFInstruction,
        at position: Int,
        syscall: String?,
        functions: Set<Int>
    ) throws(VerificationError.Reason) {
        if let syscall {
            guard syscalls.status(of: syscall) == .active else { throw .inactiveSyscall(syscall) }
            return
        }
        // A call of itself would be -1, which version 0 takes for a system call.
        guard instruction.source == 1, instruction.immediate != -1,
            functions.contains(position + (Int(instruction.immediate) + 1) * 8)
        else { throw .badCall }
    }
}
