import JSON
import Testing

@testable import Solana

@Suite("Errors of the runtime")
struct RuntimeErrorTests {
    private struct Names: Decodable {
        let instruction: [String]
        let transaction: [String]
    }

    @Test("every error of the Rust SDK has a case, and none is invented")
    func names() throws {
        let golden = try Golden.load(Names.self, "errors")
        #expect(InstructionError.names.map(\.name).sorted() == golden.instruction)
        #expect(TransactionError.names.map(\.name).sorted() == golden.transaction)
    }

    @Test("names and cases go both ways")
    func bothWays() {
        for (error, name) in InstructionError.names {
            #expect(error.name == name)
            #expect(InstructionError(name: name) == error)
        }
        for (error, name) in TransactionError.names {
            #expect(error.name == name)
            #expect(TransactionError(name: name) == error)
        }
        #expect(InstructionError(name: "FromTheFuture") == .unrecognized("FromTheFuture"))
        #expect(TransactionError(name: "FromTheFuture").name == "FromTheFuture")
    }

    @Test("return values of programs, as in solana-sdk's program-error")
    func returnValues() {
        #expect(InstructionError(programReturnValue: 0) == nil)
        #expect(InstructionError(programReturnValue: 1) == .custom(1))
        #expect(InstructionError(programReturnValue: 6_000) == .custom(6_000))
        #expect(InstructionError(programReturnValue: 0xffff_ffff) == .custom(.max))
        #expect(InstructionError(programReturnValue: 1 << 32) == .custom(0))
        let known: [UInt64: InstructionError] = [
            2: .invalidArgument, 3: .invalidInstructionData, 4: .invalidAccountData, 7: .incorrectProgramId,
            8: .missingRequiredSignature, 9: .accountAlreadyInitialized, 11: .notEnoughAccountKeys, 14: .invalidSeeds,
            18: .illegalOwner, 23: .invalidAccountOwner, 24: .arithmeticOverflow, 26: .incorrectAuthority,
        ]
        for (code, error) in known {
            #expect(InstructionError(programReturnValue: code << 32) == error)
            #expect(error.programReturnValue == code << 32)
        }
        #expect(InstructionError(programReturnValue: 27 << 32) == .invalidError)
        #expect(InstructionError(programReturnValue: 2 << 32 | 1) == .invalidError)
        #expect(InstructionError(programReturnValue: .max) == .invalidError)
        #expect(InstructionError.custom(0).programReturnValue == 1 << 32)
        #expect(InstructionError.callDepth.programReturnValue == nil)
    }

    @Test("JSON as nodes write it, and what no node of today writes")
    func json() throws {
        let both: [(TransactionError, JSONValue)] = [
            (.instructionError(index: 1, .custom(6_001)), ["InstructionError": [1, ["Custom": 6_001]]]),
            (.instructionError(index: 0, .callDepth), ["InstructionError": [0, "CallDepth"]]),
            (.insufficientFundsForRent(accountIndex: 2), ["InsufficientFundsForRent": ["account_index": 2]]),
            (.duplicateInstruction(index: 3), ["DuplicateInstruction": 3]),
            (.blockhashNotFound, "BlockhashNotFound"),
        ]
        for (error, json) in both {
            #expect(error.json == json)
            #expect(TransactionError(json: json) == error)
        }
        #expect(TransactionError(json: .null) == nil)
        // A stranger's text stays an error, and cannot fill a log or steer a terminal.
        let hostile: JSONValue = ["a": .string(String(repeating: "\u{1b}[2J", count: 1_000)), "b": 2]
        guard case .unrecognized(let text)? = TransactionError(json: hostile) else {
            Issue.record("taken for something known")
            return
        }
        #expect(text.count < 200 && !text.contains("\u{1b}"))
    }

    @Test("descriptions carry the code in both notations")
    func descriptions() {
        let error = TransactionError.instructionError(index: 1, .custom(6_001))
        #expect("\(error)" == "instruction 1 failed: custom program error 6001 (0x1771)")
    }
}
