import MarketProgram
import NativeMarket

/// Accounts, a clock, and the program between them: just enough of a ledger to run the program in a test.
struct NativeLedger {
    static let program = SHA256Digest.of(Array("program".utf8))
    static let system = [UInt8](repeating: 0, count: 32)

    var accounts: [[UInt8]: NativeAccount] = [:]
    var time: Int64 = 1_800_000_000
    var slot: UInt64 = 1_000
    private(set) var events: [[UInt8]] = []

    static func wallet(_ name: String) -> [UInt8] { SHA256Digest.of(Array("wallet \(name)".utf8)) }

    static func address(_ seeds: [UInt8]...) -> (address: [UInt8], bump: UInt8) {
        ProgramAddress.find(seeds, program: program)
    }

    static func minimumBalance(_ length: Int) -> UInt64 { UInt64(128 + length) * 6_960 }

    mutating func fund(_ wallet: [UInt8], _ lamports: UInt64) {
        accounts[wallet] = NativeAccount(key: wallet, lamports: lamports)
    }

    func lamports(_ key: [UInt8]) -> UInt64 { accounts[key]?.lamports ?? 0 }

    /// An integer of an account's data.
    func integer(_ key: [UInt8], _ offset: Int, size: Int = 8) -> UInt64 {
        accounts[key]!.data[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Runs an instruction; its effects stay when the result is 0.
    @discardableResult
    mutating func run(_ data: [UInt8], _ metas: [Meta]) -> UInt64 {
        let places = metas.map { meta in
            var account = accounts[meta.key] ?? NativeAccount(key: meta.key)
            account.isSigner = meta.isSigner
            account.isWritable = meta.isWritable
            return AccountPlace.account(account)
        }
        let outcome = NativeMarket.run(data, on: places, program: Self.program, clock: clock, rent: rent)
        guard outcome.result == 0 else { return outcome.result }
        for account in outcome.accounts {
            accounts[account.key] = account.lamports == 0 ? nil : account
        }
        events += outcome.events
        return 0
    }

    private var clock: [UInt8] {
        bytes(slot) + bytes(0) + bytes(0) + bytes(0) + bytes(UInt64(bitPattern: time))
    }

    private var rent: [UInt8] { bytes(6_960) + bytes((1.0).bitPattern) + [50] }
}

/// One account of an instruction.
struct Meta {
    var key: [UInt8]
    var isSigner = false
    var isWritable = false

    static func read(_ key: [UInt8]) -> Meta { Meta(key: key) }
    static func write(_ key: [UInt8]) -> Meta { Meta(key: key, isWritable: true) }
    static func sign(_ key: [UInt8]) -> Meta { Meta(key: key, isSigner: true) }
    static func pay(_ key: [UInt8]) -> Meta { Meta(key: key, isSigner: true, isWritable: true) }
}

/// The eight bytes of an integer, little-endian.
func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

/// A Borsh string.
func text(_ string: String) -> [UInt8] { Array(bytes(UInt64(string.utf8.count)).prefix(4)) + Array(string.utf8) }
