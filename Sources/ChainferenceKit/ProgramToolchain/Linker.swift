/// Makes one program of one object: merges its sections, resolves calls, and turns the rest into fix-ups.
///
/// It refuses what the chain would accept and then fail on: system calls that do not exist or are not active, variables,
/// calls into the middle of functions.
public struct Linker: Sendable {
    /// The system calls that are allowed.
    public var syscalls: SyscallTable
    /// The name of the function at which the program starts.
    public var entrypoint: String

    /// The largest program, code and data together: an account holds 10 MiB, of which the loader takes 45 bytes.
    public static let sizeLimit = (10 << 20) - 45

    /// A linker for mainnet's system calls and the entry point that the loader expects.
    public init(syscalls: SyscallTable = .mainnet, entrypoint: String = "entrypoint") {
        self.syscalls = syscalls
        self.entrypoint = entrypoint
    }

    /// Links `object`.
    public func link(_ object: ELFObject) throws(LinkError) -> LinkedProgram {
        var session = try LinkSession(object: object, linker: self)
        return try session.link()
    }
}

/// The kinds of relocation that the BPF backend writes for code and data; the others occur in debug information only.
private enum RelocationKind {
    static let none: UInt32 = 0
    static let loadDoubleWord: UInt32 = 1
    static let absolute64: UInt32 = 2
    static let call: UInt32 = 10
}

private struct LinkSession {
    let object: ELFObject
    let linker: Linker
    /// Where each section of code or data went, by the section's index.
    var textOffsets: [Int: Int] = [:]
    var dataOffsets: [Int: Int] = [:]
    var text: [UInt8] = []
    var data: [UInt8] = []
    var functions: [LinkedProgram.Function] = []
    var functionStarts: Set<Int> = []
    /// For each 8-byte slot of the text, whether an instruction starts there; the second half of an `lddw` is none.
    var startsInstruction: [Bool] = []
    var textFixups: [LinkedProgram.Fixup] = []
    var dataFixups: [LinkedProgram.Fixup] = []
    var relocated: Set<Int> = []

    init(object: ELFObject, linker: Linker) throws(LinkError) {
        self.object = object
        self.linker = linker
        try placeSections()
        try findFunctions()
    }

    mutating func link() throws(LinkError) -> LinkedProgram {
        for index in object.sections.indices {
            guard let relocations = object.relocations[index] else { continue }
            if let base = textOffsets[index] {
                for relocation in relocations { try relocateText(relocation, section: index, base: base) }
            } else if let base = dataOffsets[index] {
                for relocation in relocations { try relocateData(relocation, section: index, base: base) }
            }
        }
        try checkDirectCalls()
        textFixups.sort { $0.offset < $1.offset }
        dataFixups.sort { $0.offset < $1.offset }
        for (first, second) in zip(dataFixups, dataFixups.dropFirst()) where second.offset < first.offset + 8 {
            throw .misplacedRelocation(section: "read-only data", offset: UInt64(second.offset))
        }
        return LinkedProgram(
            text: text,
            readOnlyData: data,
            entry: try entry(),
            functions: functions,
            textFixups: textFixups,
            dataFixups: dataFixups
        )
    }

    // MARK: Sections

    private mutating func placeSections() throws(LinkError) {
        for (index, section) in object.sections.enumerated() where section.isAllocated && section.size > 0 {
            let name = object.name(of: section)
            // Tables for unwinding the stack, which no validator does.
            if name == ".eh_frame" { continue }
            let isData = section.type == SectionType.contents && !section.isExecutable
            // The backend calls constants that hold addresses “relocatable read-only”, and marks them writable.
            guard !section.isWritable || (isData && name.hasPrefix(".data.rel.ro")) else {
                throw .writableData(section: name, symbols: symbolNames(in: index))
            }
            guard section.type == SectionType.contents || section.isZeroFilled else { throw .badSection(name) }
            guard !section.isZeroFilled else { throw .writableData(section: name, symbols: symbolNames(in: index)) }
            guard !object.sectionsWithAddends.contains(index) else { throw .badSection(name) }
            guard text.count + data.count + section.contents.count <= Linker.sizeLimit else {
                throw .tooLarge(
                    count: text.count + data.count + section.contents.count,
                    limit: Linker.sizeLimit
                )
            }
            if section.isExecutable {
                guard section.size.isMultiple(of: 8) else { throw .badSection(name) }
                textOffsets[index] = text.count
                text += object.contents(of: section)
            } else {
                // Constants need at most the alignment of a 128-bit integer.
                guard section.alignment <= 16, section.alignment.nonzeroBitCount <= 1 else { throw .badSection(name) }
                data.pad(to: max(1, Int(section.alignment)))
                dataOffsets[index] = data.count
                data += object.contents(of: section)
            }
        }
        data.pad(to: 8)
        startsInstruction = Array(repeating: false, count: text.count / 8)
        var slot = 0
        while slot < startsInstruction.count {
            startsInstruction[slot] = true
            slot += text[slot * 8] == Opcode.loadDoubleWord ? 2 : 1
        }
    }

