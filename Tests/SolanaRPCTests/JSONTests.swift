import Foundation
import JSON
import Solana
import Testing
import VirtualTime

@testable import SolanaRPC

@Suite("JSON from strangers", .timeLimit(.minutes(2)))
struct JSONTests {
    @Test("Whole numbers beyond 64 bits, fractions and exponents are no whole numbers")
    func hugeNumbers() throws {
        for text in ["18446744073709551616", "-9223372036854775809", "1e400", "-1e400", "0.5"] {
            #expect(throws: MalformedJSON.self) { try JSONCoding.decode(UInt64.self, from: Array(text.utf8)) }
        }
        #expect(try JSONCoding.decode(UInt64.self, from: Array("18446744073709551615".utf8)) == .max)
    }

    @Test("Excerpts are short and harmless to a terminal")
    func excerpts() {
        let text = "a\u{1b}[2J\u{202e}b\n\u{7}" + String(repeating: "x", count: 1_000)
        let excerpt = JSONValue.excerpt(of: Array(text.utf8))
        #expect(excerpt.hasPrefix("a [2J b  x"))
        #expect(excerpt.count <= 161)
        #expect(!JSONValue.excerpt(of: [0xff, 0xfe, 0x41]).isEmpty)
    }

    @Test("Mutated, truncated and random answers are decoded or refused, never worse")
    func fuzz() throws {
        let answers = [
            #"{"jsonrpc":"2.0","result":{"context":{"slot":1,"apiVersion":"4"},"value":{"lamports":5,"data":["AAEC","base64"],"owner":"11111111111111111111111111111111","executable":false,"rentEpoch":18446744073709551615,"space":3}},"id":1}"#,
            #"{"jsonrpc":"2.0","error":{"code":-32002,"message":"m","data":{"err":{"InstructionError":[0,{"Custom":1}]},"logs":["a"],"unitsConsumed":3}},"id":1}"#,
            #"{"jsonrpc":"2.0","method":"programNotification","params":{"subscription":3,"result":{"context":{"slot":5},"value":{"pubkey":"11111111111111111111111111111111","account":{"lamports":1,"data":["","base64"],"owner":"11111111111111111111111111111111","executable":false,"rentEpoch":0}}}}}"#,
            #"{"jsonrpc":"2.0","result":{"context":{"slot":1},"value":[{"slot":5,"confirmations":null,"err":"AccountInUse","confirmationStatus":"finalized"},null]},"id":1}"#,
        ].map { Array($0.utf8) }
        let tokens = ["null", "-1", "18446744073709551616", "[]", "{}", "\"\"", "1e999", "true", "\"\\ud800\"", "[[[["]
            .map { Array($0.utf8) }
        var random = SeededRandom(seed: 5)
        var refused = 0
        for _ in 0..<5_000 {
            var bytes = answers[Int(random.next() % UInt64(answers.count))]
            for _ in 0...Int(random.next() % 3) {
                guard !bytes.isEmpty else { break }
                let at = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 5 {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.removeSubrange(at...)
                case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
                case 3:
                    let end = min(bytes.count, at + Int(random.next() % 12))
                    bytes.replaceSubrange(at..<end, with: tokens[Int(random.next() % UInt64(tokens.count))])
                default: bytes += bytes[at...]
                }
            }
            do throws(MalformedJSON) {
                let answer = try JSONCoding.decode(JSONRPCAnswer<Contextual<AccountInfo?>>.self, from: bytes)
                if case .error(let object) = answer.outcome { _ = "\(RPCError.Reason(object))" }
            } catch {
                refused += 1
                #expect(error.excerpt.count <= 161)
            }
            _ = try? JSONCoding.decode(IncomingMessage.self, from: bytes)
            _ = try? JSONCoding.decode(JSONRPCAnswer<Contextual<[SignatureStatus?]>>.self, from: bytes)
        }
        #expect(refused > 1_200)
    }

    @Test("An unknown error is an error, whatever its shape")
    func unknownErrors() throws {
        for text in [
            #""Novelty""#, "5", "[]", "{}", "true", #"{"Novelty":{"a":1}}"#, #"{"InstructionError":5}"#,
            #"{"InstructionError":[0]}"#, #"{"InstructionError":[256,"GenericError"]}"#,
            #"{"InstructionError":[0,{"Custom":4294967296}]}"#, #"{"InstructionError":[0,{"Custom":-1}]}"#,
            #"{"InstructionError":[0,{"Novelty":[]}]}"#, #"{"DuplicateInstruction":-1}"#,
        ] {
            let json = try JSONCoding.decode(JSONValue.self, from: Array(text.utf8))
            let error = try #require(TransactionError(json: json))
            switch error {
            case .unrecognized(let name): #expect(!name.isEmpty)
            case .instructionError(0, .unrecognized): break
            default: Issue.record("\(text) was read as \(error)")
            }
        }
        #expect(TransactionError(json: .null) == nil)
        let old = try JSONCoding.decode(
            JSONValue.self,
            from: Array(#"{"InstructionError":[2,{"BorshIoError":"Unknown"}]}"#.utf8)
        )
        #expect(TransactionError(json: old) == .instructionError(index: 2, .borshIoError))
    }

    @Test("The innermost program that failed is the one whose code it is")
    func innermostProgram() throws {
        let outer = try Address(bytes: Array(repeating: 1, count: 32))
        let inner = try Address(bytes: Array(repeating: 2, count: 32))
        let logs = [
            "Program \(outer) invoke [1]", "Program log: Program \(outer) failed: liar",
            "Program \(inner) invoke [2]", "Program \(inner) failed: custom program error: 0x0",
            "Program \(outer) consumed 5 of 10 compute units", "Program \(outer) failed: custom program error: 0x0",
        ]
        let seen = ProgramErrorResolver { program, _ in program == inner ? UnexpectedSuccess() : nil }
        let failure = TransactionFailure(
            error: .instructionError(index: 0, .custom(0)),
            programs: [outer],
            logs: logs,
            resolver: seen
        )
        #expect(failure.program == inner)
        #expect(failure.programError is UnexpectedSuccess)
        #expect(TransactionFailure(error: .instructionError(index: 0, .custom(0)), programs: [outer]).program == outer)
        #expect(TransactionFailure(error: .instructionError(index: 9, .custom(0)), programs: [outer]).program == nil)
        #expect(TransactionFailure(error: .accountInUse, programs: [outer], logs: logs).program == nil)
    }
}
