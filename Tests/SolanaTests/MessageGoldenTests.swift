import Solana
import Testing

@Suite("Messages and transactions against solders")
struct MessageGoldenTests {
    private let golden: GoldenMessages
    private let keypairs: [Keypair]

    init() throws {
        golden = try Golden.load(GoldenMessages.self, "messages")
        keypairs = try golden.keypairs()
    }

    @Test("legacy messages compile byte for byte, whatever roles their accounts meet in")
    func legacy() throws {
        #expect(golden.legacy.count == 360)
        for item in golden.legacy {
            let message = try LegacyMessage(
                feePayer: golden.pool[item.payer],
                instructions: golden.instructions(item),
                recentBlockhash: item.blockhash
            )
            #expect(try message.serialized() == item.message.bytes)
            try check(.legacy(message), item)
        }
    }

    @Test("version 0 messages compile byte for byte, with tables that overlap, repeat and hold programs and signers")
    func v0() throws {
        #expect(golden.v0.count == 360)
        #expect(golden.v0.contains { !golden.tables($0).isEmpty })
        var withLookups = 0
        for item in golden.v0 {
            let message = try MessageV0(
                feePayer: golden.pool[item.payer],
                instructions: golden.instructions(item),
                lookupTables: golden.tables(item),
                recentBlockhash: item.blockhash
            )
            if !message.lookups.isEmpty { withLookups += 1 }
            #expect(try message.serialized() == item.message.bytes)
            try check(.v0(message), item)
        }
        #expect(withLookups > 150)
    }

    @Test("the order of instructions' accounts never changes the bytes from run to run")
    func determinism() throws {
        for item in golden.v0.prefix(20) {
            let message = {
                try MessageV0(
                    feePayer: golden.pool[item.payer],
                    instructions: golden.instructions(item),
                    lookupTables: golden.tables(item),
                    recentBlockhash: item.blockhash
                ).serialized()
            }
            #expect(try message() == message())
        }
    }

    private func check(_ message: VersionedMessage, _ item: GoldenMessages.Case) throws {
        #expect(try VersionedMessage(decoding: item.message.bytes) == message)
        #expect(message.accounts.first == golden.pool[item.payer])
        guard item.sane else {
            // solders compiles what its own rules refuse: a call of the fee payer.
            let index = message.instructions.firstIndex { $0.programIndex == 0 } ?? -1
            #expect(throws: MessageError.programIsFeePayer(instruction: index)) { try message.sanitize() }
            #expect(throws: MessageError.programIsFeePayer(instruction: index)) {
                try Transaction(decoding: item.transaction.bytes)
            }
            return
        }
        var transaction = try Transaction(message: message)
        #expect(transaction.id == nil)
        try transaction.sign(by: keypairs.filter { transaction.signers.contains($0.address) })
        try transaction.verifySignatures()
        if item.transaction.bytes.count <= Transaction.maximumByteCount {
            #expect(try transaction.serialized() == item.transaction.bytes)
        } else {
            #expect(
                throws: MessageError.tooLarge(
                    byteCount: item.transaction.bytes.count,
                    maximum: Transaction.maximumByteCount
                )
            ) { try transaction.serialized() }
        }
        let decoded = try Transaction(decoding: item.transaction.bytes)
        #expect(decoded == transaction)
        try decoded.verifySignatures()
    }
}
