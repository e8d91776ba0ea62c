import InferenceMarket
import PeerChannel
import Solana
import Testing

@Suite("What is signed can't be taken for something else")
struct DomainSeparationTests {
    private struct Random {
        var generator = SystemRandomNumberGenerator()
        mutating func bytes(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in .random(in: 0...255, using: &generator) }
        }
    }

    private func isTransactionMessage(_ bytes: [UInt8]) -> Bool { (try? VersionedMessage(decoding: bytes)) != nil }

    @Test("Receipts and vouchers: neither is a message of a transaction, and neither is the other, whatever they say")
    func everySignedForm() throws {
        var random = Random()
        for _ in 0..<2_000 {
            let receipt = PeerReceipt(
                channelBinding: random.bytes(32),
                request: random.bytes(32),
                promptNumber: .random(in: 0 ... .max),
                promptDigest: random.bytes(32),
                outputDigest: random.bytes(32),
                outputLength: .random(in: 0 ... .max),
                inputTokens: .random(in: 0 ... .max),
                outputTokens: .random(in: 0 ... .max),
                reason: PeerFinishReason(rawValue: .random(in: 0 ... .max))
            )
            let voucher = VoucherMessage(
                request: try Address(bytes: random.bytes(32)),
                cumulative: Lamports(.random(in: 0 ... .max)),
                expiresAt: UnixTime(rawValue: .random(in: .min ... .max))
            )
            #expect(!isTransactionMessage(receipt.signedMessage))
            #expect(!isTransactionMessage(voucher.bytes))
            // They differ in their first byte and in their length, so no bytes are both.
            #expect(receipt.signedMessage.count == 172 && voucher.bytes.count == VoucherMessage.length)
            #expect(receipt.signedMessage[0] != voucher.bytes[0])
        }
    }

    @Test("The first byte alone keeps a transaction away: it would demand more signers than the bytes have room for")
    func firstByte() {
        let receiptSigners = Int(UInt8(ascii: "c"))
        #expect(receiptSigners * 32 > 172)
        #expect(0x56 * 32 > VoucherMessage.length)
    }

    @Test("The probe works: a message of a transaction is one")
    func probe() throws {
        let payer = Keypair()
        let transaction = try Transaction(feePayer: payer.address, instructions: [], recentBlockhash: .zero)
        #expect(isTransactionMessage(Array(try transaction.serialized().dropFirst(65))))
    }
}
