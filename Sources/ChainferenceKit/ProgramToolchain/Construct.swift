/// What the VM, or the compiler's back end for it, can't do, in the words of somebody who writes Swift.
public enum Construct: String, Sendable, Hashable, CaseIterable {
    /// A function that isn't inlined returns a tuple, an optional or another value of more than 8 bytes.
    case aggregateReturn
    /// A function that isn't inlined takes more than five arguments.
    case tooManyArguments
    /// A 64-bit multiplication whose upper half is needed.
    case wideMultiplication
    /// A division of 128-bit integers.
    case wideDivision
    /// A division of signed integers.
    case signedDivision
    /// Arithmetic with floating-point numbers.
    case floatingPoint
    /// Memory from a heap: a class, an array, a string, an escaping closure.
    case heapAllocation
    /// Reference counting: a class, an array, a string, an escaping closure.
    case referenceCounting
    /// A global or static whose value is computed at its first use.
    case lazyGlobal
    /// A global or static variable.
    case writableGlobal
    /// An atomic operation.
    case atomicOperation
    /// A cast whose outcome is decided while the program runs.
    case dynamicCast
    /// `print` and its kin.
    case printing
    /// Random numbers.
    case randomness
    /// Unicode tables of the standard library.
    case unicode
    /// A function needs more than 4,096 bytes of stack.
    case frameOverflow
    /// A call of a function that is not in the program.
    case undefinedFunction
    /// A use of a variable that is not in the program.
    case undefinedData
    /// A system call that no validator knows.
    case unknownSyscall
    /// A system call that mainnet has not activated.
    case inactiveSyscall
    /// A system call that new programs may not make.
    case forbiddenSyscall
    /// A system call is declared with something other than 64-bit integers and pointers.
    case syscallSignature
    /// The entry point has another shape than the loader calls.
    case entrypointSignature
    /// Something that this toolchain has no better words for than the compiler's.
    case other

    /// Allocation and reference counting come from the same constructs of the language.
    var isAboutMemory: Bool { self == .heapAllocation || self == .referenceCounting }

    /// The construct, as part of a sentence.
    public var summary: String {
        switch self {
        case .aggregateReturn: "a return value of more than 8 bytes"
        case .tooManyArguments: "more than five arguments"
        case .wideMultiplication: "a 64-bit multiplication that needs the upper half of the product"
        case .wideDivision: "a 128-bit division"
        case .signedDivision: "a signed division"
        case .floatingPoint: "floating-point arithmetic"
        case .heapAllocation: "memory from a heap (a class, an array, a string or an escaping closure)"
        case .referenceCounting: "reference counting (a class, an array, a string or an escaping closure)"
        case .lazyGlobal: "a global or static that is computed at its first use"
        case .writableGlobal: "a global or static variable"
        case .atomicOperation: "an atomic operation"
        case .dynamicCast: "a cast that is decided while the program runs"
        case .printing: "printing"
        case .randomness: "random numbers"
        case .unicode: "text processing that needs Unicode tables"
        case .frameOverflow: "a stack frame of more than 4,096 bytes"
        case .undefinedFunction: "a function that is not part of the program"
        case .undefinedData: "a variable that is not part of the program"
        case .unknownSyscall: "a system call that no validator knows"
        case .inactiveSyscall: "a system call that mainnet has not activated"
        case .forbiddenSyscall: "a system call that the loader refuses in new programs"
        case .syscallSignature: "a system call declared with other than 64-bit integers and pointers"
        case .entrypointSignature: "an entry point of the wrong shape"
        case .other: "something the compiler can't translate"
        }
    }