    private func symbolNames(in section: Int) -> [String] {
        object.symbols
            .filter { $0.definition == .section(section) && $0.kind == SymbolKind.object }
            .prefix(8)
            .map { object.name(of: $0) }
    }

    // MARK: Functions

    private mutating func findFunctions() throws(LinkError) {
        for symbol in object.symbols where symbol.kind == SymbolKind.function {
            guard case .section(let section) = symbol.definition else { continue }
            guard let base = textOffsets[section] else { throw .misplacedFunction(object.name(of: symbol)) }
            let limit = UInt64(object.sections[section].contents.count)
            guard symbol.value < limit, symbol.size <= limit - symbol.value, symbol.size.isMultiple(of: 8),
                startsInstruction[(base + Int(symbol.value)) / 8], symbol.value.isMultiple(of: 8)
            else { throw .misplacedFunction(object.name(of: symbol)) }
            let start = base + Int(symbol.value)
            functions.append(.init(name: object.name(of: symbol), range: start..<(start + Int(symbol.size))))
            functionStarts.insert(start)
        }
        functions.sort { ($0.range.lowerBound, $0.name) < ($1.range.lowerBound, $1.name) }
    }

    private func entry() throws(LinkError) -> Int {
        let candidates = functions.filter { $0.name == linker.entrypoint }
        guard let first = candidates.first else { throw .missingEntrypoint(linker.entrypoint) }
        guard candidates.count == 1 else { throw .duplicateEntrypoint(linker.entrypoint) }
        return first.range.lowerBound
    }

    private func functionName(at offset: Int) -> String? { functions.name(at: offset) }

    // MARK: Relocations

    private mutating func relocateText(
        _ relocation: ELFObject.Relocation,
        section: Int,
        base: Int
    ) throws(LinkError) {
        let header = object.sections[section]
        let name = object.name(of: header)
        guard relocation.kind != RelocationKind.none else { return }
        guard relocation.offset.isMultiple(of: 8), relocation.offset < UInt64(header.contents.count) else {
            throw .misplacedRelocation(section: name, offset: relocation.offset)
        }
        let position = base + Int(relocation.offset)
        guard startsInstruction[position / 8], relocated.insert(position).inserted else {
            throw .misplacedRelocation(section: name, offset: relocation.offset)
        }
        let symbol = object.symbols[relocation.symbol]
        switch relocation.kind {
        case RelocationKind.loadDoubleWord:
            guard text[position] == Opcode.loadDoubleWord else {
                throw .unexpectedInstruction(opcode: text[position], section: name, offset: relocation.offset)
            }
            guard position + 16 <= base + header.contents.count else {
                throw .misplacedRelocation(section: name, offset: relocation.offset)
            }
            let low: UInt32 = text.littleEndian(at: position + 4)
            let high: UInt32 = text.littleEndian(at: position + 12)
            let addend = Int64(bitPattern: UInt64(high) << 32 | UInt64(low))
            let place = try place(of: symbol, addend: addend, user: functionName(at: position))
            if case .text(let target) = place, !functionStarts.contains(target) {
                throw .badCallTarget(caller: functionName(at: position), offset: position)
            }
            textFixups.append(.init(offset: position, value: .address(place)))
        case RelocationKind.call:
            guard text[position] == Opcode.call else {
                throw .unexpectedInstruction(opcode: text[position], section: name, offset: relocation.offset)
            }
            try relocateCall(at: position, to: symbol)
        default:
            throw .unsupportedRelocation(kind: relocation.kind, section: name, offset: relocation.offset)
        }
    }

