/// The sizes that matter for a program's cost: what the functions take in code and stack.
public struct ProgramReport: Sendable, Hashable {
    /// One function.
    public struct Function: Sendable, Hashable {
        /// The name, readable if the caller had a better one than the object's.
        public let name: String
        /// How many bytes of code it has.
        public let codeSize: Int
        /// How many bytes of stack it uses, as far as its instructions tell.
        public let frameSize: Int
    }

    /// The functions, largest first.
    public let functions: [Function]
    /// The bytes of code.
    public let codeSize: Int
    /// The bytes of read-only data.
    public let dataSize: Int
    /// The system calls, sorted.
    public let syscalls: [String]

    /// Measures a linked program; `names` has better names for functions.
    public init(_ program: LinkedProgram, names: [String: String] = [:]) {
        codeSize = program.text.count
        dataSize = program.readOnlyData.count
        syscalls = program.syscalls
        functions = program.functions
            .map { function in
                Function(
                    name: names[function.name] ?? function.name,
                    codeSize: function.range.count,
                    frameSize: Self.frameSize(of: function.range, in: program.text)
                )
            }
            .sorted { ($1.codeSize, $0.name) < ($0.codeSize, $1.name) }
    }

    /// The deepest offset from the frame pointer, by which memory is accessed or which is added to a copy of it.
    private static func frameSize(of range: Range<Int>, in text: [UInt8]) -> Int {
        var deepest = 0
        var copies: Set<UInt8> = []
        var position = range.lowerBound
        while position < range.upperBound {
            let instruction = BPFInstruction(text, at: position)
            switch instruction.opcode {
            case _ where Opcode.loads.contains(instruction.opcode):
                if instruction.source == 10 { deepest = min(deepest, Int(instruction.offset)) }
                copies.remove(instruction.destination)
            case _ where Opcode.storesOfImmediate.union(Opcode.storesOfRegister).contains(instruction.opcode):
                if instruction.destination == 10 { deepest = min(deepest, Int(instruction.offset)) }
            case Opcode.move64Register where instruction.source == 10: copies.insert(instruction.destination)
            case Opcode.add64Immediate where copies.remove(instruction.destination) != nil:
                deepest = min(deepest, Int(instruction.immediate))
            default: copies.remove(instruction.destination)
            }
            position += instruction.opcode == Opcode.loadDoubleWord ? 16 : 8
        }
        return -deepest
    }
}

extension ProgramReport: CustomStringConvertible {
    /// A table of the functions, then the totals.
    public var description: String {
        var lines = functions.map { "\(Self.padded($0.codeSize)) code \(Self.padded($0.frameSize)) stack  \($0.name)" }
        lines.append("\(Self.padded(codeSize)) code \(Self.padded(dataSize)) read-only data")
        lines.append("system calls: \(syscalls.joined(separator: ", "))")
        return lines.joined(separator: "\n")
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: " ", count: max(0, 7 - digits.count)) + digits
    }
}
