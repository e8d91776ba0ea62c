import InferenceMarket
import MarketProgram
import SodiumCrypto

/// Account data as the program writes it, put together from its public layout alone.
struct AccountBytes {
    var data: [UInt8]

    init(count: Int) { data = [UInt8](repeating: 0, count: count) }

    mutating func set(_ offset: Int, _ value: UInt64) {
        for index in 0..<8 { data[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    mutating func set(_ offset: Int, _ value: UInt16) {
        data[offset] = UInt8(truncatingIfNeeded: value)
        data[offset + 1] = UInt8(truncatingIfNeeded: value >> 8)
    }

    mutating func set(_ offset: Int, _ bytes: [UInt8]) {
        data.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    static func string(_ text: String) -> [UInt8] { length(text.utf8.count) + Array(text.utf8) }

    static func length(_ count: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } }

    static func request(model: String = "org/model", peerAddress: String = "/dns/a", state: RequestState = .locked)
        -> [UInt8]
    {
        var bytes = AccountBytes(count: RequestLayout.size(modelIDLength: model.utf8.count))
        bytes.set(RequestLayout.discriminator, AccountDiscriminator.inferenceRequest)
        for (index, offset) in [
            RequestLayout.requester, RequestLayout.server, RequestLayout.voucherSigner, RequestLayout.clientKey,
        ].enumerated() {
            bytes.set(offset, [UInt8](repeating: UInt8(index + 1), count: 32))
        }
        bytes.set(RequestLayout.modelHash, SHA256.hash(Array(model.utf8)))
        for (index, offset) in [
            RequestLayout.stake, RequestLayout.maximumOutputPrice, RequestLayout.maximumInputPrice,
            RequestLayout.maximumMinimumCharge, RequestLayout.outputPrice, RequestLayout.inputPrice,
            RequestLayout.minimumCharge, RequestLayout.credit, RequestLayout.charge, RequestLayout.createdSlot,
            RequestLayout.createdAt, RequestLayout.expiresAt, RequestLayout.lockedAt, RequestLayout.deadline,
            RequestLayout.claimedAt, RequestLayout.minimumCompleted,
        ].enumerated() {
            bytes.set(offset, UInt64(index + 101))
        }
        for (index, offset) in [
            RequestLayout.maximumFeeBasisPoints, RequestLayout.minimumSuccess, RequestLayout.minimumPreference,
            RequestLayout.feeBasisPoints,
        ].enumerated() {
            bytes.set(offset, UInt16(index + 201))
        }
        bytes.data[RequestLayout.state] = state.rawValue
        bytes.data[RequestLayout.flags] = RequestFlags.closing | RequestFlags.vouched
        bytes.data[RequestLayout.bump] = 254
        bytes.data[RequestLayout.version] = 1
        bytes.set(RequestLayout.modelID, string(model) + string(peerAddress))
        return bytes.data
    }

    static func server(models: [String] = ["org/model", "b"], peerAddress: String = "/dns/a") -> [UInt8] {
        var bytes = AccountBytes(count: ServerLayout.listings + models.count * ListingLayout.size)
        bytes.set(ServerLayout.discriminator, AccountDiscriminator.server)
        bytes.set(ServerLayout.owner, [UInt8](repeating: 1, count: 32))
        bytes.set(ServerLayout.peerKey, [UInt8](repeating: 2, count: 32))
        for (index, offset) in [
            ServerLayout.heartbeatAt, ServerLayout.registeredAt, ServerLayout.openLocks, ServerLayout.completed,
            ServerLayout.failed, ServerLayout.flagged, ServerLayout.compared, ServerLayout.preferred,
            ServerLayout.earned, ServerLayout.feesOwed,
        ].enumerated() {
            bytes.set(offset, UInt64(index + 101))
        }
        bytes.data[ServerLayout.version] = 1
        bytes.data[ServerLayout.bump] = 255
        bytes.set(ServerLayout.listingCount, length(models.count))
        for (index, model) in models.enumerated() {
            let listing = ServerLayout.listings + index * ListingLayout.size
            bytes.set(listing + ListingLayout.modelHash, SHA256.hash(Array(model.utf8)))
            bytes.set(listing + ListingLayout.outputPrice, UInt64(10 * index + 1))
            bytes.set(listing + ListingLayout.inputPrice, UInt64(10 * index + 2))
            bytes.set(listing + ListingLayout.minimumCharge, UInt64(10 * index + 3))
            bytes.set(listing + ListingLayout.raisedSlot, UInt64(10 * index + 4))
        }
        return bytes.data + string(peerAddress) + length(models.count) + models.flatMap(string)
    }

    static func market() -> [UInt8] {
        var bytes = AccountBytes(count: MarketLayout.size)
        bytes.set(MarketLayout.discriminator, AccountDiscriminator.market)
        bytes.set(MarketLayout.authority, [UInt8](repeating: 1, count: 32))
        bytes.set(MarketLayout.treasury, [UInt8](repeating: 2, count: 32))
        bytes.set(MarketLayout.minimumComparedCharge, UInt64(1_000))
        bytes.set(MarketLayout.feeBasisPoints, UInt16(250))
        bytes.data[MarketLayout.version] = 1
        return bytes.data
    }
}
