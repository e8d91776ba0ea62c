import InferenceMarket
import MarketProgram
import SodiumCrypto
import Solana

/// Account data as the program writes it, for the pure parts; the rest is tested against the cluster.
enum AccountBytes {
    static func request(
        model: ModelID = "org/model",
        requester: Address = .zero,
        stake: UInt64 = 1_000_000,
        caps: Terms,
        credit: UInt64 = 20_000,
        maximumFee: UInt16 = 10_000,
        criteria: Criteria = .any,
        createdSlot: UInt64 = 100,
        expiresAt: Int64 = 2_000,
        isOpen: Bool = true
    ) throws -> RequestAccount {
        var data = [UInt8](repeating: 0, count: RequestLayout.size(modelIDLength: model.name.utf8.count))
        set(&data, RequestLayout.discriminator, AccountDiscriminator.inferenceRequest)
        data.replaceSubrange(RequestLayout.requester..<RequestLayout.requester + 32, with: requester.bytes)
        data.replaceSubrange(RequestLayout.modelHash..<RequestLayout.modelHash + 32, with: model.hash.bytes)
        set(&data, RequestLayout.stake, stake)
        set(&data, RequestLayout.credit, credit)
        set(&data, RequestLayout.maximumOutputPrice, caps.outputPrice.rawValue)
        set(&data, RequestLayout.maximumInputPrice, caps.inputPrice.rawValue)
        set(&data, RequestLayout.maximumMinimumCharge, caps.minimumCharge.rawValue)
        set(&data, RequestLayout.createdSlot, createdSlot)
        set(&data, RequestLayout.expiresAt, UInt64(bitPattern: expiresAt))
        set(&data, RequestLayout.minimumCompleted, criteria.minimumCompleted)
        set16(&data, RequestLayout.maximumFeeBasisPoints, maximumFee)
        set16(&data, RequestLayout.minimumSuccess, criteria.minimumSuccess.rawValue)
        set16(&data, RequestLayout.minimumPreference, criteria.minimumPreference.rawValue)
        data[RequestLayout.state] = (isOpen ? RequestState.open : RequestState.claimed).rawValue
        data[RequestLayout.version] = 1
        let name = length(model.name.utf8.count) + Array(model.name.utf8)
        data.replaceSubrange(RequestLayout.modelID..<RequestLayout.modelID + name.count, with: name)
        return try RequestAccount(decoding: data)
    }

    static func server(
        owner: Address,
        listings: [Listing],
        reputation: Reputation = Reputation(),
        peerAddress: String = "",
        peerKey: [UInt8] = [UInt8](repeating: 9, count: 32)
    ) throws -> ServerAccount {
        var data = [UInt8](repeating: 0, count: ServerLayout.listings + listings.count * ListingLayout.size)
        set(&data, ServerLayout.discriminator, AccountDiscriminator.server)
        data.replaceSubrange(ServerLayout.owner..<ServerLayout.owner + 32, with: owner.bytes)
        data.replaceSubrange(ServerLayout.peerKey..<ServerLayout.peerKey + 32, with: peerKey)
        set(&data, ServerLayout.completed, reputation.completed)
        set(&data, ServerLayout.failed, reputation.failed)
        data[ServerLayout.version] = 1
        data.replaceSubrange(ServerLayout.listingCount..<ServerLayout.listings, with: length(listings.count))
        for (index, listing) in listings.enumerated() {
            let base = ServerLayout.listings + index * ListingLayout.size
            data.replaceSubrange(base..<base + 32, with: listing.model.hash.bytes)
            set(&data, base + ListingLayout.outputPrice, listing.terms.outputPrice.rawValue)
            set(&data, base + ListingLayout.inputPrice, listing.terms.inputPrice.rawValue)
            set(&data, base + ListingLayout.minimumCharge, listing.terms.minimumCharge.rawValue)
            set(&data, base + ListingLayout.raisedSlot, listing.raisedSlot)
        }
        data += length(peerAddress.utf8.count) + Array(peerAddress.utf8) + length(listings.count)
        for listing in listings { data += length(listing.model.name.utf8.count) + Array(listing.model.name.utf8) }
        return try ServerAccount(decoding: data)
    }

    private static func length(_ count: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } }

    private static func set(_ data: inout [UInt8], _ offset: Int, _ value: UInt64) {
        for index in 0..<8 { data[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    private static func set16(_ data: inout [UInt8], _ offset: Int, _ value: UInt16) {
        data[offset] = UInt8(truncatingIfNeeded: value)
        data[offset + 1] = UInt8(truncatingIfNeeded: value >> 8)
    }
}