    /// What to write instead.
    public var cure: String {
        switch self {
        case .aggregateReturn:
            "Mark the function @inline(__always), or write the result through an inout or pointer parameter"
        case .tooManyArguments: "Mark the function @inline(__always), or pass a pointer to a struct"
        case .wideMultiplication:
            "Use &* if the product fits by construction; else multiply 32-bit halves (see Documentation/program-toolchain.md)"
        case .wideDivision: "Divide 64-bit integers only; scale the numbers first"
        case .signedDivision: "Divide unsigned integers: UInt64(bitPattern:), with the sign handled apart"
        case .floatingPoint: "Use integers in the smallest unit, such as lamports"
        case .heapAllocation, .referenceCounting:
            "Use structs, tuples, InlineArray, StaticString and unsafe pointers into the accounts or the VM's heap"
        case .lazyGlobal: "Give it a value that the compiler can compute, or compute it where it is used"
        case .writableGlobal:
            "Make it a let with a constant value, or keep it in an account: a program keeps no state between or during calls"
        case .atomicOperation: "Remove it: a program runs on one thread"
        case .dynamicCast: "Use generics or an enum"
        case .printing: "Log with the system call sol_log_"
        case .randomness: "There is none on a chain: every validator must compute the same"
        case .unicode: "Compare bytes: StaticString.utf8Start, or UInt8 tables"
        case .frameOverflow:
            "Use smaller locals, move work into functions marked @inline(never), or use the VM's heap at 0x300000000 as scratch"
        case .undefinedFunction, .undefinedData:
            "Declare system calls with @_extern(c, \"sol_…\"); everything else must be in the program's own sources"
        case .unknownSyscall: "Check the spelling; the linker's table lists what there is"
        case .inactiveSyscall: "Do without it until mainnet has it: the program would stop there"
        case .forbiddenSyscall: "Do without it"
        case .syscallSignature: "Declare its parameters as UInt64 or pointers and its result as UInt64 or nothing"
        case .entrypointSignature:
            "Declare @c(entrypoint) public func entrypoint(_ input: UnsafeMutableRawPointer,"
                + " _ instruction: UnsafeMutableRawPointer) -> UInt64"
        case .other: "Simplify the function; --keep shows the intermediate code"
        }
    }

    /// The construct that a call of a function of Swift's runtime, the C library or the compiler's support library stands for.
    public init?(runtimeSymbol symbol: String) {
        switch symbol {
        case "malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "swift_slowAlloc",
            "swift_slowDealloc", "swift_allocObject", "swift_allocEmptyBox", "swift_allocBox", "swift_deallocObject",
            "swift_deallocClassInstance", "swift_coroFrameAlloc":
            self = .heapAllocation
        case "swift_once": self = .lazyGlobal
        case "__multi3", "__muloti4", "__mulodi4", "__umodi3": self = .wideMultiplication
        case "__udivti3", "__umodti3", "__divti3", "__modti3", "__udivmodti4", "__divmodti4": self = .wideDivision
        case "__divdi3", "__moddi3", "__divsi3", "__modsi3": self = .signedDivision
        case "putchar", "puts", "printf", "write": self = .printing
        case "arc4random_buf", "getrandom", "rand", "random": self = .randomness
        case "fmod", "fmodf", "pow", "sqrt", "sin", "cos", "exp", "log", "floor", "ceil", "round", "trunc":
            self = .floatingPoint
        case _ where symbol.hasPrefix("_swift_stdlib_"): self = .unicode
        case _ where symbol.hasPrefix("swift_dynamicCast") || symbol.hasPrefix("swift_conformsToProtocol"):
            self = .dynamicCast
        case _ where symbol.hasPrefix("swift_"):
            self = .referenceCounting
        case _ where symbol.hasPrefix("__atomic_") || symbol.hasPrefix("__sync_"): self = .atomicOperation
        case _ where Self.isSoftFloat(symbol): self = .floatingPoint
        default: return nil
        }
    }

    /// The support library's names: an operation, then the types (`sf`, `df`, `tf`, `hf`), then the count of operands.
    private static func isSoftFloat(_ symbol: String) -> Bool {
        guard symbol.hasPrefix("__") else { return false }
        let operations = [
            "__add", "__sub", "__mul", "__div", "__neg", "__fix", "__float", "__extend", "__trunc", "__eq", "__ne",
            "__lt", "__le", "__gt", "__ge", "__unord", "__powi",
        ]
        let types = ["sf", "df", "tf", "hf"]
        return operations.contains { operation in
            guard symbol.hasPrefix(operation) else { return false }
            let rest = symbol.dropFirst(operation.count)
            return types.contains { type in rest.contains(type) }
        }
    }
}
