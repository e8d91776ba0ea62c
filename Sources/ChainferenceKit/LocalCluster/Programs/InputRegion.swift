import MarketProgram
import Solana

/// The input region of the upgradeable loader ("ABI v1"): an instruction's accounts, data and program, in one block.
struct InputRegion: ~Copyable {
    /// The start of the block, 8-byte aligned.
    let base: UnsafeMutableRawPointer

    /// The instruction's data inside the block.
    let instruction: UnsafeMutableRawPointer

    private struct Entry {
        var account: InstructionAccount
        var offset: Int
        var originalCount: Int
    }

    /// The accounts in the instruction's order; a repeated one points at the first one's bytes.
    private var entries: [Entry] = []

    /// Writes the block for the instruction on top of the stack.
    init(of context: TransactionContext) {
        let frame = context.frame
        var size = 8 + 8 + frame.data.count + Address.byteCount
        for account in frame.accounts {
            size += AccountHeader.data + context.accounts[account.index].data.count + AccountHeader.growthRoom + 16
        }
        base = .allocate(byteCount: size, alignment: 8)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        base.storeBytes(of: UInt64(frame.accounts.count), as: UInt64.self)
        var offset = 8
        for (position, account) in frame.accounts.enumerated() {
            let stored = context.accounts[account.index]
            if let earlier = frame.accounts[..<position].firstIndex(where: { $0.index == account.index }) {
                base.storeBytes(of: UInt8(truncatingIfNeeded: earlier), toByteOffset: offset, as: UInt8.self)
                entries.append(
                    Entry(account: account, offset: entries[earlier].offset, originalCount: stored.data.count)
                )
                offset += 8
                continue
            }
            entries.append(Entry(account: account, offset: offset, originalCount: stored.data.count))
            let header = base + offset
            header.storeBytes(of: AccountHeader.notDuplicate, as: UInt8.self)
            header.storeBytes(of: account.isSigner ? 1 : 0, toByteOffset: AccountHeader.isSigner, as: UInt8.self)
            header.storeBytes(of: account.isWritable ? 1 : 0, toByteOffset: AccountHeader.isWritable, as: UInt8.self)
            header.storeBytes(of: stored.executable ? 1 : 0, toByteOffset: AccountHeader.isExecutable, as: UInt8.self)
            context.key(of: account).withUnsafeBytes {
                (header + AccountHeader.key).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
            Self.write(stored, to: header)
            offset += AccountHeader.data + stored.data.count + AccountHeader.growthRoom
            offset = (offset + 7) & ~7
            base.storeBytes(of: UInt64.max, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        base.storeBytes(of: UInt64(frame.data.count), toByteOffset: offset, as: UInt64.self)
        offset += 8
        instruction = base + offset
        instruction.copyMemory(from: frame.data, byteCount: frame.data.count)
        frame.program.withUnsafeBytes {
            (base + offset + frame.data.count).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
        }
    }

    deinit {
        base.deallocate()
    }

    /// Finds the account whose header is at a place in the block.
    ///
    /// - Parameter header: The address that the program passed.
    /// - Returns: The account.
    /// - Throws: `InvalidArgument` if there is no account there.
    func account(at header: UnsafeMutableRawPointer) throws(InstructionError) -> InstructionAccount {
        guard let entry = entries.first(where: { base + $0.offset == header }) else { throw .invalidArgument }
        return entry.account
    }

    /// Takes what the program changed over into the transaction's accounts, by the runtime's rules.
    func commit(to context: inout TransactionContext) throws(InstructionError) {
        for (position, entry) in entries.enumerated() where isFirst(position) {
            let header = base + entry.offset
            let lamports = header.load(fromByteOffset: AccountHeader.lamports, as: UInt64.self)
            let count = header.load(fromByteOffset: AccountHeader.dataLength, as: UInt64.self)
            let owner = Address(at: header + AccountHeader.owner)
            try context.setLamports(Lamports(lamports), of: entry.account)
            guard count <= UInt64(entry.originalCount + AccountHeader.growthRoom),
                count <= UInt64(TransactionContext.maximumDataCount)
            else { throw .invalidRealloc }
            let bytes = UnsafeRawBufferPointer(start: header + AccountHeader.data, count: Int(count))
            let stored = context.accounts[entry.account.index].data
            if !stored.elementsEqual(bytes) {
                try context.setData([UInt8](bytes), of: entry.account)
            }
            try context.setOwner(owner, of: entry.account)
        }
    }

    /// Shows the program what an invocation changed.
    ///
    /// - Parameter context: The transaction after the invocation.
    /// - Throws: `InvalidRealloc` if an account grew beyond the room that follows it.
    func reload(from context: TransactionContext) throws(InstructionError) {
        for (position, entry) in entries.enumerated() where isFirst(position) {
            let stored = context.accounts[entry.account.index]
            guard stored.data.count <= entry.originalCount + AccountHeader.growthRoom else { throw .invalidRealloc }
            Self.write(stored, to: base + entry.offset)
        }
    }

    private func isFirst(_ position: Int) -> Bool {
        !entries[..<position].contains { $0.offset == entries[position].offset }
    }

    private static func write(_ account: LedgerAccount, to header: UnsafeMutableRawPointer) {
        account.owner.withUnsafeBytes {
            (header + AccountHeader.owner).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
        }
        header.storeBytes(of: account.lamports.rawValue, toByteOffset: AccountHeader.lamports, as: UInt64.self)
        header.storeBytes(of: UInt64(account.data.count), toByteOffset: AccountHeader.dataLength, as: UInt64.self)
        (header + AccountHeader.data).copyMemory(from: account.data, byteCount: account.data.count)
    }
}

extension Address {
    /// The address whose 32 bytes are at a place in memory.
    init(at pointer: UnsafeRawPointer) {
        self = pointer.loadUnaligned(as: Address.self)
    }
}
