import Foundation
public import InferenceMarket
import Logging
public import ServiceLifecycle
public import Solana
import SolanaRPC

/// What ``InferenceClient/sweep()`` brought home.
public struct SweepReport: Hashable, Sendable {
    /// Requests that were claimed, and are closed now.
    public var closed: [Address] = []
    /// Requests whose time had passed; stake and rent came back whole.
    public var expired: [Address] = []
    /// Requests that nobody had locked, and that no session waits for any more.
    public var cancelled: [Address] = []
    /// Locks of sessions that crashed, which end ten minutes from now.
    public var closing: [Address] = []
    /// Requests that a server may still claim, or lock, and until when.
    public var waiting: [Address: UnixTime] = [:]
    /// Requests that could not be dealt with this time, and why.
    public var failed: [Address: String] = [:]
    /// Everything that came back to the wallet, before fees.
    public var returned = Lamports.zero
    /// Transaction fees.
    public var fees = Lamports.zero

    /// Whether nothing had to be done and nothing is left.
    public var isEmpty: Bool {
        closed.isEmpty && expired.isEmpty && cancelled.isEmpty && closing.isEmpty && waiting.isEmpty && failed.isEmpty
    }
}

extension InferenceClient: Service {
    /// Sweeps at once and then at intervals, until the task is cancelled or its service group shuts down.
    ///
    /// Sessions of this client may run meanwhile: their requests are left alone. Trouble with the chain is logged and
    /// outlasted.
    public func run() async throws {
        try await run { _ in }
    }

    /// As ``run()``, telling what each sweep did.
    public func run(onSweep: @escaping @Sendable (SweepReport) -> Void) async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                do {
                    onSweep(try await sweep())
                } catch {
                    try Task.checkCancellation()
                    logger.warning("the sweep failed and will be repeated: \(error)")
                }
                try await Task.sleep(for: policy.sweepInterval)
            }
        }
    }

    /// Brings home everything of this wallet that is due: refunds, rent, and stakes of sessions that crashed.
    ///
    /// Requests that sessions of this client and its copies work on are left alone, and so are those of other living
    /// processes that share the journal. Of requests that the journal does not know only those are touched whose time is
    /// over: somebody else may pay from the same wallet. Open ones that nobody works on any more are cancelled, locks
    /// shortened to ten minutes.
    ///
    /// - Throws: ``ClientError`` when the chain can't be asked. A request that can't be dealt with stands in the report.
    @discardableResult
    public func sweep() async throws -> SweepReport {
        do {
            var report = SweepReport()
            let now = try await chain.now()
            let stakes = try await journal.unsettledStakes().filter {
                $0.wallet == wallet.address && ($0.chain == chain.name || $0.chain.isEmpty)
            }
            let busy = Set(stakes.filter { journal.isWorkedOnElsewhere($0) }.map(\.request))
            let known = Set(stakes.map(\.request))
            let found = try await chain.requests(.requests(of: wallet.address))
            for request in found where !journal.active.contains(request.address) && !busy.contains(request.address) {
                do {
                    try await sweep(request, now: now, isKnown: known.contains(request.address), into: &report)
                } catch let error as TransactionSendError {
                    report.fees = report.fees.saturatingAdding(error.fee)
                    // Another process with the same wallet may have been faster.
                    guard try await chain.request(at: request.address) != nil else { continue }
                    report.failed[request.address] = "\(error)"
                }
            }
            try await forget(stakes, except: Set(found.map(\.address)).union(busy))
            return report
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// Takes stakes out of the books that are not on the chain, and can't come there any more.
    private func forget(_ stakes: [StakeRecord], except found: Set<Address>) async throws {
        let now = UnixTime(rawValue: Int64(Date().timeIntervalSince1970))
        for stake in stakes where !found.contains(stake.request) && !journal.active.contains(stake.request) {
            // A transaction can land for a minute or two after it was signed.
            guard stake.state == .published || stake.createdAt.seconds(until: now) > 300 else { continue }
            try await journal.settled(stake.request, charge: nil, fees: nil)
        }
    }

    private func sweep(
        _ found: MarketChain.Found<RequestAccount>,
        now: UnixTime,
        isKnown: Bool,
        into report: inout SweepReport
    ) async throws {
        let instruction: any MarketInstruction
        var charge = Lamports.zero
        switch found.account.state {
        case .open:
            guard isKnown || found.account.expiresAt < now else {
                report.waiting[found.address] = found.account.expiresAt
                return
            }
            instruction = CancelRequestInstruction(request: found.address, requester: wallet.address)
            report.cancelled.append(found.address)
        case .locked(let lock) where lock.deadline < now:
            instruction = ExpireRequestInstruction(
                request: found.address,
                requester: wallet.address,
                server: lock.server
            )
            report.expired.append(found.address)
        case .locked(let lock):
            guard isKnown, !found.account.flags.contains(.closing), now.seconds(until: lock.deadline) > 660 else {
                report.waiting[found.address] = lock.deadline
                return
            }
            let begin = BeginCloseInstruction(request: found.address, requester: wallet.address)
            let sent = try await chain.send([begin.instruction(in: chain.market)], wallet: wallet)
            report.fees = report.fees.saturatingAdding(sent.fee)
            report.closing.append(found.address)
            report.waiting[found.address] = now.advanced(bySeconds: 600)
            try await journal.addFee(sent.fee, to: found.address)
            return
        case .claimed(_, let claimed, _):
            charge = claimed
            try await journal.charged(found.address, claimed)
            instruction = CloseRequestInstruction(request: found.address, requester: wallet.address)
            report.closed.append(found.address)
        }
        let sent = try await chain.send([instruction.instruction(in: chain.market)], wallet: wallet)
        report.fees = report.fees.saturatingAdding(sent.fee)
        report.returned = report.returned.saturatingAdding(found.lamports)
        try await journal.addFee(sent.fee, to: found.address)
        try await journal.settled(found.address, charge: charge, fees: nil)
    }
}

// MARK: - Flags

extension InferenceClient {
    /// Marks the answers that a request paid for as bad; once, from the lock until the request is closed.
    ///
    /// - Parameters:
    ///   - request: The request's account.
    ///   - server: The account of its server.
    /// - Throws: ``ClientError``.
    public func flag(_ request: Address, server: Address) async throws {
        do {
            let flag = FlagResponseInstruction(request: request, requester: wallet.address, server: server)
            let sent = try await chain.send([flag.instruction(in: chain.market)], wallet: wallet)
            try await journal.addFee(sent.fee, to: request)
        } catch {
            throw ClientError.wrapping(error)
        }
    }
}
