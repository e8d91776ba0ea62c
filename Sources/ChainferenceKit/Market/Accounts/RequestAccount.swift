import MarketProgram
public import SodiumCrypto
public import Solana

/// A request for inference: its stake, what its client accepts, and how far it has come.
public struct RequestAccount: Hashable, Sendable {
    /// How far a request has come.
    public enum State: Hashable, Sendable {
        /// Any matching server may lock it.
        case open
        /// One server works on it and may claim until the deadline.
        case locked(Lock)
        /// The server was paid; the account waits for its end.
        case claimed(Lock, charge: Lamports, at: UnixTime)

        /// The lock, if there is or was one.
        public var lock: Lock? {
            switch self {
            case .open: nil
            case .locked(let lock), .claimed(let lock, _, _): lock
            }
        }
    }

    /// Who locked a request, on which terms and until when.
    public struct Lock: Hashable, Sendable {
        /// The account of the server.
        public let server: Address

        /// The frozen terms.
        public let terms: Terms

        /// The market's share of the charge, frozen.
        public let fee: BasisPoints

        /// The time of the lock.
        public let lockedAt: UnixTime

        /// Until when the server may claim.
        public let deadline: UnixTime

        /// Where to connect, or nothing when the server account's address holds.
        ///
        /// Chosen by a stranger: check it before dialling.
        public let peerAddress: String

        /// The expiry that every voucher for this lock must bear.
        public var voucherExpiry: UnixTime { lockedAt.advanced(bySeconds: Int64(MarketLimits.lockDuration)) }
    }

    /// What has happened to a request besides its state.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits as the account has them.
        public let rawValue: UInt8

        /// Adopts the bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The request named its server.
        public static let direct = Flags(rawValue: RequestFlags.direct)
        /// The client flagged the response.
        public static let flagged = Flags(rawValue: RequestFlags.flagged)
        /// The claim presented a voucher and charged something.
        public static let vouched = Flags(rawValue: RequestFlags.vouched)
        /// The response was part of a comparison.
        public static let compared = Flags(rawValue: RequestFlags.compared)
        /// The client began to close the request while it was locked.
        public static let closing = Flags(rawValue: RequestFlags.closing)
    }

    /// The client's wallet.
    public let requester: Address

    /// The model.
    public let model: ModelID

    /// The key that signs vouchers.
    public let voucherSigner: Address

    /// The client's X25519 key of the peer channel.
    public let clientKey: X25519.PublicKey

    /// The most that the server may charge.
    public let stake: Lamports

    /// The highest acceptable terms.
    public let caps: Terms

    /// The highest acceptable fee of the market.
    public let maximumFee: BasisPoints

    /// What may be claimed without a voucher.
    public let credit: Lamports

    /// What a server's record must show.
    public let criteria: Criteria

    /// The slot of the creation, which tells incarnations of one address apart.
    public let createdSlot: UInt64

    /// The time of the creation.
    public let createdAt: UnixTime

    /// Until when the request may be locked.
    public let expiresAt: UnixTime

    /// The time of the newest lock, which is kept when that lock is released; nil before the first.
    public let lastLockedAt: UnixTime?

    /// What has happened besides.
    public let flags: Flags

    /// How far it has come.
    public let state: State

    /// Decodes the account's data.
    ///
    /// The account's owner is not in the data: whoever reads it from the chain has to compare it with the program.
    public init(decoding data: [UInt8]) throws(AccountDecodingError) {
        let type = "InferenceRequest"
        let reader = try AccountReader(
            data,
            type: type,
            discriminator: AccountDiscriminator.inferenceRequest,
            version: RequestLayout.version,
            minimum: RequestLayout.size(modelIDLength: 1)
        )
        var offset = RequestLayout.modelID
        let name = try reader.string(&offset, "model id", atMost: ModelID.maximumLength)
        guard let model = try? ModelID(validating: name), try reader.hash(RequestLayout.modelHash) == model.hash else {
            throw .invalidField(type: type, field: "model id")
        }
        guard data.count == RequestLayout.size(modelIDLength: name.utf8.count) else {
            throw .wrongLength(type: type, count: data.count)
        }
        let peerAddress = try reader.string(&offset, "peer address", atMost: MarketLimits.peerAddressLength)
        guard data[offset...].allSatisfy({ $0 == 0 }) else { throw .invalidField(type: type, field: "padding") }

        self.requester = reader.address(RequestLayout.requester)
        self.model = model
        self.voucherSigner = reader.address(RequestLayout.voucherSigner)
        self.clientKey = reader.key(RequestLayout.clientKey)
        self.stake = reader.lamports(RequestLayout.stake)
        self.caps = Terms(
            outputPrice: reader.price(RequestLayout.maximumOutputPrice),
            inputPrice: reader.price(RequestLayout.maximumInputPrice),
            minimumCharge: reader.lamports(RequestLayout.maximumMinimumCharge)
        )
        self.maximumFee = try reader.basisPoints(RequestLayout.maximumFeeBasisPoints, "maximum fee")
        self.credit = reader.lamports(RequestLayout.credit)
        self.criteria = Criteria(
            minimumSuccess: try reader.basisPoints(RequestLayout.minimumSuccess, "minimum success"),
            minimumPreference: try reader.basisPoints(RequestLayout.minimumPreference, "minimum preference"),
            minimumCompleted: reader.uint64(RequestLayout.minimumCompleted)
        )
        self.createdSlot = reader.uint64(RequestLayout.createdSlot)
        self.createdAt = reader.time(RequestLayout.createdAt)
        self.expiresAt = reader.time(RequestLayout.expiresAt)
        let lockedAt = reader.time(RequestLayout.lockedAt)
        self.lastLockedAt = lockedAt.rawValue == 0 ? nil : lockedAt
        self.flags = Flags(rawValue: data[RequestLayout.flags])

        let lock = Lock(
            server: reader.address(RequestLayout.server),
            terms: Terms(
                outputPrice: reader.price(RequestLayout.outputPrice),
                inputPrice: reader.price(RequestLayout.inputPrice),
                minimumCharge: reader.lamports(RequestLayout.minimumCharge)
            ),
            fee: try reader.basisPoints(RequestLayout.feeBasisPoints, "fee"),
            lockedAt: lockedAt,
            deadline: reader.time(RequestLayout.deadline),
            peerAddress: peerAddress
        )
        switch RequestState(rawValue: data[RequestLayout.state]) {
        case .open:
            self.state = .open
        case .locked:
            self.state = .locked(lock)
        case .claimed:
            self.state = .claimed(
                lock,
                charge: reader.lamports(RequestLayout.charge),
                at: reader.time(RequestLayout.claimedAt)
            )
        case nil:
            throw .invalidField(type: type, field: "state")
        }
    }
}
