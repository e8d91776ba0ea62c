/// A value of a fixed number of bytes, kept inline, whose text is base58: addresses, blockhashes, signatures.
///
/// Values order by their bytes, the first one weighing most, as the Rust SDK orders them. `Codable` uses the text.
/// Conforming types are plain structs whose memory is exactly their bytes.
public protocol FixedBytes: Hashable, Comparable, Sendable, Codable, CustomStringConvertible, BitwiseCopyable {
    /// How many bytes a value has.
    static var byteCount: Int { get }

    /// The value whose bytes are all zero.
    static var zero: Self { get }
}

extension FixedBytes {
    /// A value of the given bytes.
    ///
    /// - Throws: ``SolanaFormatError/wrongByteCount(expected:actual:)``.
    public init(bytes: some Collection<UInt8>) throws(SolanaFormatError) {
        guard bytes.count == Self.byteCount else {
            throw .wrongByteCount(expected: Self.byteCount, actual: bytes.count)
        }
        self = .zero
        Swift.withUnsafeMutableBytes(of: &self) { $0.copyBytes(from: bytes) }
    }

    /// The value that a base58 text stands for; nothing but its canonical text is accepted.
    public init(base58: String) throws(SolanaFormatError) {
        self = .zero
        var failure: SolanaFormatError?
        Swift.withUnsafeMutableBytes(of: &self) { buffer in
            do throws(SolanaFormatError) {
                try Base58.decode(base58, filling: buffer)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// A value from constants of this package and of its tests, where a mistake is the programmer's.
    package init(literal base58: StaticString) {
        do {
            try self.init(base58: base58.description)
        } catch {
            preconditionFailure("\(base58): \(error)")
        }
    }

    /// The bytes, copied into an array.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The base58 text.
    public var base58: String { withUnsafeBytes { Base58.encode(bufferPointer: $0) } }

    /// The base58 text.
    public var description: String { base58 }

    /// Lends the bytes for the duration of the call.
    @inlinable
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Swift.withUnsafeBytes(of: self, body)
    }

    /// Reads the base58 text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(base58: container.decode(String.self))
        } catch let error as SolanaFormatError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    /// Writes the base58 text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(base58)
    }
}
