import InferenceMarket
import SodiumCrypto
import Solana
import Testing

@Suite("Addresses under a deployment")
struct AddressesTests {
    @Test("The local cluster's program and authority come from their published seeds")
    func localnet() throws {
        let key = try Keypair(seed: SHA256.hash(Array("chainference localnet program".utf8)))
        #expect(Market.localnet.program == key.address)
        let rows = try goldenRows("addresses")
        #expect(rows[0] == ["program", "-", "-", Market.localnet.program.base58, "-"])
        #expect(rows[1] == ["authority", "-", "-", Market.localnetAuthority().address.base58, "-"])
    }

    @Test("Markets, servers and requests lie where the Rust SDK derives them")
    func derived() throws {
        let market = Market.localnet
        for row in try goldenRows("addresses") {
            switch row[0] {
            case "market":
                #expect(market.address.base58 == row[3])
            case "server":
                #expect(market.server(of: try Address(base58: row[1])).base58 == row[3])
            case "request":
                let derived = market.request(
                    of: try Address(base58: row[1]),
                    voucherSigner: try Address(base58: row[2])
                )
                #expect(derived.address.base58 == row[3] && "\(derived.bump)" == row[4])
            default:
                break
            }
        }
    }
}
