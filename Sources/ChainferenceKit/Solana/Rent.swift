/// The price of storage on the chain: what an account must hold to stay.
///
/// Read it from the cluster; it can change. ``standard`` is what clusters have charged so far.
public struct Rent: Hashable, Sendable {
    /// The bytes that every account counts beside its data.
    public static let accountOverhead: UInt64 = 128

    /// The most bytes of data that an account can have.
    public static let maximumDataLength: UInt64 = 10 * 1_024 * 1_024

    /// What every cluster starts with.
    public static let standard = Rent(lamportsPerByte: 6_960)

    /// The price of one byte for as long as the account lives.
    public var lamportsPerByte: UInt64

    /// A price.
    public init(lamportsPerByte: UInt64) {
        self.lamportsPerByte = lamportsPerByte
    }

    /// What an account of so many bytes must hold; stops at the largest amount instead of failing.
    public func minimumBalance(dataLength: Int) -> Lamports {
        let bytes = UInt64(clamping: dataLength).addingReportingOverflow(Self.accountOverhead)
        let product = bytes.partialValue.multipliedReportingOverflow(by: lamportsPerByte)
        return bytes.overflow || product.overflow ? .max : Lamports(product.partialValue)
    }
}

extension Rent {
    /// The price that the account ``Sysvar/rent`` holds: 17 bytes, price for a year, years, share burned.
    ///
    /// `nil` if the account holds something else.
    public init?(accountData data: some Collection<UInt8>) {
        let data = Array(data)
        guard data.count == 17 else { return nil }
        let perYear = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        let bits = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)) }
        let price = Double(perYear) * Double(bitPattern: bits)
        guard price.isFinite, let lamports = UInt64(exactly: price.rounded(.down)) else { return nil }
        self.init(lamportsPerByte: lamports)
    }

    /// What the account ``Sysvar/rent`` holds for this price, in today's form: everything is due in the first year.
    public var accountData: [UInt8] {
        lamportsPerByte.littleEndianBytes + (1.0).bitPattern.littleEndianBytes + [50]
    }
}

extension FixedWidthInteger {
    /// The bytes of the number, the least significant one first.
    package var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
