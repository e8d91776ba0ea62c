public import Borsh

extension BorshEncodable where Self: FixedBytes {
    /// Appends the bytes, without a count.
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        withUnsafeBytes { writer.writeBytes(bufferPointer: $0) }
    }
}

extension BorshDecodable where Self: FixedBytes {
    /// Reads as many bytes as the type has.
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self = try reader.readBytes(count: Self.byteCount) { bytes throws(BorshError) in
            var value = Self.zero
            Swift.withUnsafeMutableBytes(of: &value) { $0.copyMemory(from: bytes) }
            return value
        }
    }
}

extension Address: BorshCodable, BorshKey {}
extension Blockhash: BorshCodable, BorshKey {}
extension Signature: BorshCodable {}

extension Lamports: BorshCodable, BorshKey {
    /// Appends the number of lamports: 64 bits.
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        writer.writeInteger(rawValue)
    }

    /// Reads a number of lamports: 64 bits.
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self.init(try reader.readInteger(UInt64.self))
    }
}
