/// The program that keeps address tables: lists of addresses that version-0 messages name by one byte each.
///
/// A table's address follows from its authority and a recent slot. Addresses can be used from the slot after the one that
/// they were added in. A table is closed in two steps: once deactivated, it can still be used for 512 slots, and only
/// then closed.
public enum AddressLookupTableProgram {
    /// The program's id.
    public static let id = Address(literal: "AddressLookupTab1e1111111111111111111111111")

    /// The address of the table that an authority makes with a slot, and its bump.
    ///
    /// - Parameters:
    ///   - authority: Who may change the table.
    ///   - recentSlot: The slot that the table is made with.
    /// - Returns: The address and the bump that belongs to it.
    /// - Throws: ``ProgramAddressError/noBumpFound``, which nobody will ever see.
    public static func tableAddress(
        authority: Address,
        recentSlot: UInt64
    ) throws(ProgramAddressError) -> (address: Address, bump: UInt8) {
        try Address.findProgramAddress(seeds: [authority.bytes, recentSlot.littleEndianBytes], program: id)
    }

    /// Makes an empty table; does nothing if it is there already.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | table | written |
    /// | 1 | authority | |
    /// | 2 | payer | signs, written |
    /// | 3 | system program | |
    ///
    /// - Parameters:
    ///   - authority: Who may change the table; need not sign.
    ///   - payer: Who pays the table's rent exemption.
    ///   - recentSlot: One of the last 512 slots, but not the one that the transaction lands in: take the slot of a
    ///     finalized or confirmed block.
    /// - Returns: The instruction and the table's address.
    /// - Throws: ``ProgramAddressError/noBumpFound``, which nobody will ever see.
    public static func createTable(
        authority: Address,
        payer: Address,
        recentSlot: UInt64
    ) throws(ProgramAddressError) -> (instruction: Instruction, table: Address) {
        let (table, bump) = try tableAddress(authority: authority, recentSlot: recentSlot)
        let instruction = AddressLookupTableInstruction.create(recentSlot: recentSlot, bump: bump)
            .instruction([.writable(table), .readonly(authority), .writableSigner(payer), .readonly(SystemProgram.id)])
        return (instruction, table)
    }

    /// Makes a table unchangeable, for ever.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | table | written |
    /// | 1 | authority | signs |
    public static func freezeTable(_ table: Address, authority: Address) -> Instruction {
        AddressLookupTableInstruction.freeze.instruction([.writable(table), .readonlySigner(authority)])
    }

    /// Adds addresses to a table, which holds at most 256; about 20 fit into one transaction.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | table | written |
    /// | 1 | authority | signs |
    /// | 2 | payer | signs, written; only with a payer |
    /// | 3 | system program | only with a payer |
    ///
    /// - Parameters:
    ///   - table: The table.
    ///   - authority: Who may change it.
    ///   - payer: Who pays for the growth; `nil` if the table holds enough lamports.
    ///   - addresses: What to add, at least one address.
    /// - Returns: The instruction.
    public static func extendTable(
        _ table: Address,
        authority: Address,
        payer: Address?,
        addresses: [Address]
    ) -> Instruction {
        let funding: [AccountMeta] = payer.map { [.writableSigner($0), .readonly(SystemProgram.id)] } ?? []
        return AddressLookupTableInstruction.extend(addresses: addresses)
            .instruction([.writable(table), .readonlySigner(authority)] + funding)
    }

    /// Takes a table out of use; it can be closed 513 slots later.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | table | written |
    /// | 1 | authority | signs |
    public static func deactivateTable(_ table: Address, authority: Address) -> Instruction {
        AddressLookupTableInstruction.deactivate.instruction([.writable(table), .readonlySigner(authority)])
    }

    /// Closes a table that was deactivated more than 512 slots ago.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | table | written |
    /// | 1 | authority | signs |
    /// | 2 | recipient | written; gets the table's lamports |
    public static func closeTable(_ table: Address, authority: Address, to recipient: Address) -> Instruction {
        AddressLookupTableInstruction.close
            .instruction([.writable(table), .readonlySigner(authority), .writable(recipient)])
    }
}

/// What the lookup-table program is told: a number of 32 bits for the case, then the fields (bincode, little-endian).
public enum AddressLookupTableInstruction: Hashable, Sendable {
    /// Makes a table (0).
    case create(recentSlot: UInt64, bump: UInt8)

    /// Makes a table unchangeable (1).
    case freeze

    /// Adds addresses (2).
    case extend(addresses: [Address])

    /// Takes a table out of use (3).
    case deactivate

    /// Closes a table (4).
    case close
}

extension AddressLookupTableInstruction {
    /// The most addresses that an instruction of 1,232 bytes can carry.
    private static let maximumAddressCount: UInt64 = 38

    func instruction(_ accounts: [AccountMeta]) -> Instruction {
        Instruction(program: AddressLookupTableProgram.id, accounts: accounts, data: data)
    }

    /// The instruction's data.
    public var data: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .create(let recentSlot, let bump):
            bytes.append(tag: 0)
            bytes.append(u64: recentSlot)
            bytes.append(bump)
        case .freeze: bytes.append(tag: 1)
        case .extend(let addresses):
            bytes.append(tag: 2)
            bytes.append(u64: UInt64(addresses.count))
            for address in addresses { bytes.append(address) }
        case .deactivate: bytes.append(tag: 3)
        case .close: bytes.append(tag: 4)
        }
        return bytes
    }

    /// What an instruction's data say; `nil` if the program would answer `InvalidInstructionData`.
    ///
    /// Bytes after the fields are ignored, as the program does.
    public init?(decoding data: some Collection<UInt8>) {
        var reader = BincodeReader(Array(data))
        switch reader.readInteger(UInt32.self) {
        case 0:
            guard let slot = reader.readInteger(UInt64.self), let bump = reader.readInteger(UInt8.self) else {
                return nil
            }
            self = .create(recentSlot: slot, bump: bump)
        case 1: self = .freeze
        case 2:
            guard let count = reader.readInteger(UInt64.self), count <= Self.maximumAddressCount else { return nil }
            var addresses: [Address] = []
            for _ in 0..<count {
                guard let address = reader.readAddress() else { return nil }
                addresses.append(address)
            }
            self = .extend(addresses: addresses)
        case 3: self = .deactivate
        case 4: self = .close
        default: return nil
        }
    }
}
