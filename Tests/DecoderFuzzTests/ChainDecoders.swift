import Borsh
import Foundation
import InferenceMarket
import LocalCluster
import SodiumCrypto

@testable import InferenceMarket
@testable import Solana

extension FuzzedDecoder {
    static let chain: [FuzzedDecoder] = [
        transactions, base58, addresses, keyFiles, systemInstructions, lookupTables, signatureChecks, amounts, borsh,
        marketAccounts, marketEvents, marketLogs, base64, vouchers, modelIDs, computeBudgets, snapshots,
    ]

    private static let transactions = FuzzedDecoder(
        name: "Solana transaction",
        inputs: 80_000,
        samples: { try Corpus.market.get().transactions },
        decode: {
            { input in
                guard let transaction = try? Transaction(decoding: input) else { return false }
                guard try transaction.serialized() == input else { throw BrokenProperty("other bytes") }
                // What a ledger does next must be as safe.
                try? transaction.message.sanitize()
                return true
            }
        }
    )

    private static let base58 = FuzzedDecoder(
        name: "base58",
        inputs: 50_000,
        samples: {
            [[], [0], [0, 0, 255], [UInt8](repeating: 255, count: 64), [UInt8](repeating: 7, count: 100)].map {
                Array(Base58.encode($0).utf8)
            }
        },
        tokens: ["1", "1111111", "z", "0", "O", "I", "l", "é"],
        decode: {
            { input in
                let text = String(decoding: input, as: UTF8.self)
                guard let bytes = try? Base58.decode(text, maximumCount: 128) else { return false }
                guard Base58.encode(bytes) == text, bytes.count <= 128 else { throw BrokenProperty("two spellings") }
                return true
            }
        }
    )

    private static let addresses = FuzzedDecoder(
        name: "Solana address",
        inputs: 40_000,
        samples: {
            ["11111111111111111111111111111111", "EqXWeMtdejpriCwCeyE48BvoPu1tNXfKaPiRq9ft871V"].map { Array($0.utf8) }
        },
        tokens: ["1", "zzzz", "0", "l", " "],
        decode: {
            { input in
                let text = String(decoding: input, as: UTF8.self)
                guard let address = try? Address(base58: text) else { return false }
                guard address.base58 == text else { throw BrokenProperty("two spellings") }
                return true
            }
        }
    )

    private static let keyFiles = FuzzedDecoder(
        name: "key file",
        inputs: 20_000,
        samples: {
            let bytes = [UInt8](0..<64)
            return [
                KeyFile.text(of: SecretBytes(copying: bytes)).withUnsafeBytes { [UInt8]($0) },
                Array("[ \(bytes.map { "\($0)" }.joined(separator: " ,\n")) ]\n".utf8),
            ]
        },
        tokens: ["[", "]", ",", "256", "-1", "0", "00", "1e1", " ", "\n", "99999999999999999999"],
        decode: {
            { input in
                guard let secret = try? KeyFile.parse(SecretBytes(copying: input), path: "k") else { return false }
                guard try KeyFile.parse(KeyFile.text(of: secret), path: "k") == secret else {
                    throw BrokenProperty("another key")
                }
                return true
            }
        }
    )

    private static let systemInstructions = FuzzedDecoder(
        name: "system instruction",
        inputs: 50_000,
        samples: {
            let address = Address(literal: "EqXWeMtdejpriCwCeyE48BvoPu1tNXfKaPiRq9ft871V")
            let all: [SystemInstruction] = [
                .createAccount(lamports: 1, space: 2, owner: address), .assign(owner: address), .transfer(lamports: 3),
                .createAccountWithSeed(base: address, seed: "seed", lamports: 1, space: 2, owner: address),
                .advanceNonceAccount, .withdrawNonceAccount(lamports: 4), .initializeNonceAccount(authority: address),
                .allocate(space: 5), .allocateWithSeed(base: address, seed: "", space: 2, owner: address),
                .transferWithSeed(lamports: 6, seed: "é", owner: address), .upgradeNonceAccount,
            ]
            return all.map(\.data)
        },
        decode: {
            { input in
                guard let instruction = SystemInstruction(decoding: input) else { return false }
                // Bytes that follow are ignored, as bincode does.
                guard input.starts(with: instruction.data) else { throw BrokenProperty("other bytes") }
                return true
            }
        }
    )

