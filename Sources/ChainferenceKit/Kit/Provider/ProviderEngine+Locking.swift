import InferenceMarket
import PeerChannel
import Solana
import SolanaRPC
import Synchronization

extension ProviderEngine {
    /// Takes the locks that were decided on, several at a time.
    func takeLocks() async {
        await withDiscardingTaskGroup { group in
            for await candidate in candidates {
                group.addTask { await self.take(candidate) }
            }
        }
    }

    private func take(_ candidate: Candidate) async {
        let active = candidate.lock
        let request = active.request
        do {
            let pause = state.withLock { $0.races.pause(at: time.now, draw: active.jitter) }
            if pause > .zero { try await time.sleep(for: pause) }
            guard !active.state.withLock({ $0.isTaken }) else {
                drop(active)
                state.withLock { $0.races.count(.lost, at: time.now) }
                return report(.left(request: active.address, reason: "another server was faster"))
            }
            // On disk first: a crash right after sending finds the lock again.
            try await store.save(record(of: active, .intended))
            let instruction = LockRequestInstruction(
                owner: wallet.address,
                request: active.address,
                createdSlot: request.createdSlot,
                stake: request.stake,
                listingIndex: candidate.listingIndex,
                peerAddress: peerAddress
            )
            var failure: (any Error)?
            do {
                _ = try await send([instruction.instruction(in: market)], for: .lock, locks: [active.id])
            } catch {
                try Task.checkCancellation()
                failure = error
            }
            // The chain is asked whatever became of the transaction: it may have landed although its answer was lost.
            let found = try await chain.request(at: active.address)
            guard let lock = ownLock(active.id, found?.account) else {
                try await store.setState(.forgotten, of: active.id)
                drop(active)
                // What its own client has cancelled says nothing about rivals.
                if let found, found.account.createdSlot == active.id.createdSlot {
                    let isPaid = ((failure as? TransactionSendError)?.fee ?? .zero) > .zero
                    state.withLock { $0.races.count(isPaid ? .lostAndPaid : .lost, at: time.now) }
                }
                report(.lockFailed(request: active.address, reason: failure.map { "\($0)" } ?? "it is not locked here"))
                return
            }
            active.adopt(lock, isClosing: false, window: configuration.voucherWindow)
            try await store.save(record(of: active, .locked))
            state.withLock { $0.races.count(.won, at: time.now) }
            report(.locked(request: active.address, terms: lock.terms, deadline: lock.deadline))
        } catch {
            // The record says "intended"; if the lock landed after all, the reconciliation finds it on the chain.
            drop(active)
            if !Task.isCancelled { report(.lockFailed(request: active.address, reason: "\(error)")) }
        }
    }

    /// The lock of exactly this incarnation, if the chain says that it is ours.
    private func ownLock(_ id: LockID, _ account: RequestAccount?) -> RequestAccount.Lock? {
        guard let account, account.createdSlot == id.createdSlot, case .locked(let lock) = account.state,
            lock.server == serverAddress
        else { return nil }
        return lock
    }

    /// Takes a lock over that the chain says is ours and that nobody here works on: after a crash, or after a lost answer.
    ///
    /// It can't be served any more, because what its client was told is gone; it is settled at once.
    func adoptOrphan(_ account: RequestAccount, _ lock: RequestAccount.Lock, _ id: LockID) {
        let active = ActiveLock(id: id, request: account)
        active.adopt(lock, isClosing: false, window: configuration.voucherWindow)
        active.state.withLock { $0.isOrphan = true }
        state.withLock { state in
            if state.locks[id.request] == nil { state.locks[id.request] = active }
        }
        wake.yield()
    }

    /// Looks into everything that an earlier run left behind.
    func recover() async throws {
        try await settleBooks()
        for record in try await store.unsettledLocks() {
            guard let found = try await chain.request(at: record.id.request),
                found.account.createdSlot == record.id.createdSlot
            else {
                try await store.setState(.forgotten, of: record.id)
                continue
            }
            switch found.account.state {
            case .locked(let lock) where lock.server == serverAddress:
                adoptOrphan(found.account, lock, record.id)
            case .claimed(let lock, let charge, let time) where lock.server == serverAddress:
                try await store.settle(
                    ClaimRecord(id: record.id, charge: charge, signature: nil, claimedAt: time)
                )
                report(.claimed(request: record.id.request, charge: charge, signature: nil))
            default:
                // Not ours, or not any more. A lock transaction that is still under way is found by reconciling.
                try await store.setState(.forgotten, of: record.id)
            }
        }
    }

    /// Takes a lock out of the book.
    func drop(_ active: ActiveLock) {
        active.state.withLock { $0.phase = .over }
        let server: PeerServer? = state.withLock { state in
            if state.locks[active.address] === active { state.locks[active.address] = nil }
            return state.peerServer
        }
        // What is settled is kept for nobody.
        server?.forget(active.address.bytes)
        wake.yield()
    }

    func record(of active: ActiveLock, _ state: LockRecord.State) -> LockRecord {
        let lock = active.state.withLock { $0.lock }
        return LockRecord(
            id: active.id,
            state: state,
            lockedAt: lock?.lockedAt,
            deadline: lock?.deadline,
            voucherSigner: active.request.voucherSigner,
            stake: active.request.stake,
            credit: active.request.credit,
            createdAt: time.now,
            model: active.request.model,
            marketFee: lock?.fee
        )
    }
}
