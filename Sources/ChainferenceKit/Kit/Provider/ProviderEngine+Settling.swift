import InferenceMarket
import Solana
import SolanaRPC
import Synchronization

extension ProviderEngine {
    /// How long after its deadline a lock is still tried to be settled.
    static let secondsOfDoubt: Int64 = 600

    /// How long a release does not count against the server: the program's grace.
    private static let graceSeconds: Int64 = 60

    /// Settles locks when their time has come, as many in one transaction as fit; ends when the provider is drained and
    /// the book is empty.
    ///
    /// - Throws: ``ProviderError/unsettledAtShutdown(count:)`` when a drain takes longer than it may.
    func settleAsDue() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for await _ in wakes {
                let due = due()
                if !due.isEmpty { group.addTask { await self.settle(due) } }
                if try isDrained() { break }
            }
        }
    }

    private func isDrained() throws(ProviderError) -> Bool {
        let (isDraining, since, sessionsEnded, count) = state.withLock {
            ($0.isDraining, $0.drainingSince ?? .zero, $0.sessionsEnded, $0.locks.count)
        }
        guard isDraining else { return false }
        if count > 0, time.uptime - since > configuration.shutdownLimit { throw .unsettledAtShutdown(count: count) }
        return sessionsEnded && count == 0
    }

    /// The locks to settle now, marked as being settled: those whose time has come, and with them those whose session is
    /// over and waits for its time, because together they cost less.
    private func due() -> [ActiveLock] {
        let (locks, isDraining) = state.withLock { (Array($0.locks.values), $0.isDraining) }
        let (now, policy) = (time.now, claimPolicy)
        let ripe = locks.compactMap { active -> (lock: ActiveLock, isDue: Bool)? in
            guard let situation = active.situation(isDraining: isDraining), active.canBeSettled(at: now) else {
                return nil
            }
            if policy.settlementTime(situation, now: now) <= now { return (active, true) }
            return policy.mayJoin(situation) ? (active, false) : nil
        }
        guard ripe.contains(where: \.isDue) else { return [] }
        return ripe.map(\.lock).filter { $0.beginSettlement(at: now, isDraining: isDraining) }
    }

    // MARK: Together

    /// A lock and what is sent for it.
    private struct Prepared: Sendable {
        let active: ActiveLock
        let settlement: ClaimPolicy.Settlement
        let charge: Lamports
        let instructions: [Instruction]
    }

    private func settle(_ locks: [ActiveLock]) async {
        var prepared: [Prepared] = []
        for active in locks {
            do {
                if let ready = try await prepare(active) { prepared.append(ready) } else { drop(active) }
            } catch {
                guard !Task.isCancelled else { return }
                await retry(active, after: error)
            }
        }
        let batches = Self.batches(of: prepared.map(\.instructions), payer: wallet.address)
        await withDiscardingTaskGroup { group in
            for batch in batches {
                let part = batch.map { prepared[$0] }
                group.addTask { await self.carryOut(part) }
            }
        }
    }

    /// Decides how a lock is settled and writes down that it is.
    ///
    /// - Returns: What to send; nil when the lock is over without a transaction.
    private func prepare(_ active: ActiveLock) async throws -> Prepared? {
        let (lock, meter, ending, hasDelivered, isOrphan) = active.state.withLock {
            ($0.lock, $0.meter, $0.ending, $0.hasDelivered, $0.isOrphan)
        }
        guard let lock, let meter else { return nil }
        // A lock that was found on the chain alone is written down before a claim refers to it.
        try await store.save(record(of: active, .claiming))
        let voucher = try await store.newestVoucher(for: active.id).flatMap {
            $0.message.expiresAt == lock.voucherExpiry ? $0 : nil
        }
        // Nobody remembers what was delivered for a lock that was found again, but what was begun on the credit is on disk.
        let begun = isOrphan ? try await store.lock(active.id)?.begunOnCredit ?? .zero : .zero
        let settlement = claimPolicy.settlement(
            voucher: voucher,
            dueWithinCredit: max(meter.dueWithinCredit, min(meter.credit, begun)),
            ending: ending,
            isDirect: active.isDirect,
            hasDelivered: hasDelivered || begun > .zero,
            secondsSinceLock: lock.lockedAt.seconds(until: time.now),
            graceSeconds: Self.graceSeconds
        )
        let requester = active.request.requester
        switch settlement {
        case .claim(let voucher, let amount):
            let charge = min(amount, active.request.stake)
            let instructions = ClaimPaymentInstruction.claiming(
                voucher,
                signedBy: active.request.voucherSigner,
                owner: wallet.address,
                requester: requester,
                amount: charge,
                in: market
            )
            return Prepared(active: active, settlement: settlement, charge: charge, instructions: instructions)
        case .claimCredit(let amount):
            let claim = ClaimPaymentInstruction(
                owner: wallet.address,
                request: active.address,
                requester: requester,
                amount: amount,
                presentsVoucher: false
            )
            let instructions = [claim.instruction(in: market)]
            return Prepared(active: active, settlement: settlement, charge: amount, instructions: instructions)
        case .release:
            let release = ReleaseRequestInstruction(
                owner: wallet.address,
                request: active.address,
                requester: requester
            )
            let instructions = [release.instruction(in: market)]
            return Prepared(active: active, settlement: settlement, charge: .zero, instructions: instructions)
        case .leave:
            try await store.setState(.forgotten, of: active.id)
            report(.abandoned(request: active.address))
            return nil
        }
    }

    /// Sends one transaction for all of these; if one of them spoils it, each gets its own.
    private func carryOut(_ batch: [Prepared]) async {
        do {
            let sent = try await send(
                batch.flatMap(\.instructions),
                for: .settlement,
                locks: batch.map(\.active.id)
            )
            for item in batch { await book(item, sent.signature) }
        } catch let error as TransactionSendError where batch.count > 1 && error.failure != nil {
            // Nothing of it happened: a deadline may have passed, or a client closed what was about to be released.
            for item in batch { await carryOut([item]) }
        } catch {
            guard !Task.isCancelled else { return }
            for item in batch { await retry(item.active, after: error) }
        }
    }

    private func book(_ item: Prepared, _ signature: Signature) async {
        let active = item.active
        do {
            if case .release = item.settlement {
                try await store.setState(.forgotten, of: active.id)
                // What could not be served once is not tried again.
                state.withLock { $0.left[active.id] = active.request.expiresAt }
                report(.released(request: active.address))
            } else {
                try await store.settle(
                    ClaimRecord(id: active.id, charge: item.charge, signature: signature, claimedAt: time.now)
                )
                report(.claimed(request: active.address, charge: item.charge, signature: signature))
            }
            drop(active)
        } catch {
            guard !Task.isCancelled else { return }
            await retry(active, after: error)
        }
    }

    // MARK: When it did not work

    /// Finds out what the chain says after a settlement that seems to have failed, and tries again if it has.
    private func retry(_ active: ActiveLock, after error: any Error) async {
        report(.settlementFailed(request: active.address, reason: "\(error)"))
        do {
            if try await isOver(active) { return drop(active) }
        } catch {
            guard !Task.isCancelled else { return }
            report(.chainTrouble(reason: "\(error)"))
        }
        let now = time.now
        active.state.withLock { state in
            state.settlementFailures += 1
            let pause = Int64(1) << min(5, state.settlementFailures - 1)
            state.retryAt = now.advanced(bySeconds: pause)
            state.isInFlight = false
        }
    }

    private func isOver(_ active: ActiveLock) async throws -> Bool {
        guard let found = try await chain.request(at: active.address),
            found.account.createdSlot == active.id.createdSlot
        else {
            try await store.setState(.forgotten, of: active.id)
            return true
        }
        switch found.account.state {
        case .locked(let lock) where lock.server == serverAddress:
            // The last word is the chain's: a clock that was read wrongly must not cost a claim. Until it is certain a
            // claim that comes too late fails before it is sent, and costs nothing.
            let doubt = isDraining ? 0 : Self.secondsOfDoubt
            guard lock.deadline.advanced(bySeconds: doubt) < time.now else { return false }
            try await store.setState(.forgotten, of: active.id)
            return true
        case .claimed(let lock, let charge, let claimedAt) where lock.server == serverAddress:
            let claim = ClaimRecord(id: active.id, charge: charge, signature: nil, claimedAt: claimedAt)
            try await store.settle(claim)
            report(.claimed(request: active.address, charge: charge, signature: nil))
            return true
        default:
            try await store.setState(.forgotten, of: active.id)
            return true
        }
    }
}