    private static let lookupTables = FuzzedDecoder(
        name: "address lookup table",
        inputs: 40_000,
        samples: {
            [0, 1, 5].map { count in
                [1, 0, 0, 0] + [UInt8](repeating: 255, count: 8) + [UInt8](repeating: 3, count: 8) + [0, 1]
                    + [UInt8](repeating: 9, count: 34) + [UInt8](repeating: 8, count: 32 * count)
            }
        },
        decode: {
            { input in
                guard let table = AddressLookupTableAccount(accountData: input) else { return false }
                guard table.addresses.count == (input.count - 56) / 32 else { throw BrokenProperty("wrong count") }
                _ = table.table(
                    at: table.addresses.first ?? Address(literal: "11111111111111111111111111111111"),
                    slot: 5
                )
                return true
            }
        }
    )

    /// Data of the instruction that checks signatures: offsets that point into itself.
    private static let signatureChecks = FuzzedDecoder(
        name: "Ed25519 check's instruction",
        inputs: 30_000,
        samples: {
            let (key, message) = (Keypair(), Array("message".utf8))
            let check = Ed25519Program.verify(signature: key.sign(message), by: key.address, message: message)
            return [[0, 0], check.data]
        },
        decode: {
            { input in
                do throws(PrecompileError) {
                    try Ed25519Program.verify(input, instructions: [input, []])
                    return true
                } catch {
                    return false
                }
            }
        }
    )

    private static let amounts = FuzzedDecoder(
        name: "amount of SOL",
        inputs: 30_000,
        samples: { ["1.5", "0.000000001", "18446744073.709551615", "12"].map { Array($0.utf8) } },
        tokens: [".", "0", "9", "-", "+", "e", "00000000000000000000", "١", " "],
        decode: {
            { input in
                guard let amount = try? Lamports(sol: String(decoding: input, as: UTF8.self)) else { return false }
                guard try Lamports(sol: amount.sol) == amount else { throw BrokenProperty("another amount") }
                return true
            }
        }
    )

    /// A bit of everything that the encoding has.
    private struct Everything: BorshCodable, Equatable {
        var text: String
        var numbers: [UInt32]
        var choice: [UInt8]?
        var flag: Bool
        var table: [String: [Int64]]
        var nested: [[String]]

        init(
            text: String,
            numbers: [UInt32],
            choice: [UInt8]?,
            flag: Bool,
            table: [String: [Int64]],
            nested: [[String]]
        ) {
            (self.text, self.numbers, self.choice) = (text, numbers, choice)
            (self.flag, self.table, self.nested) = (flag, table, nested)
        }

        init(borshDecoding reader: inout BorshReader) throws(BorshError) {
            text = try reader.read()
            numbers = try reader.read()
            choice = try reader.read()
            flag = try reader.read()
            table = try reader.read()
            nested = try reader.read()
        }

