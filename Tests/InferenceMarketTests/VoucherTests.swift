import InferenceMarket
import Solana
import Testing

@Suite("Vouchers")
struct VoucherTests {
    @Test("100 vouchers agree byte for byte with the Rust SDK's signatures")
    func golden() throws {
        for row in try goldenRows("vouchers") {
            let key = try Keypair(seed: bytes(hex: row[0]))
            #expect(key.address.bytes == bytes(hex: row[1]))
            let request = try Address(bytes: bytes(hex: row[2]))
            let message = VoucherMessage(
                request: request,
                cumulative: Lamports(try #require(UInt64(row[3]))),
                expiresAt: UnixTime(rawValue: try #require(Int64(row[4])))
            )
            #expect(message.bytes == bytes(hex: row[5]))
            #expect(message.bytes.count == VoucherMessage.length)
            let voucher = Voucher(signing: message, with: key)
            #expect(voucher.signature.bytes == bytes(hex: row[6]))
            #expect(voucher.wire == bytes(hex: row[7]))
            #expect(voucher.isSigned(by: key.address))
            #expect(Voucher(wire: bytes(hex: row[7]), request: request) == voucher)
        }
    }

    @Test("A voucher with any bit changed, another request or another signer is refused")
    func tampering() throws {
        let key = try Keypair(seed: [UInt8](repeating: 7, count: 32))
        let request = try Address(bytes: [UInt8](repeating: 1, count: 32))
        let other = try Address(bytes: [UInt8](repeating: 2, count: 32))
        let message = VoucherMessage(request: request, cumulative: 64, expiresAt: UnixTime(rawValue: 1_700_003_600))
        let wire = Voucher(signing: message, with: key).wire
        for bit in 0..<(Voucher.wireLength * 8) {
            var changed = wire
            changed[bit / 8] ^= 1 << (bit % 8)
            let voucher = try #require(Voucher(wire: changed, request: request))
            #expect(!voucher.isSigned(by: key.address), "bit \(bit)")
        }
        #expect(Voucher(wire: wire, request: other)?.isSigned(by: key.address) == false)
        #expect(Voucher(wire: wire, request: request)?.isSigned(by: other) == false)
        #expect(Voucher(wire: wire, request: request)?.isSigned(by: .zero) == false)
        #expect(Voucher(wire: wire.dropLast(), request: request) == nil)
        #expect(Voucher(wire: wire + [0], request: request) == nil)
    }

    @Test("The signature of zeros by the zero key, which lax verifiers accept, is refused")
    func zeroKey() throws {
        let wire = [UInt8](repeating: 0, count: 16) + [1] + [UInt8](repeating: 0, count: 63)
        let voucher = try #require(Voucher(wire: wire, request: .zero))
        #expect(!voucher.isSigned(by: .zero))
    }
}
