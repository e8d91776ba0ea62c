import InferenceMarket
import PeerChannel
import Solana
import SolanaRPC
import Synchronization

// One line of a session, from the dialling of its server to the last lamport.
extension InferenceClient {
    /// Opens what an order says, lends it to the session until that ends it, and settles.
    ///
    /// - Throws: What kept the line from being opened or settled, or why the session gave up on it; the request, if there
    ///   is one, is still to be looked after then.
    func open(_ order: SessionHost.Order, for host: SessionHost) async throws -> Settlement {
        switch order.way {
        case .direct(let choice, let server): try await direct(order, choice, server, host)
        case .open: try await openly(order, host)
        }
    }

    /// Connects, pays, asks: nothing is spent on a server that can't be reached.
    private func direct(
        _ order: SessionHost.Order,
        _ choice: ServerChoice,
        _ server: ServerAccount,
        _ host: SessionHost
    ) async throws -> Settlement {
        guard let (index, listing) = host.survey.listing(of: server) else {
            throw ClientError(.serverUnfit(server: server.owner, cause: QuoteChanged()))
        }
        let address = chain.market.request(of: wallet.address, voucherSigner: order.keys.voucherKey.address).address
        do {
            return try await connectAndPay(order, choice, server, (index, listing), address, host)
        } catch let late as LateRequest {
            // The server would not wait for a transaction that took its time; now it can see it.
            return try await connected(order, to: server.peerAddress, of: server, request: address, host) { _ in
                (late.request, late.lock)
            }
        }
    }

    private func connectAndPay(
        _ order: SessionHost.Order,
        _ choice: ServerChoice,
        _ server: ServerAccount,
        _ listed: (index: UInt8, listing: Listing),
        _ address: Address,
        _ host: SessionHost
    ) async throws -> Settlement {
        try await connected(order, to: server.peerAddress, of: server, request: address, host) { peer in
            if let ending = order.ending.current, case .failed(let error) = ending { throw error }
            let request: OwnRequest
            do {
                request = try await publish(
                    Publication(
                        mode: .direct(owner: server.owner, listingIndex: listed.index),
                        server: choice.offer.account,
                        caps: listed.listing.terms.raised(by: policy.tolerance),
                        check: { try peer.check() }
                    ),
                    for: order,
                    of: host
                )
            } catch let error as TransactionSendError where error.programError is MarketError {
                throw ClientError(.serverUnfit(server: server.owner, cause: error))
            }
            let found = try await chain.waitForRequest(request.address, within: policy.lockDeadline) {
                $0?.account.state.lock
            }
            guard let lock = found else { throw ClientError(.notLocked(within: policy.lockDeadline)) }
            do {
                try peer.check()
            } catch PeerError.server(let message) where message.code == .requestUnknown {
                throw LateRequest(request: request, lock: lock)
            }
            return (request, lock)
        }
    }

    /// Pays, waits for a server, connects, asks.
    private func openly(_ order: SessionHost.Order, _ host: SessionHost) async throws -> Settlement {
        let request = try await publish(
            Publication(mode: .open, server: nil, caps: host.survey.quote.caps, check: {}),
            for: order,
            of: host
        )
        let (lock, server) = try await waitForLock(order, request)
        guard !host.state.withLock({ $0.refused.contains(server.owner) }) else {
            throw ClientError(.serverUnfit(server: server.owner, cause: ServerFailedBefore()))
        }
        host.emit(.locked(RequestLock(lock, by: server)))
        let address = lock.peerAddress.isEmpty ? server.peerAddress : lock.peerAddress
        return try await connected(order, to: address, of: server, request: request.address, host) { _ in
            (request, lock)
        }
    }

