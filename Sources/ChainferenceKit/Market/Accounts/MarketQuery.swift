import MarketProgram
public import Solana

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
            .bytes(model.bytes, at: UInt64(RequestLayout.modelHash)),
            .bytes([RequestState.open.rawValue], at: UInt64(RequestLayout.state)),
        ])
    }

    /// The requests for a model, whatever their state: what a subscription needs to see them leave the open state.
    public static func requests(for model: ModelHash) -> MarketQuery {
        MarketQuery(filters: [
            discriminator(AccountDiscriminator.inferenceRequest),
            .bytes(model.bytes, at: UInt64(RequestLayout.modelHash)),
        ])
    }

    /// The requests that a server has or had locked; the server is named by its account, not its owner.
    public static func requests(lockedBy server: Address) -> MarketQuery {
        MarketQuery(filters: [
            discriminator(AccountDiscriminator.inferenceRequest),
            .bytes(server.bytes, at: UInt64(RequestLayout.server)),
        ])
    }

    /// The requests of a client.
    public static func requests(of requester: Address) -> MarketQuery {
        MarketQuery(filters: [
            discriminator(AccountDiscriminator.inferenceRequest),
            .bytes(requester.bytes, at: UInt64(RequestLayout.requester)),
        ])
    }

    private static func discriminator(_ value: UInt64) -> AccountFilter {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: value)
        return .bytes(bytes, at: 0)
    }
}

extension RequestAccount {
    /// How long the data of a request for `model` is: what its rent is charged for.
    public static func dataLength(for model: ModelID) -> Int {
        RequestLayout.size(modelIDLength: model.name.utf8.count)
    }
}
