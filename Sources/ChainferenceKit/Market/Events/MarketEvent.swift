public import Solana

/// Something that the market program did, as it told observers.
///
/// Events are for indexers and user interfaces: they follow from state that the program keeps, so nothing of value
/// should depend on having seen one. Read them from a transaction's logs with ``Market/events(in:)``, which accepts
/// only what this program itself wrote.
public enum MarketEvent: Hashable, Sendable {
    /// What the market is after a change of it.
    public struct Governance: Hashable, Sendable {
        /// Who may change the market.
        public let authority: Address
        /// Who may take the authority over; nil for nobody.
        public let pendingAuthority: Address?
        /// Where fees go.
        public let treasury: Address
        /// The smallest charge of a response that may be compared.
        public let minimumComparedCharge: Lamports
        /// The market's share of a server's charge.
        public let fee: BasisPoints
    }

    /// The market was created.
    case marketInitialized(Governance)
    /// The market was changed.
    case marketUpdated(Governance)
    /// The pending authority is the authority now.
    case marketAccepted(Governance)

    /// A server was registered.
    case serverAdded(server: Address, owner: Address)
    /// A server's peer key or peer address changed.
    case serverUpdated(server: Address)
    /// A listing was made or its terms changed.
    case listingSet(server: Address, model: ModelHash, terms: Terms)
    /// A listing was removed.
    case listingRemoved(server: Address, model: ModelHash)
    /// A server showed that it is alive.
    case heartbeat(server: Address)
    /// A server ended.
    case serverClosed(server: Address, owner: Address)
    /// Fees went from a server's account to the treasury.
    case feesCollected(server: Address, amount: Lamports)

    /// A request was published; a direct one names its server and is locked already.
    case requestOpened(request: Address, server: Address?, stake: Lamports)
    /// A client took an open request back.
    case requestCancelled(request: Address)
    /// A server locked a request.
    case requestLocked(request: Address, server: Address)
    /// A server gave a lock back.
    case requestReleased(request: Address, server: Address)
    /// A client shortened the deadline of a locked request.
    case requestClosing(request: Address, deadline: UnixTime)
    /// A server was paid: of `charge`, `fee` is the market's; `refund` went back to the client at once.
    case paymentClaimed(request: Address, server: Address, charge: Lamports, fee: Lamports, refund: Lamports)
    /// A request ended because its time had passed.
    case requestExpired(request: Address)
    /// A client marked a response as bad.
    case responseFlagged(request: Address, server: Address)
    /// One response was called better than another.
    case responsesCompared(preferred: Address, other: Address)
    /// A claimed request ended.
    case requestClosed(request: Address)
}

/// What is wrong with bytes that should be an event of the market program.
public enum EventDecodingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There are fewer than the eight bytes that tell events apart.
    case tooShort(count: Int)
    /// The first eight bytes are no known event's.
    case unknownEvent(discriminator: UInt64)
    /// The event has more or fewer bytes than its fields need.
    case wrongLength(event: String, count: Int)
    /// A field holds what the program never writes.
    case invalidField(event: String, field: String)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .tooShort(let count):
            "\(count) bytes are no event: eight are needed to tell which."
        case .unknownEvent(let discriminator):
            "No known event begins with 0x\(String(discriminator, radix: 16)). "
                + "If the program is newer than this version of the kit, update it."
        case .wrongLength(let event, let count):
            "\(count) bytes are no \(event) event: its fields need another length."
        case .invalidField(let event, let field):
            "The \(event) event's \(field) is nothing that the market program writes. Don't use this event."
        }
    }
}
