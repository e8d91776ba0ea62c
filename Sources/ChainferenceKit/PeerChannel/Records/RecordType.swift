/// What a record is.
///
/// The numbers are final: see Documentation/peer-protocol.md.
enum RecordType: UInt8, CaseIterable, Sendable {
    case pad = 0x00
    case prompt = 0x01
    case accept = 0x02
    case data = 0x03
    case fin = 0x04
    case cancel = 0x05
    case cancelled = 0x06
    case error = 0x07
    case ping = 0x08
    case pong = 0x09
    case resume = 0x0a
    case window = 0x0b
    case close = 0x0c
    case voucher = 0x0d

    /// Unknown types from here on are ignored; unknown types below end the session.
    static let firstIgnorable: UInt8 = 0x80
}

/// The flags of a record.
enum RecordFlags {
    /// The message goes on in the next record, which has the same type.
    static let more: UInt8 = 0x01
}
