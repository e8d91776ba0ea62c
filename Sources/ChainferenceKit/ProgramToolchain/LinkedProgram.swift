/// A program after linking and before it is written in one of the two formats: what both have in common.
public struct LinkedProgram: Sendable, Hashable {
    /// A function in the program.
    public struct Function: Sendable, Hashable {
        /// The name in the object, mangled if the function is Swift's.
        public let name: String
        /// Where in ``LinkedProgram/text`` its instructions are.
        public let range: Range<Int>
    }

    /// A place in the program, whose address depends on the format.
    public enum Place: Sendable, Hashable {
        /// An offset in the bytecode.
        case text(Int)
        /// An offset in the read-only data.
        case readOnlyData(Int)
    }

    /// A hole in the bytecode or the data that the writer fills.
    public struct Fixup: Sendable, Hashable {
        /// The offset of the `lddw` or `call` instruction in the text, or of the 8 bytes in the data.
        public let offset: Int
        /// What belongs there.
        public let value: Value
    }

    /// What a fix-up puts in.
    public enum Value: Sendable, Hashable {
        /// The address of a place, as the operand of an `lddw` or as 8 bytes of data.
        case address(Place)
        /// The number of a system call, as the operand of a `call`.
        case syscall(String)
    }

    /// The bytecode.
    ///
    /// Calls between functions are resolved; addresses and system calls are holes.
    public internal(set) var text: [UInt8]
    /// The read-only data, padded to a multiple of 8.
    public internal(set) var readOnlyData: [UInt8]
    /// The offset of the first instruction in ``text``.
    public internal(set) var entry: Int
    /// The functions by ascending offset.
    public internal(set) var functions: [Function]
    /// The holes in the text by ascending offset.
    public internal(set) var textFixups: [Fixup]
    /// The holes in the read-only data by ascending offset.
    public internal(set) var dataFixups: [Fixup]

    /// The system calls that the program makes, sorted.
    public var syscalls: [String] {
        var names: Set<String> = []
        for fixup in textFixups {
            if case .syscall(let name) = fixup.value { names.insert(name) }
        }
        return names.sorted()
    }

    /// The name of the function that holds the instruction at `offset`.
    public func functionName(at offset: Int) -> String? {
        functions.name(at: offset)
    }
}

extension [LinkedProgram.Function] {
    /// The name of the last function that starts at or before `offset`; the functions must be sorted.
    func name(at offset: Int) -> String? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].range.lowerBound <= offset { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? self[low - 1].name : nil
    }
}
