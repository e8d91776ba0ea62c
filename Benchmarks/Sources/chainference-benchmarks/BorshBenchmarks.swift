import Borsh
import Foundation
import Solana

/// The fields of an SPL token account: what solders can pack and unpack too, in another encoding of the same size class.
private struct TokenAccount: BorshCodable {
    var mint: Address
    var owner: Address
    var amount: UInt64
    var delegate: Address?
    var state: UInt8
    var isNative: UInt64?
    var delegatedAmount: UInt64
    var closeAuthority: Address?

    init(_ index: UInt64) throws {
        mint = try NumberedInputs.address("mint", index)
        owner = try NumberedInputs.address("owner", index)
        amount = index
        delegate = try NumberedInputs.address("delegate", index)
        state = 1
        isNative = index
        delegatedAmount = index
        closeAuthority = try NumberedInputs.address("close", index)
    }

    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(mint, owner, amount, delegate, state, isNative, delegatedAmount, closeAuthority)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (mint, owner, amount, delegate, state, isNative, delegatedAmount, closeAuthority) = try reader.read()
    }
}

extension BenchmarkGroup {
    /// Borsh against two others.
    ///
    /// Solders has no Borsh of its own to call, so there are two comparisons, each with its flaw.
    static let borsh = BenchmarkGroup(
        name: "borsh",
        title: """
            Borsh of a struct with eight fields, against the same fields in solders' packed form (Rust inside, another encoding)
            and the same bytes from borsh-construct (pure Python)
            """
    ) { stopwatch, context in
        let floor = try context.pythonFloor()
        let values = try (0..<64 as Range<UInt64>).map { try TokenAccount($0) }
        let encoded = try values.map { try $0.borshEncoded() }
        try expectEqual("borsh-encode", floor) { try NumberedInputs.digest(64) { try values[$0].borshEncoded() } }
        for (other, name) in [("solders", "struct"), ("borsh-construct", "borsh")] {
            try await stopwatch.compare(
                "encode",
                to: other,
                ours: { count in
                    try Stopwatch.time {
                        for index in 0..<count { consume(try values[index & 63].borshEncoded()) }
                    }
                },
                theirs: { try floor.time("\(name)-encode", $0) }
            )
            try await stopwatch.compare(
                "decode",
                to: other,
                ours: { count in
                    try Stopwatch.time {
                        for index in 0..<count { consume(try TokenAccount(borshEncoded: encoded[index & 63])) }
                    }
                },
                theirs: { try floor.time("\(name)-decode", $0) }
            )
        }
    }
}
