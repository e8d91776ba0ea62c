public import Inference
public import InferenceMarket
import Logging
import PeerChannel
public import Solana

extension InferenceClient {
    /// Stakes a budget, finds a server, lends the session to `body`, and settles.
    ///
    /// Whatever happens in `body`, the money is looked after: what nobody earned comes back, at once or, when a server
    /// has to be waited for, by ``sweep()``.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - budget: What is staked: the most that all prompts together can cost besides transaction fees.
    ///   - prompt: The first prompt, for a better quote; nil if unknown.
    ///   - onEvent: Hears of every step, in order, from ``ClientEvent/quoted(_:)`` to ``ClientEvent/settled(_:)``. Must not block.
    ///   - body: Uses the session.
    /// - Returns: What `body` returns.
    /// - Throws: ``ClientError``, `CancellationError`, and what `body` throws.
    @discardableResult
    public func withSession<Result: Sendable>(
        _ model: ModelID,
        budget: Lamports,
        for prompt: GenerationRequest? = nil,
        onEvent: @escaping @Sendable (ClientEvent) -> Void = { _ in },
        _ body: @escaping @Sendable (ChatSession) async throws -> Result
    ) async throws -> Result {
        if let prompt, prompt.body.count > policy.maximumPromptBytes {
            throw ClientError(.promptTooLong(bytes: prompt.body.count, limit: policy.maximumPromptBytes))
        }
        let quote = try await quote(model, budget: budget, for: prompt)
        onEvent(.quoted(quote))
        var request: OwnRequest
        do {
            let published = try await publish(quote)
            request = published.0
            onEvent(
                .published(
                    PublishedRequest(
                        request: request.address,
                        signature: published.1,
                        stake: request.stake,
                        expiresAt: request.expiresAt
                    )
                )
            )
        } catch {
            throw ClientError.wrapping(error)
        }
        do {
            let (lock, server) = try await waitForLock(&request)
            return try await use(request, lock: lock, server: server, onEvent: onEvent, body)
        } catch {
            throw await settleAfterFailure(request, error: error, onEvent: onEvent)
        }
    }

    private func use<Result: Sendable>(
        _ request: OwnRequest,
        lock: RequestAccount.Lock,
        server: ServerAccount,
        onEvent: @escaping @Sendable (ClientEvent) -> Void,
        _ body: @escaping @Sendable (ChatSession) async throws -> Result
    ) async throws -> Result {
        let taken = RequestLock(
            server: server.owner,
            terms: lock.terms,
            lockedAt: lock.lockedAt,
            deadline: lock.deadline,
            reputation: server.reputation
        )
        onEvent(.locked(taken))
        let address = try peerAddress(of: lock, server: server)
        let context = PeerContext(
            genesisHash: chain.genesisHash.bytes,
            program: chain.market.program.bytes,
            serverWallet: server.owner.bytes
        )
        var options = PeerClient.Options()
        options.dialPolicy = policy.dialPolicy
        options.shaping = policy.shaping
        options.connectTimeout = policy.connectDeadline
        let policy = policy
        do {
            return try await PeerClient(logger: logger).withSession(
                to: address,
                context: context,
                identity: request.keys.channelKey,
                request: PeerRequest(address: request.address.bytes),
                options: options
            ) { peer in
                onEvent(.connected(peerAddress: "\(address)"))
                let session = ChatSession(
                    lock: taken,
                    request: request,
                    voucherExpiry: lock.voucherExpiry,
                    peer: peer,
                    policy: policy,
                    emit: onEvent
                )
                do {
                    let result = try await body(session)
                    peer.close()
                    // The books are closed while the stream goes on to its padded end, which hides when the answer ended.
                    let settlement = try await uncancelled { try await settle(request, within: policy.claimDeadline) }
                    onEvent(.settled(settlement))
                    return result
                } catch {
                    peer.cancel()
                    peer.close()
                    throw BodyError(error)
                }
            }
        } catch let error as BodyError {
            throw error.cause
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ClientError(.unreachable(server: server.owner, peerAddress: "\(address)", cause: error))
        }
    }

    /// Tells what `body` threw from what the connection threw.
    private struct BodyError: Error {
        let cause: any Error
        init(_ cause: any Error) { self.cause = cause }
    }
}
