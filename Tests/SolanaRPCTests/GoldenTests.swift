import Foundation
import Solana
import Synchronization
import Testing
import VirtualTime

@testable import SolanaRPC

/// Answers whose JSON was written by the Rust SDK's own types (`Golden/generate.py`), and what those types hold.
@Suite("Answers as Agave writes them", .timeLimit(.minutes(1)))
struct GoldenTests {
    private struct Case: Decodable, Sendable {
        let method: String
        let answer: JSONValue
        let expected: JSONValue
    }

    private struct File: Decodable {
        let cases: [Case]
    }

    private let cases: [Case]

    init() throws {
        let url = try #require(Bundle.module.url(forResource: "Golden/responses", withExtension: "json"))
        cases = try JSONDecoder().decode(File.self, from: Data(contentsOf: url)).cases
    }

    /// Calls `body` for every case of a method, with a client whose node gives the case's answer.
    private func each(
        _ method: String,
        atLeast count: Int,
        errorCode: Int? = nil,
        _ body: @escaping @Sendable (RPCClient, JSONValue) async throws -> Void
    ) async throws {
        let cases = cases.filter { $0.method == method }
        #expect(cases.count >= count)
        try await VirtualTime.run { machine async throws in
            for one in cases {
                let result = (one.answer["result"] ?? .null).description
                let data = one.answer["data"]?.description
                let answer = errorCode.map { Reply.error($0, "failed", data: data) } ?? Reply.result(result)
                let rpc = RPCClient(
                    ScriptedTransport(answer),
                    machine: machine,
                    policy: RPCPolicy(maximumAttempts: 1)
                )
                try await body(rpc, one.expected)
            }
        }
    }

