import MarketProgram
public import SodiumCrypto
public import Solana

/// A model that a server offers, and its terms.
public struct Listing: Hashable, Sendable {
    /// The model.
    public let model: ModelID

    /// What it costs.
    public let terms: Terms

    /// The slot in which the listing was made or one of its prices last rose; it binds requests created later.
    public let raisedSlot: UInt64

    /// Adopts all fields.
    public init(model: ModelID, terms: Terms, raisedSlot: UInt64) {
        self.model = model
        self.terms = terms
        self.raisedSlot = raisedSlot
    }
}

/// A registered server: its record, where it listens and what it offers.
public struct ServerAccount: Hashable, Sendable {
    /// The wallet that registered the server and is paid.
    public let owner: Address

    /// The last sign of life.
    public let heartbeatAt: UnixTime

    /// The time of registration.
    public let registeredAt: UnixTime

    /// Open-flow requests that are locked now.
    public let openLocks: UInt64

    /// The record.
    public let reputation: Reputation

    /// Everything that was charged through vouchers, fees included.
    public let earned: Lamports

    /// What belongs to the treasury.
    public let feesOwed: Lamports

    /// The X25519 key of the peer channel.
    public let peerKey: X25519.PublicKey

    /// Where the server listens, or nothing; chosen by a stranger, so check it before dialling.
    public let peerAddress: String

    /// What is offered, in the order in which locks name listings.
    public let listings: [Listing]

    /// Decodes the account's data.
    ///
    /// The account's owner is not in the data: whoever reads it from the chain has to compare it with the program.
    public init(decoding data: [UInt8]) throws(AccountDecodingError) {
        let type = "Server"
        let reader = try AccountReader(
            data,
            type: type,
            discriminator: AccountDiscriminator.server,
            version: ServerLayout.version,
            minimum: ServerLayout.size(peerAddressLength: 0)
        )
        self.owner = reader.address(ServerLayout.owner)
        self.heartbeatAt = reader.time(ServerLayout.heartbeatAt)
        self.registeredAt = reader.time(ServerLayout.registeredAt)
        self.openLocks = reader.uint64(ServerLayout.openLocks)
        self.reputation = Reputation(
            completed: reader.uint64(ServerLayout.completed),
            failed: reader.uint64(ServerLayout.failed),
            flagged: reader.uint64(ServerLayout.flagged),
            compared: reader.uint64(ServerLayout.compared),
            preferred: reader.uint64(ServerLayout.preferred)
        )
        self.earned = reader.lamports(ServerLayout.earned)
        self.feesOwed = reader.lamports(ServerLayout.feesOwed)
        self.peerKey = reader.key(ServerLayout.peerKey)

        var offset = ServerLayout.listingCount
        let count = try reader.length(&offset, "listings", atMost: Int(MarketLimits.listings))
        let start = offset
        guard count * ListingLayout.size <= data.count - start else {
            throw .wrongLength(type: type, count: data.count)
        }
        offset += count * ListingLayout.size
        self.peerAddress = try reader.string(&offset, "peer address", atMost: MarketLimits.peerAddressLength)
        let names = try reader.length(&offset, "model ids", atMost: Int(MarketLimits.listings))
        guard names == count else { throw .invalidField(type: type, field: "model ids") }
        var listings: [Listing] = []
        listings.reserveCapacity(count)
        for index in 0..<count {
            let name = try reader.string(&offset, "model ids", atMost: ModelID.maximumLength)
            let listing = start + index * ListingLayout.size
            // The program verified the hash when the listing was made; an account that differs is not the program's.
            guard let model = try? ModelID(validating: name),
                try reader.hash(listing + ListingLayout.modelHash) == model.hash
            else { throw .invalidField(type: type, field: "model ids") }
            let terms = Terms(
                outputPrice: reader.price(listing + ListingLayout.outputPrice),
                inputPrice: reader.price(listing + ListingLayout.inputPrice),
                minimumCharge: reader.lamports(listing + ListingLayout.minimumCharge)
            )
            let raised = reader.uint64(listing + ListingLayout.raisedSlot)
            listings.append(Listing(model: model, terms: terms, raisedSlot: raised))
        }
        guard offset == data.count else { throw .wrongLength(type: type, count: data.count) }
        self.listings = listings
    }

    /// The index and the listing of a model.
    public func listing(for model: ModelHash) -> (index: UInt8, listing: Listing)? {
        for (index, listing) in listings.enumerated() where listing.model.hash == model {
            return (UInt8(index), listing)
        }
        return nil
    }

    /// Whether the last heartbeat is recent enough for the program to accept a lock.
    public func isAlive(at now: UnixTime) -> Bool {
        heartbeatAt.seconds(until: now) <= Int64(MarketLimits.heartbeatLifetime)
    }
}

extension ServerAccount {
    /// How long the data of a server with these listings is: what its rent is charged for.
    public static func dataLength(peerAddress: String, models: [ModelID]) -> Int {
        models.reduce(ServerLayout.size(peerAddressLength: peerAddress.utf8.count)) { sum, model in
            sum + ListingLayout.size + 4 + model.name.utf8.count
        }
    }
}
