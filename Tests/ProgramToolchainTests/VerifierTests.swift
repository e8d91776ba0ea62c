import Testing

@testable import ProgramToolchain

@Suite("Verifier")
struct VerifierTests {
    typealias Reason = VerificationError.Reason

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: Reason
        let code: [[UInt8]]

        init(_ name: String, _ expected: Reason, _ code: [[UInt8]]) {
            testDescription = name
            self.expected = expected
            self.code = code
        }
    }

    private static func i(
        _ opcode: UInt8,
        _ destination: UInt8 = 0,
        _ source: UInt8 = 0,
        _ offset: Int16 = 0,
        _ immediate: Int32 = 0
    ) -> [UInt8] {
        ObjectBuilder.instruction(
            opcode,
            destination: destination,
            source: source,
            offset: offset,
            immediate: immediate
        )
    }

    private static let exit = ObjectBuilder.exit

    static let cases: [Case] = [
        Case("atomic addition of 64 bits", .atomicInstruction, [i(0xdb, 1, 2), exit]),
        Case("atomic addition of 32 bits", .atomicInstruction, [i(0xc3, 1, 2), exit]),
        Case("load from a packet", .unknownOpcode(0x20), [i(0x20), exit]),
        Case("byte swap of newer BPF", .unknownOpcode(0xd7), [i(0xd7, 1, 0, 0, 64), exit]),
        Case("long jump of newer BPF", .unknownOpcode(0x06), [i(0x06, 0, 0, 0, 0), exit]),
        Case("sign-extending load of newer BPF", .unknownOpcode(0x91), [i(0x91, 1, 2), exit]),
        Case("low multiplication of version 2", .unknownOpcode(0x86), [i(0x86, 1, 0, 0, 3), exit]),
        Case("opcode 0", .unknownOpcode(0), [i(0), exit]),
        Case("signed division of newer BPF", .unexpectedField, [i(0x3f, 1, 2, 1), exit]),
        Case("sign-extending move of newer BPF", .unexpectedField, [i(0xbf, 1, 2, 8), exit]),
        Case("half a constant at the end", .incompleteLoad, [exit, i(0x18, 1)]),
        Case("half a constant before an instruction", .incompleteLoad, [i(0x18, 1), exit]),
        Case("a second half with a register", .incompleteLoad, [i(0x18, 1), i(0, 1), exit]),
        Case("the address of a kernel map", .pseudoLoad, [i(0x18, 1, 1), i(0), exit]),
        Case("a jump beyond the end", .badJump(target: 24), [i(0x05, 0, 0, 2), exit]),
        Case("a jump before the start", .badJump(target: -8), [i(0x15, 0, 0, -2), exit]),
        Case("a jump into a constant", .badJump(target: 16), [i(0x05, 0, 0, 1), i(0x18, 1), i(0), exit]),
        Case("register 11", .badRegister, [i(0xbf, 1, 11), exit]),
        Case("a write to register 11", .badRegister, [i(0xbf, 11, 1), exit]),
        Case("a write to the frame pointer", .badRegister, [i(0xbf, 10, 1), exit]),
        Case("a load into the frame pointer", .badRegister, [i(0x79, 10, 1), exit]),
        Case("a call through the frame pointer", .badRegister, [i(0x8d, 10), exit]),
        Case("a call through a register in the operand", .badRegister, [i(0x8d, 0, 0, 0, 3), exit]),
        Case("a 64-bit division by 0", .divisionByZero, [i(0x37, 1), exit]),
        Case("a 32-bit remainder by 0", .divisionByZero, [i(0x94, 1), exit]),
        Case("a shift by 64", .badShift, [i(0x67, 1, 0, 0, 64), exit]),
        Case("a 32-bit shift by 32", .badShift, [i(0x74, 1, 0, 0, 32), exit]),
        Case("a shift by -1", .badShift, [i(0xc7, 1, 0, 0, -1), exit]),
        Case("a byte swap of 24 bits", .badByteSwap, [i(0xdc, 1, 0, 0, 24), exit]),
        Case("a load below the frame", .frameOverflow(offset: -4104), [i(0x79, 1, 10, -4104), exit]),
        Case("a store above the frame", .frameOverflow(offset: 0), [i(0x7b, 10, 1, 0), exit]),
        Case("a store that reaches above the frame", .frameOverflow(offset: -4), [i(0x7b, 10, 1, -4), exit]),
        Case("code that runs past its end", .noEnd, [exit, i(0xb7, 1)]),
    ]

    @Test("refuses what the VM would", arguments: cases)
    func refused(_ bad: Case) throws {
        let program = LinkedProgram(
            text: bad.code.flatMap { $0 },
            readOnlyData: [],
            entry: 0,
            functions: [.init(name: "entrypoint", range: 0..<(bad.code.count * 8))],
            textFixups: [],
            dataFixups: []
        )
        for version in SBPFVersion.allCases {
            let error = #expect(throws: VerificationError.self) { try Verifier(version: version).verify(program) }
            #expect(error?.reason == bad.expected)
            #expect(error?.function == "entrypoint")
        }
    }

    @Test("accepts 32-bit comparisons in version 3 only")
    func compare32() throws {
        let program = try linked([Self.i(0x26, 1, 0, 0, 3), Self.exit])
        try Verifier(version: .v3).verify(program)
        let error = #expect(throws: VerificationError.self) { try Verifier(version: .v0).verify(program) }
        #expect(error?.reason == .unknownOpcode(0x26))
    }

    @Test("accepts every instruction of the machine")
    func allInstructions() throws {
        var code: [[UInt8]] = []
        for opcode in Opcode.loads { code.append(Self.i(opcode, 1, 10, -8)) }
        for opcode in Opcode.storesOfRegister.union(Opcode.storesOfImmediate) { code.append(Self.i(opcode, 10, 1, -8)) }
        for opcode in Opcode.arithmetic { code.append(Self.i(opcode, 1, opcode & 8 == 0 ? 0 : 2, 0, 1)) }
        for width: Int32 in [16, 32, 64] { code += [Self.i(0xd4, 1, 0, 0, width), Self.i(0xdc, 1, 0, 0, width)] }
        for opcode in Opcode.jumps64 { code.append(Self.i(opcode, 1, 2)) }
        code += [Self.i(0x18, 1), Self.i(0), Self.i(0x05), Self.i(0x8d, 1), Self.exit]
        let program = try linked(code)
        for version in SBPFVersion.allCases { try Verifier(version: version).verify(program) }
    }

    @Test("refuses a function that calls itself by its first instruction")
    func selfCall() throws {
        let program = try linked([Self.i(0x85, 0, 1, 0, -1), Self.exit])
        let error = #expect(throws: VerificationError.self) { try Verifier(version: .v3).verify(program) }
        #expect(error?.reason == .badCall)
    }

    @Test("refuses an entry point that is no function, empty code and code of half an instruction")
    func shape() throws {
        var program = try linked([Self.exit])
        program.entry = 8
        #expect(throws: VerificationError(reason: .badEntry, function: nil, offset: 8)) {
            try Verifier(version: .v3).verify(program)
        }
        program.text = []
        #expect(throws: VerificationError(reason: .badLength(0), function: nil, offset: 0)) {
            try Verifier(version: .v3).verify(program)
        }
        program.text = Array(repeating: 0x95, count: 12)
        #expect(throws: VerificationError(reason: .badLength(12), function: nil, offset: 0)) {
            try Verifier(version: .v3).verify(program)
        }
    }

    @Test("knows the system calls of its cluster")
    func syscalls() throws {
        var builder = ObjectBuilder.good
        builder.symbols[3].name = "sol_remaining_compute_units"
        let program = try Linker(syscalls: .mainnet.withAllFeatures).link(ELFObject(parsing: builder.bytes))
        try Verifier(version: .v3, syscalls: .mainnet.withAllFeatures).verify(program)
        let error = #expect(throws: VerificationError.self) { try Verifier(version: .v3).verify(program) }
        #expect(error?.reason == .inactiveSyscall("sol_remaining_compute_units"))
    }

    private func linked(_ code: [[UInt8]]) throws -> LinkedProgram {
        try Linker().link(ELFObject(parsing: ObjectBuilder.code(code).bytes))
    }
}
