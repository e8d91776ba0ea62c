import Inference
import InferenceMarket
import PeerChannel
import Solana
import Synchronization

extension ProviderEngine {
    /// Answers the prompts of one session, one after the other.
    func serve(_ session: PeerServerSession) async throws {
        guard let address = try? Address(bytes: session.request.address),
            let active = state.withLock({ $0.locks[address] })
        else { return }
        active.state.withLock { state in
            state.sessions += 1
            state.session = session
            state.closedAt = nil
            state.lastActivity = time.now
        }
        var endedWell = false
        defer {
            active.state.withLock { state in
                state.sessions -= 1
                state.lastActivity = time.now
                if endedWell, state.sessions == 0 { state.closedAt = time.now }
            }
            wake.yield()
        }
        while let prompt = try await session.nextPrompt() {
            active.state.withLock { state in
                state.lastPromptNumber = max(state.lastPromptNumber, prompt.number)
                state.isAnswering = true
            }
            defer {
                active.state.withLock { state in
                    state.isAnswering = false
                    state.lastActivity = time.now
                }
            }
            let writer = session.answer(to: prompt)
            do {
                try await PromptAnswer(engine: self, active: active, session: session, writer: writer).run()
            } catch let refusal as PeerErrorMessage {
                report(.failed(request: address, reason: "\(refusal.code)"))
                writer.fail(refusal)
            }
        }
        endedWell = true
    }
}