    /// Connects to a server, makes sure that there is a lock, and lends the line to the session.
    private func connected(
        _ order: SessionHost.Order,
        to text: String,
        of server: ServerAccount,
        request: Address,
        _ host: SessionHost,
        secure: (PeerSession) async throws -> (OwnRequest, RequestAccount.Lock)
    ) async throws -> Settlement {
        let address = try peerAddress(text)
        let context = PeerContext(
            genesisHash: chain.genesisHash.bytes,
            program: chain.market.program.bytes,
            serverWallet: server.owner.bytes
        )
        var options = PeerClient.Options()
        options.dialPolicy = policy.dialPolicy
        options.proxy = proxy
        options.shaping = policy.shaping
        options.connectTimeout = policy.connectDeadline
        // A server that does not come back at once is gone: another one goes on with the prefix.
        options.reconnection = .brief
        let began = ContinuousClock.now
        do {
            return try await PeerClient(logger: logger).withSession(
                to: address,
                context: context,
                identity: order.keys.channelKey,
                request: PeerRequest(address: request.bytes),
                options: options
            ) { peer in
                shared.latencies.measured(began.duration(to: .now), with: server.owner)
                host.emit(.connected(peerAddress: "\(address)"))
                do {
                    let (request, lock) = try await secure(peer)
                    if request.flow == .direct { host.emit(.locked(RequestLock(lock, by: server))) }
                    return try await lend(order, request, lock, server, over: peer, host)
                } catch {
                    peer.cancel()
                    peer.close()
                    throw ScopeError(error)
                }
            }
        } catch let error as ScopeError {
            guard case PeerError.server(let message)? = error.cause as? PeerError else { throw error.cause }
            throw ClientError(.refused(server: server.owner, message))
        } catch let error as CancellationError {
            throw error
        } catch PeerError.server(let message) {
            throw ClientError(.refused(server: server.owner, message))
        } catch {
            throw ClientError(.unreachable(server: server.owner, peerAddress: "\(address)", cause: error))
        }
    }

    /// Lends a line to the session until it is done or given up.
    private func lend(
        _ order: SessionHost.Order,
        _ request: OwnRequest,
        _ lock: RequestAccount.Lock,
        _ server: ServerAccount,
        over peer: PeerSession,
        _ host: SessionHost
    ) async throws -> Settlement {
        let line = ServerLine(
            lock: RequestLock(lock, by: server),
            request: request,
            serverAccount: lock.server,
            voucherExpiry: lock.voucherExpiry,
            ending: order.ending,
            peer: peer,
            policy: policy,
            exact: shared.tokenCounter.map { ExactCount($0, model: request.model.name) },
            mayPromise: { amount in host.state.withLock { $0.budget.raise(request.address, to: amount) } },
            emit: host.emit
        )
        host.state.withLock { $0.lines.append(line) }
        order.ready.resolve(.success(line))
        switch try await order.ending.value() {
        case .failed(let error): throw error
        case .done:
            peer.close()
            // The books are closed while the stream goes on to its padded end, which hides when the answer ended.
            let settlement = try await uncancelled {
                try await settle(request, within: policy.claimDeadline, closes: host.closesRequests)
            }
            host.emit(.settled(settlement))
            return settlement
        }
    }

    /// Tells what the scope of a connection threw from what the connection threw.
    private struct ScopeError: Error {
        let cause: any Error
        init(_ cause: any Error) { self.cause = cause }
    }

    /// A request that is on the chain after its server has stopped waiting for it.
    private struct LateRequest: Error {
        let request: OwnRequest
        let lock: RequestAccount.Lock
    }

    private struct QuoteChanged: Error, CustomStringConvertible {
        let description = "it does not list the model any more."
    }

    private struct ServerFailedBefore: Error, CustomStringConvertible {
        let description = "it has failed in this session before."
    }
}

extension RequestLock {
    init(_ lock: RequestAccount.Lock, by server: ServerAccount) {
        self.init(
            server: server.owner,
            terms: lock.terms,
            lockedAt: lock.lockedAt,
            deadline: lock.deadline,
            reputation: server.reputation
        )
    }
}
