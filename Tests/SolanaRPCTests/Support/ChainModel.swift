import Foundation
import Solana
import SolanaRPC
import Synchronization
import VirtualTime

/// A chain reduced to what sending depends on: slots that pass, blockhashes that expire, transactions that land once or
/// never, confirmations that take their time.
///
/// Effects are counted by the text of a memo, so that a test can tell what happened twice.
final class ChainModel: Sendable {
    struct Landing: Sendable {
        let slot: UInt64
        let error: TransactionError?
        let wire: [UInt8]
        let fee: Lamports
    }

    struct Parameters: Sendable {
        /// How many slots confirmation takes.
        var confirmationSlots: UInt64 = 2
        /// How long a slot lasts.
        var slotDuration: Duration = .milliseconds(400)
        /// For how many blocks a blockhash is good.
        var blockhashLifetime: UInt64 = 150
        /// What landing transactions fail with.
        var error: TransactionError?
        /// What simulations fail with.
        var simulationError: TransactionError?
        var logs: [String] = []
    }

    private struct State {
        var parameters: Parameters
        var landed: [Signature: Landing] = [:]
        var effects: [String: Int] = [:]
        var queue: [(slot: UInt64, transaction: Transaction)] = []
        var seen: [String: Set<Signature>] = [:]
    }

    private let state: Mutex<State>
    let machine: VirtualTime
    private let start: Duration

    init(machine: VirtualTime, parameters: Parameters = Parameters()) {
        self.machine = machine
        start = machine.now
        state = Mutex(State(parameters: parameters))
    }

    var parameters: Parameters { state.withLock { $0.parameters } }

    /// The slot at this moment.
    var slot: UInt64 {
        1_000 + UInt64((machine.now - start) / parameters.slotDuration)
    }

    /// Some slots have no block.
    func blockHeight(at slot: UInt64) -> UInt64 { slot - slot / 20 }

    /// The blockhash made in a slot.
    func blockhash(at slot: UInt64) -> Blockhash {
        var bytes = [UInt8](repeating: 7, count: 24)
        withUnsafeBytes(of: slot.bigEndian) { bytes += $0 }
        return (try? Blockhash(bytes: bytes)) ?? .zero
    }

    private func slot(of blockhash: Blockhash) -> UInt64 {
        blockhash.bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    func lastValidBlockHeight(of blockhash: Blockhash) -> UInt64 {
        blockHeight(at: slot(of: blockhash)) + parameters.blockhashLifetime
    }

    /// A leader gets the transaction and puts it into a later block, if it may still be there then.
    func submit(_ transaction: Transaction, delay: UInt64 = 1) {
        let slot = slot + delay
        state.withLock { state in
            state.queue.append((slot, transaction))
            for memo in Self.memos(of: transaction) {
                if let id = transaction.id { state.seen[memo, default: []].insert(id) }
            }
        }
    }

    /// What is known at a slot.
    func landing(of signature: Signature, at slot: UInt64) -> Landing? {
        settle()
        return state.withLock { $0.landed[signature] }.flatMap { $0.slot <= slot ? $0 : nil }
    }

    /// How often something happened.
    func effects(_ memo: String) -> Int {
        settle()
        return state.withLock { $0.effects[memo] ?? 0 }
    }

    /// How many different signatures were sent for something.
    func signatures(_ memo: String) -> Int {
        state.withLock { $0.seen[memo]?.count ?? 0 }
    }

    var landedCount: Int {
        settle()
        return state.withLock { $0.landed.count }
    }

    /// Carries out what is due.
    private func settle() {
        let now = slot
        let due = state.withLock { state in
            defer { state.queue.removeAll { $0.slot <= now } }
            return state.queue.filter { $0.slot <= now }.sorted { $0.slot < $1.slot }
        }
        for (slot, transaction) in due {
            let hash = transaction.message.recentBlockhash
            guard let id = transaction.id, state.withLock({ $0.landed[id] == nil }),
                (try? transaction.verifySignatures()) != nil,
                blockHeight(at: slot) <= lastValidBlockHeight(of: hash), self.slot(of: hash) <= slot,
                let wire = try? transaction.serialized()
            else { continue }
            state.withLock { state in
                guard state.landed[id] == nil else { return }
                let error = state.parameters.error
                let fee = TransactionFee(of: transaction.message).total
                state.landed[id] = Landing(slot: slot, error: error, wire: wire, fee: fee)
                if error == nil {
                    for memo in Self.memos(of: transaction) { state.effects[memo, default: 0] += 1 }
                }
            }
        }
    }

    private static func memos(of transaction: Transaction) -> [String] {
        transaction.message.instructions
            .filter { transaction.message.accounts[Int($0.programIndex)] == MemoProgram.id }
            .map { String(decoding: $0.data, as: UTF8.self) }
    }
}

/// A node of the model, with its faults.
final class ModelNode: RPCTransport {
    struct Faults: Sendable {
        /// The chance that a request does not reach the node.
        var lostRequests = 0.0
        /// The chance that an answer does not come back.
        var lostAnswers = 0.0
        /// The chance of HTTP 429.
        var rateLimits = 0.0
        /// The chance of HTTP 503 or rubbish.
        var serverErrors = 0.0
        /// The chance that a transaction is taken and not passed on.
        var lostSends = 0.0
        /// The chance that an answer takes longer than anybody waits.
        var stalls = 0.0
        /// How many slots the node lags behind, at most; it changes from request to request.
        var lag: UInt64 = 0
        /// How many slots the node lags behind at least.
        var steadyLag: UInt64 = 0
    }

