import Solana
import Synchronization
import VirtualTime

@testable import SolanaRPC

/// The PubSub side of a model's node, with its faults: it refuses connections, resets those that it has, and loses
/// notices.
final class ModelSocket: Sendable {
    private let chain: ChainModel
    private let happened = Mutex<[String: Int]>([:])
    private let notices = Mutex(0)

    init(_ chain: ChainModel) {
        self.chain = chain
    }

    /// How often each fault happened.
    var faultCounts: [String: Int] { happened.withLock { $0 } }

    /// How many notices went out.
    var noticeCount: Int { notices.withLock { $0 } }

    private var machine: VirtualTime { chain.machine }

    private func note(_ fault: String) {
        happened.withLock { $0[fault, default: 0] += 1 }
    }

    /// The transport of a client of this node.
    var transport: ScriptedWebSocket {
        ScriptedWebSocket { [self] peer in
            if machine.random() < 0.2 {
                note("socket refused")
                throw WebSocketError.unreachable("refused")
            }
            let wanted = Shared(Mutex<[UInt64: Signature]>([:]))
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { await self.take(peer, wanted) }
                group.addTask { try await self.tell(peer, wanted) }
                group.addTask {
                    try await self.machine.sleep(for: .milliseconds(500 + Int(self.machine.random() * 20_000)))
                    self.note("socket reset")
                    throw WebSocketError.closed
                }
                try await group.next()
            }
        }
    }

    /// Takes subscriptions to signatures.
    private func take(_ peer: ScriptedWebSocket.Peer, _ wanted: Shared<Mutex<[UInt64: Signature]>>) async {
        var next: UInt64 = 1
        for await request in peer.requests() {
            switch request.method {
            case "signatureSubscribe":
                guard let signature = request.params.first?.text.flatMap({ try? Signature(base58: $0) }) else { return }
                let number = next
                next += 1
                wanted.value.withLock { $0[number] = signature }
                peer.accept(request, as: number)
            case "signatureUnsubscribe":
                guard let number = request.params.first?.unsigned else { return }
                wanted.value.withLock { $0[number] = nil }
            default: return
            }
        }
    }

    /// Tells of what has been confirmed, every two seconds.
    private func tell(_ peer: ScriptedWebSocket.Peer, _ wanted: Shared<Mutex<[UInt64: Signature]>>) async throws {
        while true {
            try await machine.sleep(for: .seconds(2))
            let slot = chain.slot - chain.parameters.confirmationSlots
            for (number, signature) in wanted.value.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
                guard let landing = chain.landing(of: signature, at: slot) else { continue }
                wanted.value.withLock { $0[number] = nil }
                if machine.random() < 0.2 {
                    note("lost notice")
                    continue
                }
                notices.withLock { $0 += 1 }
                let error = landing.error.map { $0.json.description } ?? "null"
                peer.send(
                    #"{"jsonrpc":"2.0","method":"signatureNotification","params":{"subscription":\#(number),"#
                        + #""result":{"context":{"slot":\#(slot)},"value":{"err":\#(error)}}}}"#
                )
            }
        }
    }
}
