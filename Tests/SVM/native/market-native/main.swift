// Runs the market program natively for Tests/SVM/native_market.py, which compares it with the Solana VM.
//
// Frames on standard input and output: u32 length, then, little-endian,
//   in:  [40] clock, [17] rent, u8 count of accounts, each: u8 index of the account that it repeats or 0xff, and then
//        u8 flags (1 signer, 2 writable, 4 executable), [32] key, [32] owner, u64 lamports, u32 length, data;
//        u32 length of the instruction's data, the data, [32] program
//   out: u64 result, u8 count of accounts that repeat none, each: [32] owner, u64 lamports, u32 length, data;
//        u8 count of log entries, each: u8 0, u32 length, bytes for an event; u8 1, u64 status for a call of the system program

import NativeMarket

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct FrameReader {
    var bytes: ArraySlice<UInt8>

    mutating func take(_ count: Int) -> [UInt8] {
        precondition(count <= bytes.count, "a frame is shorter than it says")
        defer { bytes = bytes.dropFirst(count) }
        return Array(bytes.prefix(count))
    }

    mutating func integer(_ size: Int) -> UInt64 {
        take(size).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func sized() -> [UInt8] { take(Int(integer(4))) }
}

func encoded(_ value: UInt64, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

func sized(_ bytes: [UInt8]) -> [UInt8] { encoded(UInt64(bytes.count), 4) + bytes }

func readExactly(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
        let got = bytes.withUnsafeMutableBytes { read(0, $0.baseAddress! + filled, count - filled) }
        guard got > 0 else { return nil }
        filled += got
    }
    return bytes
}

func writeAll(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
        let count = bytes.withUnsafeBytes { write(1, $0.baseAddress! + sent, bytes.count - sent) }
        precondition(count > 0, "standard output is closed")
        sent += count
    }
}

func answer(_ frame: [UInt8]) -> [UInt8] {
    var reader = FrameReader(bytes: frame[...])
    let clock = reader.take(40)
    let rent = reader.take(17)
    var places: [AccountPlace] = []
    for _ in 0..<reader.integer(1) {
        let repeated = UInt8(reader.integer(1))
        guard repeated == 0xff else {
            places.append(.repeats(repeated))
            continue
        }
        let flags = reader.integer(1)
        let key = reader.take(32)
        let owner = reader.take(32)
        let lamports = reader.integer(8)
        places.append(
            .account(
                NativeAccount(
                    key: key,
                    owner: owner,
                    lamports: lamports,
                    data: reader.sized(),
                    isSigner: flags & 1 != 0,
                    isWritable: flags & 2 != 0,
                    isExecutable: flags & 4 != 0
                )
            )
        )
    }
    let data = reader.sized()
    let program = reader.take(32)
    let outcome = NativeMarket.run(data, on: places, program: program, clock: clock, rent: rent)
    var result = encoded(outcome.result, 8) + encoded(UInt64(outcome.accounts.count), 1)
    for account in outcome.accounts {
        result += account.owner + encoded(account.lamports, 8) + sized(account.data)
    }
    result += encoded(UInt64(outcome.log.count), 1)
    for entry in outcome.log {
        switch entry {
        case .data(let bytes): result += [0] + sized(bytes)
        case .systemCall(let status): result += [1] + encoded(status, 8)
        }
    }
    return result
}

while let head = readExactly(4) {
    var reader = FrameReader(bytes: head[...])
    guard let frame = readExactly(Int(reader.integer(4))) else { break }
    writeAll(sized(answer(frame)))
}
