import InferenceMarket
import Solana

/// Decides which open requests a provider locks.
///
/// A value without clocks or sockets: everything that the program will check is checked here first, so that no fee is
/// spent on a lock that it must refuse, and then the provider's own interest.
struct LockPolicy: Hashable, Sendable {
    /// What the chain takes for each step.
    var fees: FeeSchedule

    /// What must be left of the expected charge after the market's fee and both transactions.
    var profitFloor: Lamports

    /// The usage that the expected charge is reckoned with.
    var expectedUsage: TokenCount

    /// The most locks at a time.
    var maximumLocks: Int

    /// Requests that can be locked for less than this many seconds more are left alone: the lock might come too late.
    var leastSecondsToExpiry: Int64 = 3

    /// What is known about the provider when a request is looked at.
    struct Situation: Hashable, Sendable {
        /// The provider's account.
        var server: ServerAccount
        /// The models that the backend serves now.
        var served: Set<ModelHash>
        /// The market's fee now.
        var fee: BasisPoints
        /// The locks that are held or being taken.
        var locks: Int
        /// How likely it is that the fee of a lock is not paid in vain, from 0 to 1.
        var chance = 1.0
        /// The time.
        var now: UnixTime
    }

    /// What to do with a request.
    enum Decision: Hashable, Sendable {
        /// Lock it on the listing with this index; so much is expected to be left.
        case lock(listingIndex: UInt8, profit: Lamports)
        /// Leave it.
        case leave(Reason)
    }

    /// Why a request is left alone.
    enum Reason: Hashable, Sendable {
        /// Somebody has it, or it is over.
        case notOpen
        /// It is the provider's own wallet's.
        case own
        /// It can't be locked for long enough any more.
        case expiring
        /// The model is not listed, or the backend does not serve it now.
        case modelNotServed
        /// The listed terms are above what the client accepts.
        case termsAboveCaps
        /// The listing was made or raised after the request.
        case listingTooNew
        /// The market's fee is above what the client accepts.
        case feeAboveCap
        /// The provider's record does not meet the client's criteria.
        case recordTooPoor
        /// Of a client that never comes, less than so much could be claimed.
        case creditTooSmall(needed: Lamports)
        /// The stake does not pay for the minimum charge and one token.
        case stakeTooSmall
        /// So much would be lost, or less than the floor earned.
        case unprofitable(income: Lamports, costs: Lamports)
        /// Others are so often faster that the fees of lost attempts outweigh what a lock brings.
        case contested
        /// All slots are taken.
        case busy
    }

    /// Why a direct request, which the program has locked already, is not served; nil when it is.
    ///
    /// Its terms are those that were listed when it was created: a promise that is kept even if the listing has changed.
    func refusal(
        ofDirect request: RequestAccount,
        _ lock: RequestAccount.Lock,
        in situation: Situation
    ) -> Reason? {
        guard request.requester != situation.server.owner else { return .own }
        guard situation.served.contains(request.model.hash) else { return .modelNotServed }
        guard lock.terms.isWithin(request.caps) else { return .termsAboveCaps }
        guard lock.terms.charge(for: TokenCount(input: 1, output: 1)) <= request.stake else { return .stakeTooSmall }
        // No lock transaction: the claim is all that the chain takes.
        let (income, costs) = (income(from: request.stake, lock.terms, fee: lock.fee), fees.claimWithVoucher)
        guard income >= costs.saturatingAdding(profitFloor) else {
            return .unprofitable(income: income, costs: costs)
        }
        return situation.locks < maximumLocks ? nil : .busy
    }

    /// From how many output tokens on a session pays for the provider's own transactions, after the usual input.
    ///
    /// Nil when no length does.
    func breakEven(_ terms: Terms, marketFee: BasisPoints, isDirect: Bool) -> UInt64? {
        let costs = isDirect ? fees.claimWithVoucher : fees.lock.saturatingAdding(fees.claimWithVoucher)
        return terms.breakEvenOutput(
            inputTokens: expectedUsage.input,
            costs: costs.saturatingAdding(profitFloor),
            platformFee: marketFee
        )
    }

    private func income(from stake: Lamports, _ terms: Terms, fee: BasisPoints) -> Lamports {
        let charge = min(stake, terms.charge(for: expectedUsage))
        return charge.saturatingSubtracting(fee.share(of: charge))
    }

    /// What to do with a request.
    func decide(_ request: RequestAccount, in situation: Situation) -> Decision {
        guard case .open = request.state else { return .leave(.notOpen) }
        guard request.requester != situation.server.owner else { return .leave(.own) }
        guard situation.now.seconds(until: request.expiresAt) >= leastSecondsToExpiry else { return .leave(.expiring) }
        guard situation.served.contains(request.model.hash),
            let (index, listing) = situation.server.listing(for: request.model.hash)
        else { return .leave(.modelNotServed) }
        guard listing.terms.isWithin(request.caps) else { return .leave(.termsAboveCaps) }
        guard listing.raisedSlot < request.createdSlot else { return .leave(.listingTooNew) }
        guard situation.fee <= request.maximumFee else { return .leave(.feeAboveCap) }
        guard situation.server.reputation.meets(request.criteria) else { return .leave(.recordTooPoor) }
        guard listing.terms.charge(for: TokenCount(input: 1, output: 1)) <= request.stake else {
            return .leave(.stakeTooSmall)
        }
        let income = income(from: request.stake, listing.terms, fee: situation.fee)
        let costs = fees.lock.saturatingAdding(fees.claimWithVoucher)
        guard income >= costs.saturatingAdding(profitFloor) else {
            return .leave(.unprofitable(income: income, costs: costs))
        }
        // A client that never comes must not cost more than it pays, as far as the provider's own minimum goes: else requests
        // without credit would be a cheap way to make it pay fees.
        let needed = min(listing.terms.minimumCharge, fees.lock.saturatingAdding(fees.claimWithoutVoucher))
        guard request.credit >= needed else { return .leave(.creditTooSmall(needed: needed)) }
        guard situation.locks < maximumLocks else { return .leave(.busy) }
        let profit = Double(income.saturatingSubtracting(costs).rawValue)
        let risk = (1 - situation.chance) * Double(fees.lock.rawValue)
        guard situation.chance * profit >= risk else { return .leave(.contested) }
        return .lock(listingIndex: index, profit: income.saturatingSubtracting(costs))
    }
}

extension LockPolicy.Reason: CustomStringConvertible {
    /// The reason in words.
    var description: String {
        switch self {
        case .notOpen: "it is not open"
        case .own: "it is this wallet's own"
        case .expiring: "it is about to expire"
        case .modelNotServed: "the model is not served here now"
        case .termsAboveCaps: "the listed terms are above its caps"
        case .listingTooNew: "it is older than the listing or its last raise"
        case .feeAboveCap: "the market's fee is above its cap"
        case .recordTooPoor: "this server's record does not meet its criteria"
        case .creditTooSmall(let needed): "its credit is below \(needed), which a client that never comes would cost"
        case .stakeTooSmall: "its stake does not pay for the minimum charge and one token"
        case .unprofitable(let income, let costs): "\(income) expected would not cover \(costs) of fees and the floor"
        case .contested: "other servers are usually faster, and lost attempts cost more than a lock brings"
        case .busy: "all slots are taken"
        }
    }
}
