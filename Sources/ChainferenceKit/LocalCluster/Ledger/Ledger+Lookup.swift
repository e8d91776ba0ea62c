import Solana

extension Ledger {
    /// Settles a transaction's accounts and privileges as of a slot.
    ///
    /// - Throws: `TooManyAccountLocks`, `AccountLoadedTwice`, or what is wrong with a lookup table.
    func resolve(
        _ transaction: Transaction,
        wireBytes: [UInt8],
        atSlot slot: UInt64
    ) throws(TransactionError) -> ResolvedTransaction {
        let message = transaction.message
        var loadedWritable: [Address] = []
        var loadedReadonly: [Address] = []
        for lookup in message.lookups {
            let addresses = try lookupTable(lookup.table, atSlot: slot)
            for index in lookup.writableIndices { loadedWritable.append(try element(index, of: addresses)) }
            for index in lookup.readonlyIndices { loadedReadonly.append(try element(index, of: addresses)) }
        }
        let keys = message.accounts + loadedWritable + loadedReadonly
        guard keys.count <= Self.maximumAccountLocks else { throw .tooManyAccountLocks }
        // A message's own accounts differ: it would not have become a transaction otherwise.
        guard message.lookups.isEmpty || Set(keys).count == keys.count else { throw .accountLoadedTwice }
        var isProgram = [Bool](repeating: false, count: keys.count)
        for instruction in message.instructions { isProgram[Int(instruction.programIndex)] = true }
        let hasLoader = keys.contains(WellKnownAddress.upgradeableLoader)
        let writable = keys.indices.map { index in
            let asked =
                index < message.accounts.count
                ? message.isWritable(index) : index < message.accounts.count + loadedWritable.count
            return asked && !WellKnownAddress.reserved.contains(keys[index])
                && (hasLoader || !isProgram[index])
        }
        return ResolvedTransaction(
            wireBytes: wireBytes,
            signatures: transaction.signatures,
            messageHash: Self.hash(transaction.messageBytes),
            recentBlockhash: message.recentBlockhash,
            accountKeys: keys,
            writable: writable,
            loadedWritableCount: loadedWritable.count,
            loadedReadonlyCount: loadedReadonly.count,
            instructions: message.instructions
        )
    }

    /// How many accounts one transaction may lock (`MAX_TX_ACCOUNT_LOCKS` on mainnet).
    static let maximumAccountLocks = 64

    private func element(_ index: UInt8, of table: [Address]) throws(TransactionError) -> Address {
        guard Int(index) < table.count else { throw .invalidAddressLookupTableIndex }
        return table[Int(index)]
    }

    /// The active addresses of a lookup table.
    private func lookupTable(_ address: Address, atSlot slot: UInt64) throws(TransactionError) -> [Address] {
        guard let account = account(address, atSlot: slot) else { throw .addressLookupTableNotFound }
        guard account.owner == AddressLookupTableProgram.id else { throw .invalidAddressLookupTableOwner }
        guard let table = AddressLookupTableAccount(accountData: account.data) else {
            throw .invalidAddressLookupTableData
        }
        // A deactivated table stays usable for as many slots as the slot hashes sysvar remembers.
        guard table.deactivationSlot == .max || slot <= table.deactivationSlot.addingReportingOverflow(512).partialValue
        else { throw .addressLookupTableNotFound }
        // Addresses of this very slot's extension are not active before the next one.
        guard slot <= table.lastExtendedSlot else { return table.addresses }
        return Array(table.addresses.prefix(Int(table.lastExtendedSlotStartIndex)))
    }
}
