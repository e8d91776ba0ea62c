import InferenceMarket
import Solana
import Synchronization

extension ProviderEngine {
    /// How long a release does not count against the server: the program's grace.
    private static let graceSeconds: Int64 = 60

    /// Settles each lock when its time has come; ends when the provider is drained and the book is empty.
    ///
    /// - Throws: ``ProviderError/unsettledAtShutdown(count:)`` when a drain takes longer than it may.
    func settleAsDue() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for await _ in wakes {
                for active in due() { group.addTask { await self.settle(active) } }
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

    /// The locks whose settlement is due, marked as being settled.
    private func due() -> [ActiveLock] {
        let (locks, isDraining) = state.withLock { (Array($0.locks.values), $0.isDraining) }
        let now = time.now
        return locks.filter { active in
            guard let situation = active.situation(isDraining: isDraining),
                claimPolicy.settlementTime(situation, now: now) <= now
            else { return false }
            return active.state.withLock { state in
                guard state.phase == .locked || state.phase == .settling, !state.isInFlight,
                    (state.retryAt ?? now) <= now
                else { return false }
                state.phase = .settling
                state.isInFlight = true
                if isDraining, state.lastActivity == nil { state.hasFailed = true }
                return true
            }
        }
    }

    private func settle(_ active: ActiveLock) async {
        do {
            if try await attemptSettlement(of: active) { drop(active) }
        } catch {
            guard !Task.isCancelled else { return }
            await retry(active, after: error)
        }
    }

    /// - Returns: Whether the lock is over.
    private func attemptSettlement(of active: ActiveLock) async throws -> Bool {
        let (lock, meter, ending, hasDelivered) = active.state.withLock {
            ($0.lock, $0.meter, $0.ending, $0.hasDelivered)
        }
        guard let lock, let meter else { return true }
        // A lock that was found on the chain alone is written down before a claim refers to it.
        try await store.save(record(of: active, .claiming))
        let voucher = try await store.newestVoucher(for: active.id).flatMap {
            $0.message.expiresAt == lock.voucherExpiry ? $0 : nil
        }
        let settlement = claimPolicy.settlement(
            voucher: voucher,
            claimableWithoutVoucher: meter.claimable,
            ending: ending,
            isIdleDirect: active.isDirect && !hasDelivered,
            secondsSinceLock: lock.lockedAt.seconds(until: time.now),
            graceSeconds: Self.graceSeconds
        )
        let requester = active.request.requester
        let signature: Signature
        let charge: Lamports
        switch settlement {
        case .claim(let voucher):
            charge = min(voucher.cumulative, active.request.stake)
            let instructions = ClaimPaymentInstruction.claiming(
                voucher,
                signedBy: active.request.voucherSigner,
                owner: wallet.address,
                requester: requester,
                amount: charge,
                in: market
            )
            signature = try await chain.send(instructions, wallet: wallet).signature
        case .claimCredit(let amount):
            charge = amount
            let claim = ClaimPaymentInstruction(
                owner: wallet.address,
                request: active.address,
                requester: requester,
                amount: amount,
                presentsVoucher: false
            )
            signature = try await chain.send([claim.instruction(in: market)], wallet: wallet).signature
        case .leave:
            try await store.setState(.forgotten, of: active.id)
            report(.abandoned(request: active.address))
            return true
        case .release:
            let release = ReleaseRequestInstruction(
                owner: wallet.address,
                request: active.address,
                requester: requester
            )
            _ = try await chain.send([release.instruction(in: market)], wallet: wallet)
            try await store.setState(.forgotten, of: active.id)
            // What could not be served once is not tried again.
            state.withLock { $0.left[active.id] = active.request.expiresAt }
            report(.released(request: active.address))
            return true
        }
        try await store.settle(
            ClaimRecord(id: active.id, charge: charge, signature: signature, claimedAt: time.now)
        )
        report(.claimed(request: active.address, charge: charge, signature: signature))
        return true
    }

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
            guard lock.deadline < time.now else { return false }
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
