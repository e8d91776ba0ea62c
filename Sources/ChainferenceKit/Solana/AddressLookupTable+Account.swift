/// What the account of an address table holds.
///
/// 56 bytes of state, then the addresses (solana-sdk `address-lookup-table-interface`).
public struct AddressLookupTableAccount: Hashable, Sendable {
    /// The slot in which the table was taken out of use; `UInt64.max` while it is in use.
    public var deactivationSlot: UInt64

    /// The slot in which addresses were last added; those are usable from the next one on.
    public var lastExtendedSlot: UInt64

    /// How many addresses the table had before that slot.
    public var lastExtendedSlotStartIndex: UInt8

    /// Who may add addresses; `nil` if nobody may any more.
    public var authority: Address?

    /// The addresses, in order.
    public var addresses: [Address]

    /// How many bytes a table without addresses has.
    public static let stateByteCount = 56

    /// The most addresses that a table can have.
    public static let maximumAddressCount = 256

    /// A table as the program makes it: in use, without addresses.
    public init(authority: Address) {
        deactivationSlot = .max
        lastExtendedSlot = 0
        lastExtendedSlotStartIndex = 0
        self.authority = authority
        addresses = []
    }

    /// The account's data.
    public var accountData: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.stateByteCount + addresses.count * Address.byteCount)
        bytes.append(tag: 1)
        bytes.append(u64: deactivationSlot)
        bytes.append(u64: lastExtendedSlot)
        bytes.append(lastExtendedSlotStartIndex)
        bytes.append(authority == nil ? 0 : 1)
        if let authority { bytes.append(authority) }
        bytes.append(contentsOf: repeatElement(0, count: Self.stateByteCount - bytes.count))
        for address in addresses { bytes.append(address) }
        return bytes
    }

    /// Reads an account's data; `nil` if they are no address table.
    public init?(accountData data: some Collection<UInt8>) {
        let data = Array(data)
        var reader = BincodeReader(data)
        guard data.count >= Self.stateByteCount,
            (data.count - Self.stateByteCount).isMultiple(of: Address.byteCount),
            (data.count - Self.stateByteCount) / Address.byteCount <= Self.maximumAddressCount,
            reader.readInteger(UInt32.self) == 1,
            let deactivationSlot = reader.readInteger(UInt64.self),
            let lastExtendedSlot = reader.readInteger(UInt64.self),
            let start = reader.readInteger(UInt8.self),
            let tag = reader.readInteger(UInt8.self), tag <= 1
        else { return nil }
        self.deactivationSlot = deactivationSlot
        self.lastExtendedSlot = lastExtendedSlot
        self.lastExtendedSlotStartIndex = start
        self.authority = tag == 1 ? reader.readAddress() : nil
        var rest = BincodeReader(Array(data[Self.stateByteCount...]))
        self.addresses = []
        while let address = rest.readAddress() { addresses.append(address) }
    }

    /// The table at `address`, to compile messages with: only what is usable in `slot`.
    ///
    /// - Parameters:
    ///   - address: The account that holds the table.
    ///   - slot: The newest slot that is known.
    /// - Returns: The table; `nil` if it was taken out of use.
    public func table(at address: Address, slot: UInt64) -> AddressLookupTable? {
        guard deactivationSlot == .max else { return nil }
        let usable = slot > lastExtendedSlot ? addresses.count : min(Int(lastExtendedSlotStartIndex), addresses.count)
        return AddressLookupTable(address: address, addresses: Array(addresses.prefix(usable)))
    }
}