        func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
            try writer.write(text)
            try writer.write(numbers)
            try writer.write(choice)
            try writer.write(flag)
            try writer.write(table)
            try writer.write(nested)
        }
    }

    private static func encoded(_ value: Everything) throws -> [UInt8] {
        var writer = BorshWriter()
        try writer.write(value)
        return writer.takeBytes()
    }

    private static let borsh = FuzzedDecoder(
        name: "Borsh",
        inputs: 50_000,
        samples: {
            let full = Everything(
                text: "größer",
                numbers: [1, 2, .max],
                choice: [1, 2],
                flag: true,
                table: ["a": [1], "b": [], "c": [-1, 2]],
                nested: [["x", ""], [], ["y"]]
            )
            let empty = Everything(text: "", numbers: [], choice: nil, flag: false, table: [:], nested: [])
            return [try encoded(full), try encoded(empty)]
        },
        decode: {
            { input in
                var reader = BorshReader(input)
                guard let value = try? reader.read(Everything.self), reader.remainingCount == 0 else { return false }
                guard try encoded(value) == input else { throw BrokenProperty("other bytes") }
                return true
            }
        }
    )

    private static let marketAccounts = FuzzedDecoder(
        name: "market account",
        inputs: 40_000,
        samples: { try Corpus.market.get().accounts },
        decode: {
            { input in
                let accepted = [
                    (try? MarketAccount(decoding: input)) != nil, (try? ServerAccount(decoding: input)) != nil,
                    (try? RequestAccount(decoding: input)) != nil,
                ]
                if accepted.filter(\.self).count > 1 { throw BrokenProperty("two types at once") }
                return accepted.contains(true)
            }
        }
    )

    private static let marketEvents = FuzzedDecoder(
        name: "market event",
        inputs: 20_000,
        samples: { try Corpus.market.get().events },
        decode: { { (try? MarketEvent(decoding: $0)) != nil } }
    )

    private static let marketLogs = FuzzedDecoder(
        name: "transaction log",
        inputs: 15_000,
        samples: { try Corpus.market.get().logs.prefix(60).map { Array($0.utf8) } },
        tokens: [
            "Program ", " invoke [1]", " invoke [99999999999999999999]", " invoke [0]", " success", " failed: ", "\n",
            "Program data: ", "Log truncated", "EqXWeMtdejpriCwCeyE48BvoPu1tNXfKaPiRq9ft871V", "=", "]", "[",
        ],
        decode: {
            { input in
                let lines = String(decoding: input, as: UTF8.self).split(separator: "\n").map(String.init)
                let found = Market.localnet.events(in: lines)
                if found.isFailed, !found.events.isEmpty { throw BrokenProperty("events of what failed") }
                return !found.events.isEmpty
            }
        }
    )

    private static let base64 = FuzzedDecoder(
        name: "base64",
        inputs: 40_000,
        samples: { (0..<8).map { Array(Data([UInt8](repeating: 0xa7, count: $0 * 5)).base64EncodedString().utf8) } },
        tokens: ["=", "==", "A===", "-", "_", "+", "/", "\n"],
        decode: {
            { input in
                let text = String(decoding: input, as: UTF8.self)
                guard let bytes = Base64.decode(text) else { return false }
                guard Data(bytes).base64EncodedString() == text else { throw BrokenProperty("two spellings") }
                return true
            }
        }
    )

    private static let vouchers = FuzzedDecoder(
        name: "voucher",
        inputs: 40_000,
        samples: { [[UInt8](0..<80), [UInt8](repeating: 255, count: 80)] },
        decode: {
            let request = Address(literal: "EqXWeMtdejpriCwCeyE48BvoPu1tNXfKaPiRq9ft871V")
            return { input in
                guard let voucher = Voucher(wire: input, request: request) else { return false }
                guard voucher.wire == input else { throw BrokenProperty("other bytes") }
                return true
            }
        }
    )

    private static let modelIDs = FuzzedDecoder(
        name: "model id",
        inputs: 30_000,
        samples: { ["org/model", "meta-llama/Llama-3.1-8B-Instruct:q4", "a"].map { Array($0.utf8) } },
        tokens: ["/", ":", "-", ".", " ", "é", "\u{0}", "\u{202e}", "//"],
        decode: {
            { input in
                let text = String(decoding: input, as: UTF8.self)
                guard let model = try? ModelID(validating: text) else { return false }
                guard model.name == text else { throw BrokenProperty("another name") }
                return true
            }
        }
    )

    private static let computeBudgets = FuzzedDecoder(
        name: "compute budget's instruction",
        inputs: 10_000,
        samples: {
            [
                ComputeBudgetInstruction.requestHeapFrame(byteCount: 1), .setComputeUnitLimit(.max),
                .setComputeUnitPrice(MicroLamports(3)), .setLoadedAccountsDataSizeLimit(byteCount: 4),
            ].map(\.data)
        },
        decode: {
            { input in
                guard let instruction = ComputeBudgetInstruction(decoding: input) else { return false }
                // Bytes that follow are ignored, as the runtime does.
                guard input.starts(with: instruction.data) else { throw BrokenProperty("other bytes") }
                return true
            }
        }
    )

    /// The state in a snapshot's file; header and checksum are made to fit, as a forger would.
    private static let snapshots = FuzzedDecoder(
        name: "cluster's snapshot",
        inputs: 500,
        samples: {
            let file = try LocalCluster(.testing()).snapshot().encoded()
            return [Array(file[20..<file.count - SHA256.byteCount])]
        },
        decode: {
            let header = Array(try LocalCluster(.testing()).snapshot().encoded().prefix(12))
            return { input in
                var file = header
                for shift in 0..<8 { file.append(UInt8(truncatingIfNeeded: input.count >> (8 * shift))) }
                file += input
                file += SHA256.hash(file)
                guard let snapshot = try? ClusterSnapshot(decoding: file) else { return false }
                guard try snapshot.encoded() == file else { throw BrokenProperty("other bytes") }
                return true
            }
        }
    )
}