    @Sendable
    private static func check(_ account: AccountInfo?, _ expected: JSONValue?) {
        guard let account, let expected else {
            #expect(account == nil && (expected == nil || expected == .null))
            return
        }
        #expect("\(account.lamports.rawValue)" == expected["lamports"]?.text)
        #expect(account.owner.base58 == expected["owner"]?.text)
        #expect(
            account.data.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
                == expected["data"]?.text
        )
        #expect(.bool(account.isExecutable) == expected["executable"])
        #expect("\(account.rentEpoch)" == expected["rentEpoch"]?.text)
    }

    @Sendable
    private static func check(_ error: TransactionError?, _ expected: JSONValue?) {
        guard let error else {
            #expect(expected == .null)
            return
        }
        #expect(error.name == expected?["name"]?.text)
        let index = expected?["index"]?.unsigned
        switch error {
        case .instructionError(let actual, let inner):
            #expect(UInt64(actual) == index)
            #expect(inner.name == expected?["inner"]?.text)
            if case .custom(let code) = inner { #expect(UInt64(code) == expected?["code"]?.unsigned) }
            if case .unrecognized = inner { Issue.record("\(inner) should be known") }
        case .duplicateInstruction(let actual), .insufficientFundsForRent(let actual),
            .programExecutionTemporarilyRestricted(let actual):
            #expect(UInt64(actual) == index)
        case .unrecognized:
            Issue.record("\(error) should be known")
        default:
            #expect(index == nil)
        }
    }

    @Test("Accounts, one by one and many")
    func accounts() async throws {
        try await each("getAccountInfo", atLeast: 30) { rpc, expected async throws in
            let answer = try await rpc.getAccountInfo(.zero)
            #expect("\(answer.slot)" == expected["slot"]?.text)
            Self.check(answer.value, expected["account"])
        }
        try await each("getMultipleAccounts", atLeast: 10) { rpc, expected async throws in
            let answer = try await rpc.getMultipleAccounts(Array(repeating: .zero, count: 5))
            for (account, expected) in zip(answer.value, expected["accounts"]?.elements ?? []) {
                Self.check(account, expected)
            }
        }
        try await each("getProgramAccounts", atLeast: 10) { rpc, expected async throws in
            let answer = try await rpc.getProgramAccounts(of: .zero)
            #expect(answer.value.count == 4)
            for (keyed, expected) in zip(answer.value, expected["accounts"]?.elements ?? []) {
                #expect(keyed.address.base58 == expected["address"]?.text)
                Self.check(keyed.account, expected)
            }
        }
    }

    @Test("Balances, blockhashes, fees")
    func values() async throws {
        try await each("getBalance", atLeast: 20) { rpc, expected async throws in
            let answer = try await rpc.getBalance(of: .zero)
            #expect("\(answer.value.rawValue)" == expected["lamports"]?.text)
            #expect("\(answer.slot)" == expected["slot"]?.text)
        }
        try await each("getLatestBlockhash", atLeast: 10) { rpc, expected async throws in
            let answer = try await rpc.getLatestBlockhash().value
            #expect(answer.blockhash.base58 == expected["blockhash"]?.text)
            #expect("\(answer.lastValidBlockHeight)" == expected["height"]?.text)
        }
        try await each("getRecentPrioritizationFees", atLeast: 10) { rpc, expected async throws in
            let fees = try await rpc.getRecentPrioritizationFees()
            let texts = fees.map { JSONValue.array([.string("\($0.slot)"), .string("\($0.price.rawValue)")]) }
            #expect(.array(texts) == expected["fees"])
        }
    }

    @Test("Every transaction error, in statuses, simulations, records, histories and preflight failures")
    func errors() async throws {
        try await each("getSignatureStatuses", atLeast: 90) { rpc, expected async throws in
            let statuses = try await rpc.getSignatureStatuses([.zero, .zero]).value
            let status = try #require(statuses[0])
            #expect(statuses[1] == nil)
            #expect("\(status.slot)" == expected["slot"]?.text)
            #expect(status.commitment.rawValue == expected["commitment"]?.text)
            Self.check(status.error, expected["error"])
        }
        let transfer = try Transaction(feePayer: .zero, instructions: [], recentBlockhash: .zero)
        try await each("simulateTransaction", atLeast: 10) { rpc, expected async throws in
            let result = try await rpc.simulateTransaction(transfer).value
            Self.check(result.failure?.error, expected["error"])
            #expect(result.computeUnits.map { "\($0)" } == expected["units"]?.text)
            #expect(result.logs == ["Program log: ü", "b"])
        }
        try await each("getTransaction", atLeast: 9) { rpc, expected async throws in
            let record = try #require(try await rpc.getTransaction(.zero))
            let meta = try #require(record.meta)
            Self.check(meta.error, expected["error"])
            #expect("\(record.slot)" == expected["slot"]?.text)
            #expect("\(meta.fee.rawValue)" == expected["fee"]?.text)
            #expect(meta.computeUnits.map { "\($0)" } == expected["units"]?.text)
            #expect(record.transaction?.id?.base58 == expected["id"]?.text)
            #expect(.array(meta.preBalances.map { .string("\($0.rawValue)") }) == expected["pre"])
            #expect(.array(meta.postBalances.map { .string("\($0.rawValue)") }) == expected["post"])
        }
        try await each("getSignaturesForAddress", atLeast: 15) { rpc, expected async throws in
            let record = try #require(try await rpc.getSignaturesForAddress(.zero).first)
            Self.check(record.error, expected["error"])
            #expect(record.signature.base58 == expected["signature"]?.text)
            #expect(record.memo == expected["memo"]?.text)
        }
        try await each("sendTransaction", atLeast: 90, errorCode: -32_002) { rpc, expected async throws in
            do {
                try await rpc.sendTransaction(transfer)
                Issue.record("not refused")
            } catch let error as RPCError {
                let failure = try #require(error.preflightFailure)
                Self.check(failure.error, expected["error"])
                #expect(failure.computeUnits == 5)
                #expect(failure.logs == ["x"])
            }
        }
        try await each("getHealth", atLeast: 3, errorCode: -32_005) { rpc, expected async throws in
            #expect(try await rpc.getHealth() == .behind(slots: expected["slots"]?.unsigned))
        }
    }

    @Test("Errors come out as the JSON that they went in as")
    func errorsRoundTrip() throws {
        var seen: Set<TransactionError> = []
        for one in cases where one.method == "getSignatureStatuses" {
            guard let json = one.answer["result"]?["value"]?[0]?["err"], json != .null else { continue }
            let error = try #require(TransactionError(json: json))
            #expect(error.json == json)
            seen.insert(error)
        }
        #expect(seen.count > 90)
    }
}
