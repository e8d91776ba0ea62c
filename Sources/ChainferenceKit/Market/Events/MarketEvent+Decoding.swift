import MarketProgram
import Solana

extension MarketEvent {
    /// Decodes one event: eight bytes that tell which, then exactly its fields.
    ///
    /// - Parameter data: What the program logged, without the base64.
    /// - Throws: ``EventDecodingError``; nothing but an event that the program could have written is accepted.
    public init(decoding data: [UInt8]) throws(EventDecodingError) {
        guard data.count >= 8 else { throw .tooShort(count: data.count) }
        let discriminator = data.littleEndianUInt64(at: 0)
        guard let record = IDL.marketEvents.first(where: { $0.discriminator == discriminator }) else {
            throw .unknownEvent(discriminator: discriminator)
        }
        guard let size = record.fields.fixedSize(in: []), data.count == 8 + size else {
            throw .wrongLength(event: record.name, count: data.count)
        }
        // From here on every read stays within the event's own fields.
        let fields = EventFields(event: record.name, data: data)
        if let event = try Self.governance(discriminator, fields) {
            self = event
        } else if let event = Self.server(discriminator, fields) ?? Self.request(discriminator, fields) {
            self = event
        } else {
            throw .unknownEvent(discriminator: discriminator)
        }
    }

    private static func governance(
        _ discriminator: UInt64,
        _ fields: EventFields
    ) throws(EventDecodingError) -> MarketEvent? {
        switch discriminator {
        case EventDiscriminator.marketInitialized: .marketInitialized(try Governance(fields))
        case EventDiscriminator.marketUpdated: .marketUpdated(try Governance(fields))
        case EventDiscriminator.marketAccepted: .marketAccepted(try Governance(fields))
        default: nil
        }
    }

    private static func server(_ discriminator: UInt64, _ fields: EventFields) -> MarketEvent? {
        let server = fields.address(0)
        switch discriminator {
        case EventDiscriminator.serverAdded:
            return .serverAdded(server: server, owner: fields.address(32))
        case EventDiscriminator.serverUpdated:
            return .serverUpdated(server: server)
        case EventDiscriminator.listingSet:
            let terms = Terms(
                outputPrice: PricePerMillionTokens(rawValue: fields.uint64(64)),
                inputPrice: PricePerMillionTokens(rawValue: fields.uint64(72)),
                minimumCharge: fields.lamports(80)
            )
            return fields.hash(32).map { .listingSet(server: server, model: $0, terms: terms) }
        case EventDiscriminator.listingRemoved:
            return fields.hash(32).map { .listingRemoved(server: server, model: $0) }
        case EventDiscriminator.heartbeat:
            return .heartbeat(server: server)
        case EventDiscriminator.serverClosed:
            return .serverClosed(server: server, owner: fields.address(32))
        case EventDiscriminator.feesCollected:
            return .feesCollected(server: server, amount: fields.lamports(32))
        default:
            return nil
        }
    }

    private static func request(_ discriminator: UInt64, _ fields: EventFields) -> MarketEvent? {
        let request = fields.address(0)
        switch discriminator {
        case EventDiscriminator.requestOpened:
            return .requestOpened(
                request: request,
                server: fields.optionalAddress(32),
                stake: fields.lamports(64)
            )
        case EventDiscriminator.requestCancelled:
            return .requestCancelled(request: request)
        case EventDiscriminator.requestLocked:
            return .requestLocked(request: request, server: fields.address(32))
        case EventDiscriminator.requestReleased:
            return .requestReleased(request: request, server: fields.address(32))
        case EventDiscriminator.requestClosing:
            return .requestClosing(request: request, deadline: fields.time(32))
        case EventDiscriminator.paymentClaimed:
            return .paymentClaimed(
                request: request,
                server: fields.address(32),
                charge: fields.lamports(64),
                fee: fields.lamports(72),
                refund: fields.lamports(80)
            )
        case EventDiscriminator.requestExpired:
            return .requestExpired(request: request)
        case EventDiscriminator.responseFlagged:
            return .responseFlagged(request: request, server: fields.address(32))
        case EventDiscriminator.responsesCompared:
            return .responsesCompared(preferred: request, other: fields.address(32))
        case EventDiscriminator.requestClosed:
            return .requestClosed(request: request)
        default:
            return nil
        }
    }
}

extension MarketEvent.Governance {
    fileprivate init(_ fields: EventFields) throws(EventDecodingError) {
        self.authority = fields.address(0)
        self.pendingAuthority = fields.optionalAddress(32)
        self.treasury = fields.address(64)
        self.minimumComparedCharge = fields.lamports(96)
        self.fee = BasisPoints(rawValue: fields.uint16(104))
        guard fee.rawValue <= MarketLimits.feeBasisPoints else {
            throw .invalidField(event: fields.event, field: "fee")
        }
    }
}

/// Reads fields at offsets behind the discriminator.
///
/// The length was compared with that of all fields together before one of these is made.
private struct EventFields {
    let event: String
    let data: [UInt8]

    func uint64(_ offset: Int) -> UInt64 { data.littleEndianUInt64(at: 8 + offset) }

    func uint16(_ offset: Int) -> UInt16 { UInt16(data[8 + offset]) | UInt16(data[9 + offset]) << 8 }

    func lamports(_ offset: Int) -> Lamports { Lamports(rawValue: uint64(offset)) }

    func time(_ offset: Int) -> UnixTime { UnixTime(rawValue: Int64(bitPattern: uint64(offset))) }

    func hash(_ offset: Int) -> ModelHash? { ModelHash(bytes: data[(8 + offset)..<(40 + offset)]) }

    func address(_ offset: Int) -> Address {
        var address = Address.zero
        data.withUnsafeBytes { bytes in
            withUnsafeMutableBytes(of: &address) { $0.copyBytes(from: bytes[(8 + offset)..<(40 + offset)]) }
        }
        return address
    }

    func optionalAddress(_ offset: Int) -> Address? {
        let address = address(offset)
        return address == .zero ? nil : address
    }
}
