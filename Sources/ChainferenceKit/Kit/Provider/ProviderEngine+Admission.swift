import InferenceMarket
import PeerChannel
import Solana
import Synchronization

extension ProviderEngine {
    /// How many seconds must be left before the deadline for a prompt to be taken.
    static let leastSecondsForPrompt: Int64 = 600

    func makePeerServer() -> PeerServer {
        var configuration = PeerServer.Configuration()
        configuration.host = self.configuration.listenHost
        configuration.port = self.configuration.listenPort
        if let relay = self.configuration.relay {
            configuration.relays = [relay]
            configuration.relayProxy = self.configuration.relayProxy
            configuration.listensDirectly = false
        }
        configuration.shape = self.configuration.shape
        configuration.promptByteLimit = self.configuration.maximumPromptBytes
        configuration.idleLimit = self.configuration.idleLimit
        configuration.resumeLimit = self.configuration.idleLimit
        configuration.suites = Self.suites
        let server = PeerServer(
            configuration: configuration,
            identity: identity,
            context: PeerContext(
                genesisHash: chain.genesisHash.bytes,
                program: market.program.bytes,
                serverWallet: wallet.address.bytes
            ),
            logger: provider.logger,
            authorize: { try await self.admit($0) },
            serve: { try await self.serve($0) }
        )
        server.accept(olderIdentities: keys.withLock { $0.older.map(\.key) })
        return server
    }

    /// What clients may speak: everything that this build can.
    static var suites: Set<PeerSuite> { Set(PeerSuite.allCases.filter(\.isBuilt)) }

    /// Checks a client's request on the chain; nothing of the backend is touched before this has passed.
    func admit(_ applicant: PeerApplicant) async throws -> PeerAdmission {
        guard let address = try? Address(bytes: applicant.request.address) else {
            throw PeerErrorMessage(.requestUnknown)
        }
        do {
            let (active, lock) = try await check(applicant, address)
            report(.connected(request: address))
            let seconds = time.now.seconds(until: lock.deadline) - claimPolicy.secondsBeforeDeadline
            return PeerAdmission(
                shape: nil,
                sessionDuration: .seconds(max(1, seconds)),
                firstPromptNumber: active.state.withLock { $0.lastPromptNumber } + 1,
                lock: active.id.createdSlot,
                acceptVoucher: { try await self.accept($0, for: active, lock) }
            )
        } catch let refusal as PeerErrorMessage {
            report(.refused(request: address, reason: "\(refusal.code)"))
            throw refusal
        } catch {
            try Task.checkCancellation()
            report(.chainTrouble(reason: "\(error)"))
            throw PeerErrorMessage(.busy, retryAfter: .seconds(2), text: "the chain can't be asked")
        }
    }

    private func check(
        _ applicant: PeerApplicant,
        _ address: Address
    ) async throws -> (ActiveLock, RequestAccount.Lock) {
        guard !isDraining else { throw PeerErrorMessage(.shuttingDown) }
        let account: RequestAccount
        if let known = state.withLock({ $0.locks[address] }) {
            // A lock's address is public; who does not hold its key does not even get a look at the chain.
            guard applicant.clientKey == known.request.clientKey else { throw PeerErrorMessage(.clientKeyMismatch) }
            guard let found = try await chain.request(at: address)?.account else {
                throw PeerErrorMessage(.requestUnknown)
            }
            account = found
        } else {
            // Nobody knows it here: a direct request that its client is about to publish, or a stranger's game.
            account = try await awaitRequest(address)
        }
        let lock: RequestAccount.Lock
        switch account.state {
        case .open: throw PeerErrorMessage(.requestNotLockedHere)
        case .claimed: throw PeerErrorMessage(.requestOver)
        case .locked(let found): lock = found
        }
        // A direct request carries no peer address: the one of the server account holds, which is where the client came.
        let isDirect = account.flags.contains(.direct)
        guard lock.server == serverAddress,
            isDirect ? lock.peerAddress.isEmpty : state.withLock({ $0.addresses.contains(lock.peerAddress) })
        else { throw PeerErrorMessage(.requestNotLockedHere) }
        guard applicant.clientKey == account.clientKey else { throw PeerErrorMessage(.clientKeyMismatch) }
        guard !account.flags.contains(.closing) else { throw PeerErrorMessage(.requestOver) }
        let id = LockID(request: address, createdSlot: account.createdSlot)
        guard time.now.seconds(until: lock.deadline) >= Self.leastSecondsForPrompt else {
            throw PeerErrorMessage(.tooLittleTime)
        }
        let active: ActiveLock
        if let known = self.active(id) {
            active = known
        } else if isDirect {
            active = try await takeDirect(account, lock, id)
        } else {
            throw PeerErrorMessage(.requestNotLockedHere)
        }
        // What was decided on is what the chain has: stake, credit, and the terms of the listing within the caps.
        guard account.stake == active.request.stake, account.credit == active.request.credit,
            account.voucherSigner == active.request.voucherSigner, lock.terms.isWithin(account.caps)
        else { throw PeerErrorMessage(.requestNotLockedHere) }
        // A client can be faster than the confirmation of the own lock transaction.
        active.adopt(lock, isClosing: false, window: configuration.voucherWindow)
        guard active.mayServe else { throw PeerErrorMessage(.requestOver) }
        return (active, lock)
    }

    /// Verifies a voucher and writes it down; only then does it count.
    func accept(_ wire: PeerVoucher, for active: ActiveLock, _ lock: RequestAccount.Lock) async throws {
        guard let signature = try? Signature(bytes: wire.signature) else { throw PeerErrorMessage(.voucherInvalid) }
        let message = VoucherMessage(
            request: active.address,
            cumulative: Lamports(wire.cumulative),
            expiresAt: UnixTime(rawValue: wire.expiresAt)
        )
        let voucher = Voucher(message: message, signature: signature)
        guard message.expiresAt == lock.voucherExpiry else {
            throw PeerErrorMessage(.voucherInvalid, text: "it is for another lock")
        }
        let fault: ServerMeter.VoucherFault? = active.state.withLock { state in
            do throws(ServerMeter.VoucherFault) {
                try state.meter?.check(voucher: voucher.cumulative)
                return nil
            } catch {
                return error
            }
        }
        switch fault {
        case .doesNotRise: return
        case .aboveStake: throw PeerErrorMessage(.voucherInvalid, text: "it is above the stake")
        case nil: break
        }
        guard voucher.isSigned(by: active.request.voucherSigner) else {
            throw PeerErrorMessage(.voucherInvalid, text: "it is not signed by the request's voucher key")
        }
        try await store.save(voucher, for: active.id)
        active.state.withLock { $0.meter?.count(voucher: voucher.cumulative) }
        report(.vouched(request: active.address, cumulative: voucher.cumulative))
    }
}
