/// Why an object can't become a program.
public enum LinkError: Error, Sendable, Hashable {
    /// The bytecode is larger than an account can hold.
    case tooLarge(count: Int, limit: Int)
    /// The function at which the program starts is not in the object.
    case missingEntrypoint(String)
    /// The function at which the program starts is defined more than once.
    case duplicateEntrypoint(String)
    /// A variable that can change while the program runs; the VM has no memory for it.
    case writableData(section: String, symbols: [String])
    /// A call of a function that is nowhere.
    case undefinedFunction(name: String, caller: String?)
    /// A use of a variable that is nowhere.
    case undefinedData(name: String, user: String?)
    /// A system call that no validator knows.
    case unknownSyscall(name: String, caller: String?)
    /// A system call that mainnet has not activated.
    case inactiveSyscall(name: String, caller: String?)
    /// A system call that a new program may not make.
    case forbiddenSyscall(name: String, caller: String?)
    /// A relocation of a kind that has no meaning here.
    case unsupportedRelocation(kind: UInt32, section: String, offset: UInt64)
    /// A relocation outside its section, in the middle of an instruction, or overlapping another one.
    case misplacedRelocation(section: String, offset: UInt64)
    /// A relocation at an instruction that has no operand of that kind.
    case unexpectedInstruction(opcode: UInt8, section: String, offset: UInt64)
    /// A symbol's value is outside its section, or an address falls outside the program.
    case addressOutOfBounds(symbol: String)
    /// A symbol in a section that does not become part of the program.
    case discardedSection(symbol: String, section: String)
    /// A function that starts in the middle of an instruction or in no code.
    case misplacedFunction(String)
    /// A call of something that is no function's start.
    case badCallTarget(caller: String?, offset: Int)
    /// A section whose length or alignment makes no sense.
    case badSection(String)
}

extension LinkError: CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var description: String {
        switch self {
        case .tooLarge(let count, let limit):
            "the program would have \(count) bytes of code and data; an account holds at most \(limit)"
        case .missingEntrypoint(let name):
            "there is no function “\(name)”: mark one with @c(\(name)) public, taking the two pointers and returning UInt64"
        case .duplicateEntrypoint(let name): "“\(name)” is defined more than once"
        case .writableData(let section, let symbols):
            "writable variables in \(section)"
                + (symbols.isEmpty ? "" : ": \(symbols.joined(separator: ", "))")
                + ". A program keeps no state of its own: make them `let` with constant values, or keep the data in an account"
        case .undefinedFunction(let name, let caller):
            "\(user(caller)) calls \(name), which is not part of the program. \(RuntimeSymbol.explanation(of: name))"
        case .undefinedData(let name, let caller):
            "\(user(caller)) uses \(name), which is not part of the program. \(RuntimeSymbol.explanation(of: name))"
        case .unknownSyscall(let name, let caller):
            "\(user(caller)) makes the system call \(name), which no validator knows. Check the spelling"
        case .inactiveSyscall(let name, let caller):
            "\(user(caller)) makes the system call \(name), which mainnet has not activated: the program would stop there"
        case .forbiddenSyscall(let name, let caller):
            "\(user(caller)) makes the system call \(name), which the loader refuses in new programs"
        case .unsupportedRelocation(let kind, let section, let offset):
            "relocation of kind \(kind) at \(section)+\(offset) has no meaning in a Solana program"
        case .misplacedRelocation(let section, let offset):
            "the relocation at \(section)+\(offset) is outside the section or not at an instruction"
        case .unexpectedInstruction(let opcode, let section, let offset):
            "the relocation at \(section)+\(offset) is at an instruction with opcode 0x\(String(opcode, radix: 16)),"
                + " which has no such operand"
        case .addressOutOfBounds(let symbol): "the address of \(symbol) is outside the program"
        case .discardedSection(let symbol, let section):
            "\(symbol) is in \(section), which does not become part of the program"
        case .misplacedFunction(let name): "the function \(name) does not lie on whole instructions of the code"
        case .badCallTarget(let caller, let offset):
            "\(user(caller)) calls, at byte \(offset), something that is not the start of a function"
        case .badSection(let name): "the section \(name) has an impossible length or alignment"
        }
    }

    private func user(_ name: String?) -> String { name ?? "the program" }
}
