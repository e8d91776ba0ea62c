import Inference
import InferenceMarket
import PeerChannel
import Solana
import Synchronization

extension SessionHost {
    /// Asks the server at hand; goes on with another one, from where the answer broke off, as long as that is possible.
    func ask(_ prompt: GenerationRequest) async throws -> Answer {
        guard prompt.body.count <= client.policy.maximumPromptBytes else {
            throw ClientError(
                .promptTooLong(bytes: prompt.body.count, limit: client.policy.maximumPromptBytes)
            )
        }
        var request = prompt
        var text = ""
        let usageBefore = usage
        var problem: (any Error)?
        while true {
            let line: ServerLine
            do {
                line = try await usableLine()
            } catch {
                // That nobody is left to go on is the smaller half of the story.
                throw problem ?? error
            }
            let partial = PartialAnswer()
            do {
                let (answer, speaker) = try await answer(request, from: line, into: partial)
                client.shared.latencies.succeeded(speaker.lock.server)
                let whole = text.isEmpty ? answer : answer.continuing(text, usage: usage.since(usageBefore))
                emit(.finished(whole))
                return whole
            } catch {
                guard Failover.isPossible(after: error), !Task.isCancelled, !partial.hasOtherContent,
                    state.withLock({ $0.published }) < client.policy.maximumServers
                else { throw error }
                problem = error
                text += partial.text
                emit(
                    .failedOver(
                        Failover(server: line.lock.server, reason: "\(error)", receivedBytes: text.utf8.count)
                    )
                )
                let received = usage.since(usageBefore).output
                if let limit = prompt.maximumOutputTokens, received >= UInt64(max(0, limit)) {
                    // Only the end of the answer got lost.
                    let whole = Answer(
                        text: text,
                        usage: usage.since(usageBefore),
                        finishReason: .length,
                        receipt: nil
                    )
                    emit(.finished(whole))
                    return whole
                }
                request = try prompt.continued(after: text, tokens: Int(clamping: received))
            }
        }
    }

    /// The newest line if it is still of use, else another one.
    private func usableLine() async throws -> ServerLine {
        let line = newestLine
        return line.ending.current == nil ? line : try await openLine()
    }

    /// Asks one line and, if it has nothing to say for long and the policy wants that, a second one besides.
    private func answer(
        _ prompt: GenerationRequest,
        from line: ServerLine,
        into partial: PartialAnswer
    ) async throws -> (Answer, ServerLine) {
        guard let delay = client.policy.hedgeDelay else {
            do {
                return (try await line.ask(prompt, into: partial), line)
            } catch {
                retire(line, because: error)
                throw error
            }
        }
        typealias Outcome = (line: ServerLine, result: Swift.Result<Answer, any Error>)
        typealias Whole = Swift.Result<(Answer, ServerLine), any Error>
        return try await withTaskGroup(of: Outcome?.self) { group -> Whole in
            let attempt: @Sendable (ServerLine) async -> Outcome = { line in
                do {
                    return (line, .success(try await line.ask(prompt, into: partial)))
                } catch {
                    self.retire(line, because: error)
                    return (line, .failure(error))
                }
            }
            group.addTask { await attempt(line) }
            group.addTask {
                guard (try? await Task.sleep(for: delay)) != nil, partial.isUndecided,
                    let second = try? await self.openLine()
                else { return nil }
                return await attempt(second)
            }
            var failure: any Error = CancellationError()
            for await case let outcome? in group {
                switch outcome.result {
                case .success(let answer):
                    group.cancelAll()
                    state.withLock { state in
                        // What is asked next goes to the one that was faster.
                        state.lines.removeAll { $0 === outcome.line }
                        state.lines.append(outcome.line)
                    }
                    return Whole.success((answer, outcome.line))
                case .failure(let error):
                    if !(error is PartialAnswer.Late) { failure = error }
                }
            }
            return Whole.failure(failure)
        }.get()
    }

    /// Marks the answers of the present line as bad.
    func flag() async throws {
        let line = newestLine
        do {
            try await client.flag(line.request.address, server: line.serverAccount)
        } catch {
            throw ClientError.wrapping(error)
        }
    }
}

/// A server was replaced in the middle of a session.
public struct Failover: Hashable, Sendable {
    /// The wallet of the server that failed.
    public let server: Address

    /// What it did, in words.
    public let reason: String

    /// How much of the answer had come, in bytes of text; the next server goes on from there.
    public let receivedBytes: Int

    /// Whether another server may do better.
    static func isPossible(after error: any Error) -> Bool {
        guard let error = error as? ClientError else { return false }
        switch error.reason {
        case .unreachable(_, _, let cause), .interrupted(_, let cause):
            return !isCausedByClient(cause)
        case .refused(_, let message): return !isCausedByClient(PeerError.server(message))
        case .unusablePeerAddress, .implausibleCount, .serverUnfit: return true
        default: return false
        }
    }
}

extension Answer {
    /// The answer that ends with this one and began with `text`.
    fileprivate func continuing(_ text: String, usage: TokenCount) -> Answer {
        Answer(text: text + self.text, usage: usage, finishReason: finishReason, receipt: nil)
    }
}

extension TokenCount {
    fileprivate func since(_ earlier: TokenCount) -> TokenCount {
        TokenCount(
            input: input > earlier.input ? input - earlier.input : 0,
            output: output > earlier.output ? output - earlier.output : 0
        )
    }
}
