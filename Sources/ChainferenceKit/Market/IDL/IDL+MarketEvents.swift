import MarketProgram

extension IDL {
    /// The events that ``MarketEvent`` decodes; the program has no offsets for them, because it writes them in order.
    static let marketEvents: [Record] = [
        event("MarketInitialized", EventDiscriminator.marketInitialized, governance),
        event("MarketUpdated", EventDiscriminator.marketUpdated, governance),
        event("MarketAccepted", EventDiscriminator.marketAccepted, governance),
        event("ServerAdded", EventDiscriminator.serverAdded, [("server", .publicKey), ("owner", .publicKey)]),
        event("ServerUpdated", EventDiscriminator.serverUpdated, [("server", .publicKey)]),
        event(
            "ListingSet",
            EventDiscriminator.listingSet,
            [
                ("server", .publicKey), ("model_hash", .bytes32), ("output_price", .u64), ("input_price", .u64),
                ("minimum_charge", .u64),
            ]
        ),
        event("ListingRemoved", EventDiscriminator.listingRemoved, [("server", .publicKey), ("model_hash", .bytes32)]),
        event("Heartbeat", EventDiscriminator.heartbeat, [("server", .publicKey)]),
        event("ServerClosed", EventDiscriminator.serverClosed, [("server", .publicKey), ("owner", .publicKey)]),
        event(
            "RequestOpened",
            EventDiscriminator.requestOpened,
            [("request", .publicKey), ("server", .publicKey), ("stake", .u64)]
        ),
        event("RequestCancelled", EventDiscriminator.requestCancelled, [("request", .publicKey)]),
        event("RequestLocked", EventDiscriminator.requestLocked, [("request", .publicKey), ("server", .publicKey)]),
        event(
            "RequestReleased",
            EventDiscriminator.requestReleased,
            [("request", .publicKey), ("server", .publicKey)]
        ),
        event("RequestClosing", EventDiscriminator.requestClosing, [("request", .publicKey), ("deadline", .i64)]),
        event(
            "PaymentClaimed",
            EventDiscriminator.paymentClaimed,
            [("request", .publicKey), ("server", .publicKey), ("charge", .u64), ("fee", .u64), ("refund", .u64)]
        ),
        event("FeesCollected", EventDiscriminator.feesCollected, [("server", .publicKey), ("lamports", .u64)]),
        event("RequestExpired", EventDiscriminator.requestExpired, [("request", .publicKey)]),
        event(
            "ResponseFlagged",
            EventDiscriminator.responseFlagged,
            [("request", .publicKey), ("server", .publicKey)]
        ),
        event(
            "ResponsesCompared",
            EventDiscriminator.responsesCompared,
            [("preferred_request", .publicKey), ("other_request", .publicKey)]
        ),
        event("RequestClosed", EventDiscriminator.requestClosed, [("request", .publicKey)]),
    ]

    private static let governance: [(String, FieldType)] = [
        ("authority", .publicKey), ("pending_authority", .publicKey), ("treasury", .publicKey),
        ("minimum_compared_charge", .u64), ("fee_basis_points", .u16),
    ]

    private static func event(_ name: String, _ discriminator: UInt64, _ fields: [(String, FieldType)]) -> Record {
        var offset: Int? = 8
        var rows: [Field] = []
        for (name, type) in fields {
            rows.append(Field(name, type, at: offset))
            offset = offset.flatMap { start in type.fixedSize(in: marketTypes).map { start + $0 } }
        }
        return Record(name: name, discriminator: discriminator, docs: [], fields: rows)
    }
}
