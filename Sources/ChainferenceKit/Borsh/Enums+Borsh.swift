extension BorshEncodable where Self: RawRepresentable, RawValue == UInt8 {
    /// Appends the raw value: one byte.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        writer.writeVariant(rawValue)
    }
}

extension BorshDecodable where Self: RawRepresentable, RawValue == UInt8 {
    /// Reads a raw value, which must belong to a case.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let index = try reader.readInteger(UInt8.self)
        guard let value = Self(rawValue: index) else { throw reader.invalidVariant(index) }
        self = value
    }
}

extension Optional: BorshEncodable where Wrapped: BorshEncodable {
    /// Appends 0, or 1 and the value.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        switch self {
        case .none: writer.writeVariant(0)
        case .some(let value):
            writer.writeVariant(1)
            try writer.write(value)
        }
    }
}

extension Optional: BorshDecodable where Wrapped: BorshDecodable {
    /// Reads 0, or 1 and a value.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self = try reader.readTag() ? .some(try reader.read(Wrapped.self)) : .none
    }
}

extension Result: BorshEncodable where Success: BorshEncodable, Failure: BorshEncodable {
    /// Appends 1 and the success, or 0 and the failure.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        switch self {
        case .success(let value):
            writer.writeVariant(1)
            try writer.write(value)
        case .failure(let error):
            writer.writeVariant(0)
            try writer.write(error)
        }
    }
}

extension Result: BorshDecodable where Success: BorshDecodable, Failure: BorshDecodable {
    /// Reads 1 and a success, or 0 and a failure.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self =
            try reader.readTag()
            ? .success(try reader.read(Success.self)) : .failure(try reader.read(Failure.self))
    }
}
