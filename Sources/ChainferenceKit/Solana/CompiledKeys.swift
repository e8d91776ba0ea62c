/// The accounts of a message while it is compiled: each once, with the privileges that all instructions together ask for.
///
/// The order is the Rust SDK's, on which all its users agree: the fee payer, then raw byte order inside each class. No
/// dictionary is involved, whose order would change from run to run.
struct CompiledKeys {
    private struct Entry {
        let address: Address
        var isSigner: Bool
        var isWritable: Bool
        var isProgram: Bool
        /// The place in the message, once it is known; `nil` before.
        var index: UInt8?
    }

    /// Sorted by address, without duplicates.
    private var entries: [Entry]
    private let feePayer: Address
    private(set) var header = MessageHeader(requiredSignatures: 0, readonlySigned: 0, readonlyUnsigned: 0)
    private(set) var lookups: [AddressTableLookup] = []
    /// Places in `entries` of what the tables give, in the order of the message.
    private var loadedWritable: [Int] = []
    private var loadedReadonly: [Int] = []
    private var isLoaded: [Bool]

    init(feePayer: Address, instructions: [Instruction]) {
        var all: [Entry] = []
        all.reserveCapacity(instructions.reduce(1) { $0 + 1 + $1.accounts.count })
        all.append(Entry(address: feePayer, isSigner: true, isWritable: true, isProgram: false))
        for instruction in instructions {
            all.append(Entry(address: instruction.program, isSigner: false, isWritable: false, isProgram: true))
            for account in instruction.accounts {
                let (isSigner, isWritable) = (account.isSigner, account.isWritable)
                all.append(
                    Entry(address: account.address, isSigner: isSigner, isWritable: isWritable, isProgram: false)
                )
            }
        }
        all.sort { $0.address < $1.address }
        var last = 0
        for index in all.indices.dropFirst() {
            if all[index].address == all[last].address {
                all[last].isSigner = all[last].isSigner || all[index].isSigner
                all[last].isWritable = all[last].isWritable || all[index].isWritable
                all[last].isProgram = all[last].isProgram || all[index].isProgram
            } else {
                last += 1
                all[last] = all[index]
            }
        }
        all.removeSubrange((last + 1)...)
        self.entries = all
        self.feePayer = feePayer
        self.isLoaded = [Bool](repeating: false, count: all.count)
    }

    /// The place of an address in `entries`.
    private func position(of address: Address) -> Int? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].address < address { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].address == address ? low : nil
    }

    /// Leaves to `table` what it can give: no signers, and no programs.
    mutating func take(from table: AddressLookupTable) throws(MessageError) {
        // Where the table lists an address twice, the first place counts.
        var places = [Int?](repeating: nil, count: entries.count)
        for (place, address) in table.addresses.enumerated() {
            if let position = position(of: address), places[position] == nil { places[position] = place }
        }
        var lookup = AddressTableLookup(table: table.address, writableIndices: [], readonlyIndices: [])
        for writable in [true, false] {
            for position in entries.indices {
                let entry = entries[position]
                guard let place = places[position], !isLoaded[position],
                    !entry.isSigner, !entry.isProgram, entry.isWritable == writable
                else { continue }
                guard let index = UInt8(exactly: place) else {
                    throw .lookupIndexTooLarge(table: table.address, index: place)
                }
                isLoaded[position] = true
                if writable {
                    lookup.writableIndices.append(index)
                    loadedWritable.append(position)
                } else {
                    lookup.readonlyIndices.append(index)
                    loadedReadonly.append(position)
                }
            }
        }
        if !lookup.writableIndices.isEmpty || !lookup.readonlyIndices.isEmpty { lookups.append(lookup) }
    }

    /// Gives every account its place; returns the message's own accounts.
    mutating func assignIndices() throws(MessageError) -> [Address] {
        guard entries.count <= 256 else { throw .tooManyAccounts(count: entries.count) }
        var accounts: [Address] = []
        accounts.reserveCapacity(entries.count)
        var counts = [0, 0, 0, 0]
        for (rank, (signer, writable)) in [(true, true), (true, false), (false, true), (false, false)].enumerated() {
            if rank == 0, let payer = position(of: feePayer) {
                entries[payer].index = 0
                accounts.append(feePayer)
            }
            for position in entries.indices {
                let entry = entries[position]
                guard entry.isSigner == signer, entry.isWritable == writable, entry.index == nil, !isLoaded[position]
                else { continue }
                entries[position].index = UInt8(truncatingIfNeeded: accounts.count)
                accounts.append(entry.address)
            }
            counts[rank] = accounts.count
        }
        for (offset, position) in (loadedWritable + loadedReadonly).enumerated() {
            entries[position].index = UInt8(truncatingIfNeeded: accounts.count + offset)
        }
        guard let signers = UInt8(exactly: counts[1]), let readonlyUnsigned = UInt8(exactly: counts[3] - counts[2])
        else { throw .tooManyAccounts(count: accounts.count) }
        header = MessageHeader(
            requiredSignatures: signers,
            readonlySigned: UInt8(truncatingIfNeeded: counts[1] - counts[0]),
            readonlyUnsigned: readonlyUnsigned
        )
        return accounts
    }

    /// The instructions, with places for addresses; only after ``assignIndices()``.
    func compile(_ instructions: [Instruction]) -> [CompiledInstruction] {
        func index(of address: Address) -> UInt8 {
            guard let position = position(of: address), let index = entries[position].index else {
                preconditionFailure("every address of the instructions was entered and given a place")
            }
            return index
        }
        return instructions.map { instruction in
            CompiledInstruction(
                programIndex: index(of: instruction.program),
                accountIndices: instruction.accounts.map { index(of: $0.address) },
                data: instruction.data
            )
        }
    }
}