    let chain: ChainModel
    private let faults: Faults
    private let seen = Mutex<[SeenRequest]>([])
    private let happened = Mutex<[String: Int]>([:])

    init(_ chain: ChainModel, faults: Faults = Faults()) {
        self.chain = chain
        self.faults = faults
    }

    var requests: [SeenRequest] { seen.withLock { $0 } }

    /// How often each fault happened.
    var faultCounts: [String: Int] { happened.withLock { $0 } }

    private func happens(_ chance: Double, _ fault: String) -> Bool {
        guard chance > 0, chain.machine.random() < chance else { return false }
        happened.withLock { $0[fault, default: 0] += 1 }
        return true
    }

    func post(_ body: [UInt8], timeout: Duration, maximumAnswerSize: Int) async throws -> RPCTransportAnswer {
        let request = try SeenRequest(parsing: body)
        seen.withLock { $0.append(request) }
        try await chain.machine.sleep(for: .milliseconds(5 + Int(chain.machine.random() * 60)))
        if happens(faults.lostRequests, "dropped") { throw RPCTransportError.notConnected("refused") }
        if happens(faults.rateLimits, "429") {
            return RPCTransportAnswer(
                status: 429,
                retryAfter: chain.machine.random() < 0.5 ? .seconds(1) : nil,
                body: []
            )
        }
        if happens(faults.serverErrors, "503 or rubbish") {
            return RPCTransportAnswer(status: chain.machine.random() < 0.5 ? 503 : 200, body: Array("<html>".utf8))
        }
        let answer = try await answer(request)(request)
        if happens(faults.stalls, "stalled") {
            try await chain.machine.sleep(for: timeout)
            throw RPCTransportError.timedOut
        }
        if happens(faults.lostAnswers, "reset") { throw RPCTransportError.interrupted("reset") }
        return answer
    }

    private func answer(_ request: SeenRequest) throws -> ScriptedTransport.Answer {
        let lag =
            faults.steadyLag + (faults.lag == 0 ? 0 : UInt64(chain.machine.random() * Double(faults.lag + 1)))
        let processed = chain.slot - lag
        let confirmed = processed - chain.parameters.confirmationSlots
        let slot = request.option("commitment") == "processed" ? processed : confirmed
        if let minimum = request.option("minContextSlot")?.unsigned, slot < minimum {
            return Reply.error(-32_016, data: #"{"contextSlot":\#(slot)}"#)
        }
        switch request.method {
        case "getLatestBlockhash":
            let hash = chain.blockhash(at: slot)
            return Reply.value(
                #"{"blockhash":"\#(hash.base58)","lastValidBlockHeight":\#(chain.lastValidBlockHeight(of: hash))}"#,
                slot: slot
            )
        case "getEpochInfo":
            return Reply.result(
                #"{"absoluteSlot":\#(slot),"blockHeight":\#(chain.blockHeight(at: slot)),"epoch":0,"slotIndex":0,"#
                    + #""slotsInEpoch":432000,"transactionCount":null}"#
            )
        case "getRecentPrioritizationFees":
            return Reply.result(#"[{"slot":1,"prioritizationFee":0},{"slot":2,"prioritizationFee":500}]"#)
        case "simulateTransaction":
            let parameters = chain.parameters
            let error = parameters.simulationError.map { $0.json.description } ?? "null"
            let logs = JSONValue.array(parameters.logs.map { .string($0) }).description
            return Reply.value(#"{"err":\#(error),"logs":\#(logs),"unitsConsumed":450}"#, slot: slot)
        case "sendTransaction":
            guard let text = request.params[0].text, let data = Data(base64Encoded: text),
                let transaction = try? Transaction(decoding: data), let id = transaction.id
            else { return Reply.error(-32_602) }
            if !happens(faults.lostSends, "lost send") {
                chain.submit(transaction, delay: 1 + UInt64(chain.machine.random() * 3))
            }
            return Reply.result("\"\(id.base58)\"")
        case "getSignatureStatuses":
            let statuses = (request.params[0].elements ?? []).map { text -> String in
                guard let signature = text.text.flatMap({ try? Signature(base58: $0) }),
                    let landing = chain.landing(of: signature, at: processed)
                else { return "null" }
                let error = landing.error.map { $0.json.description } ?? "null"
                let status = landing.slot <= confirmed ? "confirmed" : "processed"
                return #"{"slot":\#(landing.slot),"confirmations":1,"err":\#(error),"status":{"Ok":null},"#
                    + #""confirmationStatus":"\#(status)"}"#
            }
            return Reply.value("[\(statuses.joined(separator: ","))]", slot: processed)
        case "getTransaction":
            guard let signature = request.params[0].text.flatMap({ try? Signature(base58: $0) }),
                let landing = chain.landing(of: signature, at: confirmed)
            else { return Reply.result("null") }
            let error = landing.error.map { $0.json.description } ?? "null"
            let logs = JSONValue.array(chain.parameters.logs.map { .string($0) }).description
            return Reply.result(
                #"{"slot":\#(landing.slot),"blockTime":1,"version":"legacy","transaction":["#
                    + #""\#(Data(landing.wire).base64EncodedString())","base64"],"meta":{"err":\#(error),"fee":"#
                    + #"\#(landing.fee.rawValue),"preBalances":[],"postBalances":[],"logMessages":\#(logs),"#
                    + #""computeUnitsConsumed":450}}"#
            )
        default:
            return Reply.error(-32_601)
        }
    }
}
