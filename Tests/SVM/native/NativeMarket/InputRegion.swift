import MarketProgram

/// An account as it enters or leaves an instruction.
public struct NativeAccount: Equatable, Sendable {
    /// 32 bytes.
    public var key: [UInt8]
    /// 32 bytes.
    public var owner: [UInt8]
    /// The balance.
    public var lamports: UInt64
    /// The data.
    public var data: [UInt8]
    /// Whether the account signed.
    public var isSigner: Bool
    /// Whether the account may change.
    public var isWritable: Bool
    /// Whether the account is a program.
    public var isExecutable: Bool

    /// Collects the parts.
    public init(
        key: [UInt8],
        owner: [UInt8] = [UInt8](repeating: 0, count: 32),
        lamports: UInt64 = 0,
        data: [UInt8] = [],
        isSigner: Bool = false,
        isWritable: Bool = false,
        isExecutable: Bool = false
    ) {
        precondition(key.count == 32 && owner.count == 32, "keys have 32 bytes")
        self.key = key
        self.owner = owner
        self.lamports = lamports
        self.data = data
        self.isSigner = isSigner
        self.isWritable = isWritable
        self.isExecutable = isExecutable
    }
}

/// What stands in one place of an instruction's accounts.
public enum AccountPlace: Sendable {
    /// An account that occurs for the first time.
    case account(NativeAccount)
    /// The account of an earlier place.
    case repeats(UInt8)
}

/// The loader's input region in memory of this process, as `AccountHeader` describes it.
final class InputRegion {
    let start: UnsafeMutableRawPointer
    let instruction: UnsafeMutableRawPointer
    private let headers: [UnsafeMutableRawPointer]
    private let size: Int

    init(places: [AccountPlace], instruction data: [UInt8], program: [UInt8]) {
        var size = 8 + 8 + data.count + 32
        for place in places {
            switch place {
            case .account(let account): size += Self.sizeOfAccount(dataLength: account.data.count)
            case .repeats: size += 8
            }
        }
        // The program reads whole words up to seven bytes past a string; the program's address covers them.
        let start = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        start.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        start.storeBytes(of: UInt64(places.count), as: UInt64.self)
        var header = start + 8
        var headers: [UnsafeMutableRawPointer] = []
        for place in places {
            switch place {
            case .account(let account):
                Self.write(account, to: header)
                headers.append(header)
                header += Self.sizeOfAccount(dataLength: account.data.count)
            case .repeats(let index):
                header.storeBytes(of: index, as: UInt8.self)
                header += 8
            }
        }
        header.storeBytes(of: UInt64(data.count), as: UInt64.self)
        (header + 8).copyMemory(from: data, byteCount: data.count)
        (header + 8 + data.count).copyMemory(from: program, byteCount: 32)
        self.start = start
        self.size = size
        self.headers = headers
        instruction = header + 8
    }

    deinit {
        start.deallocate()
    }

    /// The accounts as the program left them, in the order of their first places.
    func accounts() -> [NativeAccount] {
        headers.map { header in
            let length = Int(header.load(fromByteOffset: AccountHeader.dataLength, as: UInt64.self))
            return NativeAccount(
                key: Self.bytes(header + AccountHeader.key, 32),
                owner: Self.bytes(header + AccountHeader.owner, 32),
                lamports: header.load(fromByteOffset: AccountHeader.lamports, as: UInt64.self),
                data: Self.bytes(header + AccountHeader.data, length),
                isSigner: header.load(fromByteOffset: AccountHeader.isSigner, as: UInt8.self) != 0,
                isWritable: header.load(fromByteOffset: AccountHeader.isWritable, as: UInt8.self) != 0,
                isExecutable: header.load(fromByteOffset: AccountHeader.isExecutable, as: UInt8.self) != 0
            )
        }
    }

    private static func sizeOfAccount(dataLength: Int) -> Int {
        AccountHeader.data + (dataLength + 7) / 8 * 8 + AccountHeader.growthRoom + 8
    }

    private static func write(_ account: NativeAccount, to header: UnsafeMutableRawPointer) {
        header.storeBytes(of: AccountHeader.notDuplicate, as: UInt8.self)
        header.storeBytes(of: account.isSigner ? 1 : 0, toByteOffset: AccountHeader.isSigner, as: UInt8.self)
        header.storeBytes(of: account.isWritable ? 1 : 0, toByteOffset: AccountHeader.isWritable, as: UInt8.self)
        header.storeBytes(of: account.isExecutable ? 1 : 0, toByteOffset: AccountHeader.isExecutable, as: UInt8.self)
        (header + AccountHeader.key).copyMemory(from: account.key, byteCount: 32)
        (header + AccountHeader.owner).copyMemory(from: account.owner, byteCount: 32)
        header.storeBytes(of: account.lamports, toByteOffset: AccountHeader.lamports, as: UInt64.self)
        header.storeBytes(of: UInt64(account.data.count), toByteOffset: AccountHeader.dataLength, as: UInt64.self)
        (header + AccountHeader.data).copyMemory(from: account.data, byteCount: account.data.count)
        let end = sizeOfAccount(dataLength: account.data.count) - 8
        header.storeBytes(of: UInt64.max, toByteOffset: end, as: UInt64.self)
    }

    private static func bytes(_ pointer: UnsafeMutableRawPointer, _ count: Int) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: pointer, count: count))
    }
}
