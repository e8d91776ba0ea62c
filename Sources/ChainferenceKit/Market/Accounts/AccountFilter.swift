import MarketProgram
public import Solana

/// A condition on accounts that an RPC node checks for `getProgramAccounts` and `programSubscribe`.
public enum AccountFilter: Hashable, Sendable {
    /// The data has this length.
    case dataSize(Int)
    /// The data has these bytes at this offset.
    case memcmp(offset: Int, bytes: [UInt8])
}

/// The questions about the market's accounts that a node can answer by filters.
public struct MarketQuery: Hashable, Sendable {
    /// All conditions, which must hold together.
    public let filters: [AccountFilter]

    /// Every server.
    public static let servers = MarketQuery(filters: [discriminator(AccountDiscriminator.server)])

    /// Every request, whatever its state.
    public static let requests = MarketQuery(filters: [discriminator(AccountDiscriminator.inferenceRequest)])

    /// The requests for a model that any server may lock.
    public static func openRequests(for model: ModelHash) -> MarketQuery {
        MarketQuery(filters: [
            discriminator(AccountDiscriminator.inferenceRequest),
            .memcmp(offset: RequestLayout.modelHash, bytes: model.bytes),
            .memcmp(offset: RequestLayout.state, bytes: [RequestState.open.rawValue]),
        ])
    }

    /// The requests for a model, whatever their state: what a subscription needs to see them leave the open state.
    public static func requests(for model: ModelHash) -> MarketQuery {
        MarketQuery(filters: [
            discriminator(AccountDiscriminator.inferenceRequest),
            .memcmp(offset: RequestLayout.modelHash, bytes: model.bytes),
        ])
    }

    /// The requests that a server has or had locked; the server is named by its account, not its owner.
    public static func requests(lockedBy server: Address) -> MarketQuery {
        MarketQuery(filters: [
            discriminator(AccountDiscriminator.inferenceRequest),
            .memcmp(offset: RequestLayout.server, bytes: server.bytes),
        ])
    }

    /// The requests of a client.
    public static func requests(of requester: Address) -> MarketQuery {
        MarketQuery(filters: [
            discriminator(AccountDiscriminator.inferenceRequest),
            .memcmp(offset: RequestLayout.requester, bytes: requester.bytes),
        ])
    }

    private static func discriminator(_ value: UInt64) -> AccountFilter {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: value)
        return .memcmp(offset: 0, bytes: bytes)
    }
}

extension RequestAccount {
    /// How long the data of a request for `model` is: what its rent is charged for.
    public static func dataLength(for model: ModelID) -> Int {
        RequestLayout.size(modelIDLength: model.name.utf8.count)
    }
}
