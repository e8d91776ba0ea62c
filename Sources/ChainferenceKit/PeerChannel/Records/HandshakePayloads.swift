/// What the second message of the handshake carries: the server about itself, 64 bytes.
///
/// `time i64 (ms) ‖ prompt limit u32 ‖ session limit u32 (s) ‖ idle limit u32 (s) ‖ server tick u16 (ms) ‖ server record u16 ‖
/// client tick u16 ‖ client record u16 ‖ 36 zero bytes`. The client is not authenticated yet: nothing here is private.
enum ServerHelloPayload {
    static let size = 64
    private static let used = 28

    static func encode(_ parameters: PeerServerParameters) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(parameters.time)
        bytes.appendLittleEndian(parameters.promptByteLimit)
        bytes.appendLittleEndian(UInt32(clamping: parameters.sessionLimit.components.seconds))
        bytes.appendLittleEndian(UInt32(clamping: parameters.idleLimit.components.seconds))
        for shape in [parameters.serverShape, parameters.clientShape] {
            bytes.appendLittleEndian(UInt16(shape.tick.wholeMilliseconds))
            bytes.appendLittleEndian(UInt16(shape.recordSize))
        }
        return bytes + [UInt8](repeating: 0, count: size - used)
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) throws(PeerError) -> PeerServerParameters {
        guard bytes.count == size else { throw violation("wrong size") }
        guard bytes[used...].allSatisfy({ $0 == 0 }) else { throw violation("reserved bytes are not zero") }
        func shape(at offset: Int) throws(PeerError) -> StreamShape {
            let tick = bytes.littleEndian(at: offset, as: UInt16.self)
            let size = bytes.littleEndian(at: offset + 2, as: UInt16.self)
            guard let shape = StreamShape(tick: .milliseconds(tick), recordSize: Int(size)) else {
                throw violation("impossible tick or record size")
            }
            return shape
        }
        let clientShape = try shape(at: 24)
        // The server decides what the client has to send all the time: it must not be a way to use up a client's line.
        guard clientShape.bytesPerSecond <= StreamShape.clientRateLimit else {
            throw violation("the client's stream would take more than \(StreamShape.clientRateLimit) bytes a second")
        }
        return PeerServerParameters(
            time: bytes.littleEndian(at: 0),
            promptByteLimit: bytes.littleEndian(at: 8),
            sessionLimit: .seconds(bytes.littleEndian(at: 12, as: UInt32.self)),
            idleLimit: .seconds(bytes.littleEndian(at: 16, as: UInt32.self)),
            serverShape: try shape(at: 20),
            clientShape: clientShape
        )
    }

    private static func violation(_ reason: String) -> PeerError {
        .protocolViolation(.handshakePayload(reason: reason))
    }
}

/// What the third message of the handshake carries: the client's request, 64 bytes.
///
/// `request address 32 ‖ 12 zero bytes ‖ flags u8 ‖ 19 zero bytes`. Flag 1: the client does without shaping.
struct ClientHelloPayload: Hashable, Sendable {
    static let size = 64
    private static let flagsOffset = 44
    private static let unshaped: UInt8 = 1

    var request: PeerRequest
    var shaping: PeerShaping

    init(request: PeerRequest, shaping: PeerShaping) {
        self.request = request
        self.shaping = shaping
    }

    func encoded() -> [UInt8] {
        var bytes = request.address
        bytes += [UInt8](repeating: 0, count: Self.size - bytes.count)
        bytes[Self.flagsOffset] = shaping == .off ? Self.unshaped : 0
        return bytes
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(PeerError) {
        guard bytes.count == Self.size else { throw .protocolViolation(.handshakePayload(reason: "wrong size")) }
        let reserved = bytes.indices.dropFirst(32).filter { $0 != Self.flagsOffset }
        guard reserved.allSatisfy({ bytes[$0] == 0 }), bytes[Self.flagsOffset] <= Self.unshaped else {
            throw .protocolViolation(.handshakePayload(reason: "reserved bytes are not zero"))
        }
        request = PeerRequest(address: [UInt8](bytes[..<32]))
        shaping = bytes[Self.flagsOffset] == Self.unshaped ? .off : .constantRate
    }
}
