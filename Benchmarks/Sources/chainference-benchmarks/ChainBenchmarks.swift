import Foundation
import Solana

extension BenchmarkGroup {
    /// Addresses and transactions, against solders: the Rust SDK behind Python, whose calls cost some 0.1 µs each.
    static let chain = BenchmarkGroup(
        name: "chain",
        title: "Solana, against PyPI solders 0.29 called from Python (Rust inside; includes what Python's calls cost)"
    ) { stopwatch, context in
        let floor = try context.pythonFloor()
        let program = try NumberedInputs.address("program", 0)
        let seeds = (0..<256 as Range<UInt64>).map { index in
            [
                Array("request".utf8), NumberedInputs.bytes("client", index),
                withUnsafeBytes(of: index.littleEndian) { Array($0) },
            ]
        }
        try expectEqual("address", floor) {
            try NumberedInputs.digest(256) { index in
                let found = try Address.findProgramAddress(seeds: seeds[index], program: program)
                return found.address.bytes + [found.bump]
            }
        }
        try await stopwatch.compare(
            "derive a program address",
            to: "solders",
            ours: { count in
                try Stopwatch.time {
                    for index in 0..<count {
                        consume(try Address.findProgramAddress(seeds: seeds[index & 255], program: program))
                    }
                }
            },
            theirs: { try floor.time("address", $0) }
        )

        let payer = try Keypair(seed: NumberedInputs.bytes("payer", 0))
        let blockhash = try Blockhash(bytes: NumberedInputs.bytes("blockhash", 0))
        let messages = try (0..<64 as Range<UInt64>).map {
            try instructions($0, payer: payer.address, program: program)
        }
        func transaction(_ index: Int) throws -> [UInt8] {
            var transaction = try Transaction(
                feePayer: payer.address,
                instructions: messages[index & 63],
                recentBlockhash: blockhash
            )
            try transaction.sign(by: [payer])
            return try transaction.serialized()
        }
        try expectEqual("transaction", floor) { try NumberedInputs.digest(64, transaction) }
        try await stopwatch.compare(
            "compile, sign and serialise a transaction of four instructions",
            to: "solders",
            ours: { count in
                try Stopwatch.time { for index in 0..<count { consume(try transaction(index)) } }
            },
            theirs: { try floor.time("transaction", $0) }
        )
    }

    private static func instructions(_ index: UInt64, payer: Address, program: Address) throws -> [Instruction] {
        [
            ComputeBudgetProgram.setComputeUnitLimit(20_000),
            ComputeBudgetProgram.setComputeUnitPrice(MicroLamports(1_000)),
            SystemProgram.transfer(
                from: payer,
                to: try NumberedInputs.address("friend", index),
                lamports: Lamports(index)
            ),
            Instruction(
                program: program,
                accounts: [
                    .writableSigner(payer),
                    .writable(try NumberedInputs.address("request", index)),
                    .readonly(try NumberedInputs.address("server", index)),
                    .readonly(try NumberedInputs.address("listing", index)),
                ],
                data: Array(0..<96)
            ),
        ]
    }

    /// A comparison means nothing unless both sides produce the same.
    static func expectEqual(_ name: String, _ floor: PythonFloor, _ ours: () throws -> String) throws {
        guard try ours() == floor.check(name) else {
            throw BenchmarkUnavailable(reason: "\(name): the two sides disagree; there is nothing to compare")
        }
    }
}
