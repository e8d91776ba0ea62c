import SodiumCrypto
import Solana
import Testing

@Suite("Signing transactions")
struct TransactionTests {
    private let payer: Keypair
    private let friend: Keypair
    private let blockhash: Blockhash

    init() throws {
        payer = try Keypair(seed: [UInt8](repeating: 1, count: 32))
        friend = try Keypair(seed: [UInt8](repeating: 2, count: 32))
        blockhash = try Blockhash(bytes: [UInt8](repeating: 3, count: 32))
    }

    private func twoSigners() throws -> Transaction {
        try Transaction(
            feePayer: payer.address,
            instructions: [
                SystemProgram.transfer(from: friend.address, to: payer.address, lamports: 1),
                SystemProgram.transfer(from: payer.address, to: friend.address, lamports: 2),
            ],
            recentBlockhash: blockhash
        )
    }

    @Test("all signatures at once, in any order of the keys")
    func sign() throws {
        var first = try twoSigners()
        try first.sign(by: [payer, friend])
        var second = try twoSigners()
        try second.sign(by: [friend, payer])
        #expect(first == second)
        #expect(first.id == first.signatures[0])
        #expect(first.signatures[0].verify(first.messageBytes, by: payer.address))
        try first.verifySignatures()
    }

    @Test("a missing signature is named, and nothing is signed in part")
    func missing() throws {
        var transaction = try twoSigners()
        #expect(throws: SigningError.missingSignatures([friend.address])) { try transaction.sign(by: [payer]) }
        #expect(transaction.signatures == [.zero, .zero])
        #expect(throws: SigningError.missingSignatures([payer.address, friend.address])) {
            try transaction.verifySignatures()
        }
    }

    @Test("a key that the transaction does not ask for is refused")
    func unexpected() throws {
        let stranger = Keypair()
        var transaction = try twoSigners()
        #expect(throws: SigningError.unexpectedSigner(stranger.address)) {
            try transaction.partiallySign(by: [payer, stranger])
        }
        #expect(transaction.signatures == [.zero, .zero])
    }

    @Test("offline: one signs, the bytes travel, the other adds its signature")
    func offline() throws {
        var here = try twoSigners()
        try here.partiallySign(by: [payer, NullSigner(address: friend.address)])
        #expect(here.missingSigners == [friend.address])

        var there = try Transaction(decoding: here.serialized())
        #expect(there.missingSigners == [friend.address])
        let signature = friend.sign(there.messageBytes)
        try there.sign(by: [Presigner(address: friend.address, signature: signature), payer])
        try there.verifySignatures()

        try here.addSignature(signature, by: friend.address)
        #expect(here == there)
    }

    @Test("a null signer does not wipe a signature that is there")
    func nullSigner() throws {
        var transaction = try twoSigners()
        try transaction.partiallySign(by: [friend])
        try transaction.sign(by: [payer, NullSigner(address: friend.address)])
        try transaction.verifySignatures()
    }

    @Test("signatures over other messages are refused")
    func wrongSignature() throws {
        var transaction = try twoSigners()
        let signature = friend.sign([1, 2, 3])
        #expect(throws: SigningError.invalidSignature(friend.address)) {
            try transaction.addSignature(signature, by: friend.address)
        }
        #expect(throws: SigningError.invalidSignature(friend.address)) {
            try transaction.partiallySign(by: [Presigner(address: friend.address, signature: signature)])
        }
        #expect(throws: SigningError.unexpectedSigner(.zero)) { try transaction.addSignature(signature, by: .zero) }
        try transaction.sign(by: [payer, friend])
        var bytes = try transaction.serialized()
        bytes[70] ^= 1
        #expect(throws: SigningError.invalidSignature(friend.address)) {
            try Transaction(decoding: bytes).verifySignatures()
        }
    }

    @Test("a changed message no longer verifies")
    func tampered() throws {
        var transaction = try twoSigners()
        try transaction.sign(by: [payer, friend])
        var bytes = try transaction.serialized()
        bytes[bytes.count - 1] ^= 1
        #expect(throws: SigningError.invalidSignature(payer.address)) {
            try Transaction(decoding: bytes).verifySignatures()
        }
    }

    @Test("too many accounts are refused when compiling, loaded ones included")
    func tooManyAccounts() throws {
        let addresses = try (0..<300).map {
            try Address(bytes: [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8), 9] + [UInt8](repeating: 0, count: 29))
        }
        func instruction(_ count: Int) -> Instruction {
            Instruction(program: .zero, accounts: addresses.prefix(count).map { .readonly($0) }, data: [])
        }
        // With fee payer and program, 254 more fit.
        #expect(try LegacyMessage(feePayer: payer.address, instructions: [instruction(254)]).accounts.count == 256)
        #expect(throws: MessageError.tooManyAccounts(count: 257)) {
            try LegacyMessage(feePayer: payer.address, instructions: [instruction(255)])
        }
        let table = AddressLookupTable(address: friend.address, addresses: Array(addresses.prefix(200)))
        let message = try MessageV0(feePayer: payer.address, instructions: [instruction(254)], lookupTables: [table])
        #expect(message.accounts.count == 56)
        #expect(throws: MessageError.tooManyAccounts(count: 257)) {
            try MessageV0(feePayer: payer.address, instructions: [instruction(255)], lookupTables: [table])
        }
        #expect(throws: MessageError.lookupIndexTooLarge(table: friend.address, index: 256)) {
            try MessageV0(
                feePayer: payer.address,
                instructions: [Instruction(program: .zero, accounts: [.readonly(addresses[256])], data: [])],
                lookupTables: [AddressLookupTable(address: friend.address, addresses: addresses)]
            )
        }
    }

    @Test("the rules of the runtime, one by one")
    func sanitize() throws {
        let accounts = [payer.address, friend.address, Address.zero]
        func error(
            header: (UInt8, UInt8, UInt8) = (1, 0, 1),
            accounts: [Address]? = nil,
            _ instruction: CompiledInstruction,
            lookups: [AddressTableLookup] = []
        ) -> MessageError? {
            let message = MessageV0(
                header: MessageHeader(
                    requiredSignatures: header.0,
                    readonlySigned: header.1,
                    readonlyUnsigned: header.2
                ),
                accounts: accounts ?? [payer.address, friend.address, .zero],
                recentBlockhash: .zero,
                instructions: [instruction],
                lookups: lookups
            )
            do throws(MessageError) {
                try message.sanitize()
                return nil
            } catch {
                return error
            }
        }
        let good = CompiledInstruction(programIndex: 2, accountIndices: [0, 1, 2], data: [])
        #expect(error(good) == nil)
        // Signers and read-only accounts overlap; no account is left to pay; no account at all.
        #expect(error(header: (3, 0, 1), good)?.isSanitizeFailure == true)
        #expect(error(header: (1, 1, 1), good)?.isSanitizeFailure == true)
        #expect(error(header: (0, 0, 1), good)?.isSanitizeFailure == true)
        #expect(error(header: (1, 0, 0), accounts: [], good)?.isSanitizeFailure == true)
        #expect(
            error(CompiledInstruction(programIndex: 0, accountIndices: [], data: []))
                == .programIsFeePayer(instruction: 0)
        )
        #expect(
            error(CompiledInstruction(programIndex: 3, accountIndices: [], data: []))
                == .programIndexOutOfRange(instruction: 0, index: 3)
        )
        #expect(
            error(CompiledInstruction(programIndex: 2, accountIndices: [3], data: []))
                == .accountIndexOutOfRange(instruction: 0, index: 3)
        )
        #expect(error(accounts: [accounts[0], accounts[2], accounts[2]], good) == .duplicateAccount(.zero))
        // Loaded accounts may be used, but not called.
        let lookup = AddressTableLookup(table: .zero, writableIndices: [5], readonlyIndices: [])
        let loaded = CompiledInstruction(programIndex: 2, accountIndices: [3], data: [])
        #expect(error(loaded, lookups: [lookup]) == nil)
        #expect(
            error(CompiledInstruction(programIndex: 3, accountIndices: [], data: []), lookups: [lookup])
                == .programIndexOutOfRange(instruction: 0, index: 3)
        )
        let empty = AddressTableLookup(table: .zero, writableIndices: [], readonlyIndices: [])
        #expect(error(good, lookups: [lookup, empty]) == .emptyLookup(index: 1))
        let full = AddressTableLookup(table: .zero, writableIndices: Array(0...255), readonlyIndices: [])
        #expect(error(good, lookups: [full]) == .tooManyAccounts(count: 259))
    }

    @Test("the number of signatures must be the header's")
    func signatureCount() throws {
        var transaction = try twoSigners()
        try transaction.sign(by: [payer, friend])
        let bytes = try transaction.serialized()
        #expect(throws: MessageError.wrongSignatureCount(expected: 2, actual: 1)) {
            try Transaction(decoding: [1] + bytes[65...])
        }
        #expect(throws: MessageError.wrongSignatureCount(expected: 2, actual: 3)) {
            try Transaction(decoding: [3] + bytes[1..<65] + bytes[1...])
        }
    }

    @Test("privileges of accounts follow from the header")
    func privileges() throws {
        let message = try VersionedMessage.legacy(
            LegacyMessage(
                feePayer: payer.address,
                instructions: [
                    Instruction(
                        program: .zero,
                        accounts: [.readonlySigner(friend.address), .writable(Sysvar.clock), .readonly(Sysvar.rent)],
                        data: []
                    )
                ]
            )
        )
        let shown = message.accounts.indices.map { (message.isSigner($0), message.isWritable($0)) }
        #expect(shown.map(\.0) == [true, true, false, false, false])
        #expect(shown.map(\.1) == [true, false, true, false, false])
    }
}