    private mutating func relocateCall(at position: Int, to symbol: ELFObject.Symbol) throws(LinkError) {
        let caller = functionName(at: position)
        let name = object.name(of: symbol)
        switch symbol.definition {
        case .undefined:
            // LLVM's name for a trap; the VM's is `abort`.
            let call = name == "__bpf_trap" ? "abort" : name
            switch linker.syscalls.status(of: call) {
            case .active: textFixups.append(.init(offset: position, value: .syscall(call)))
            case .inactive: throw .inactiveSyscall(name: call, caller: caller)
            case .forbidden: throw .forbiddenSyscall(name: call, caller: caller)
            case nil where call.hasPrefix("sol_"): throw .unknownSyscall(name: call, caller: caller)
            case nil: throw .undefinedFunction(name: call, caller: caller)
            }
        case .section(let section):
            guard let base = textOffsets[section] else { throw .badCallTarget(caller: caller, offset: position) }
            var target = UInt64(base)
            let limit = UInt64(base + object.sections[section].contents.count)
            var overflow = false
            if symbol.kind == SymbolKind.section {
                // The operand counts instructions from the one after the section's start.
                let immediate: Int32 = text.littleEndian(at: position + 4)
                let distance = (Int64(immediate) + 1) * 8
                guard distance >= 0 else { throw .badCallTarget(caller: caller, offset: position) }
                target += UInt64(distance)
            } else {
                (target, overflow) = target.addingReportingOverflow(symbol.value)
            }
            guard !overflow, target < limit, functionStarts.contains(Int(target)) else {
                throw .badCallTarget(caller: caller, offset: position)
            }
            text[position + 1] = 0x10
            text.store(Int32((Int(target) - position) / 8 - 1), at: position + 4)
        case .absolute, .common: throw .undefinedFunction(name: name, caller: caller)
        }
    }

    private mutating func relocateData(
        _ relocation: ELFObject.Relocation,
        section: Int,
        base: Int
    ) throws(LinkError) {
        let header = object.sections[section]
        let name = object.name(of: header)
        guard relocation.kind != RelocationKind.none else { return }
        guard relocation.kind == RelocationKind.absolute64 else {
            throw .unsupportedRelocation(kind: relocation.kind, section: name, offset: relocation.offset)
        }
        let (end, overflow) = relocation.offset.addingReportingOverflow(8)
        guard !overflow, end <= UInt64(header.contents.count) else {
            throw .misplacedRelocation(section: name, offset: relocation.offset)
        }
        let position = base + Int(relocation.offset)
        let addend = Int64(bitPattern: data.littleEndian(at: position, as: UInt64.self))
        let place = try place(of: object.symbols[relocation.symbol], addend: addend, user: name)
        if case .text(let target) = place, !functionStarts.contains(target) {
            throw .badCallTarget(caller: name, offset: position)
        }
        dataFixups.append(.init(offset: position, value: .address(place)))
    }

    private func place(
        of symbol: ELFObject.Symbol,
        addend: Int64,
        user: String?
    ) throws(LinkError) -> LinkedProgram.Place {
        let name = object.name(of: symbol)
        guard case .section(let section) = symbol.definition else {
            throw .undefinedData(name: name, user: user)
        }
        let header = object.sections[section]
        let sum = Int64(bitPattern: symbol.value).addingReportingOverflow(addend)
        // One past the end is an address that loops compare with.
        guard !sum.overflow, sum.partialValue >= 0, sum.partialValue <= header.contents.count else {
            throw .addressOutOfBounds(symbol: name)
        }
        if let base = textOffsets[section] {
            guard sum.partialValue < header.contents.count else { throw .addressOutOfBounds(symbol: name) }
            return .text(base + Int(sum.partialValue))
        }
        if let base = dataOffsets[section] { return .readOnlyData(base + Int(sum.partialValue)) }
        if header.isAllocated, header.size == 0 { throw .addressOutOfBounds(symbol: name) }
        throw .discardedSection(symbol: name, section: object.name(of: header))
    }

    /// Calls inside one section reach the linker resolved; those without a relocation must already name a function.
    private func checkDirectCalls() throws(LinkError) {
        for position in stride(from: 0, to: text.count, by: 8)
        where startsInstruction[position / 8] && text[position] == Opcode.call && !relocated.contains(position) {
            let instruction = BPFInstruction(text, at: position)
            let target = position + (Int(instruction.immediate) + 1) * 8
            guard instruction.source == 1, functionStarts.contains(target) else {
                throw .badCallTarget(caller: functionName(at: position), offset: position)
            }
        }
    }
}
