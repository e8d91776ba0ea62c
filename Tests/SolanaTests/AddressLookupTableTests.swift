import Solana
import Testing

@Suite("Address tables on the chain")
struct AddressLookupTableTests {
    private struct Item: Decodable {
        let data: Base64
        let deactivation: Decimal64
        let authority: Address?
        let addresses: [Address]
        let count: Int
        let active: [[Int]]
    }

    @Test("accounts are read as solders reads them, the last address included")
    func golden() throws {
        let items = try Golden.load([Item].self, "lookupTables")
        #expect(items.contains { $0.count == 4 } && items.contains { $0.count == 256 })
        for item in items {
            let account = try #require(AddressLookupTableAccount(accountData: item.data.bytes))
            #expect(account.deactivationSlot == item.deactivation.value)
            #expect(account.authority == item.authority)
            #expect(account.addresses.count == item.count)
            #expect(Array(account.addresses.prefix(5)) == item.addresses)
            for pair in item.active {
                #expect(account.table(at: .zero, slot: UInt64(pair[0]))?.addresses.count == pair[1])
            }
            if item.deactivation.value != .max { #expect(account.table(at: .zero, slot: 2_000) == nil) }
        }
    }

    @Test("other data are no table")
    func refused() throws {
        let items = try Golden.load([Item].self, "lookupTables")
        let data = try #require(items.first { $0.count == 2 }).data.bytes
        for count in 0..<data.count where count != 56 && count != 88 {
            #expect(AddressLookupTableAccount(accountData: data[..<count]) == nil)
        }
        #expect(AddressLookupTableAccount(accountData: [0] + data[1...]) == nil)
        #expect(AddressLookupTableAccount(accountData: data[..<21] + [2] + data[22...]) == nil)
        #expect(AddressLookupTableAccount(accountData: data + [UInt8](repeating: 0, count: 32 * 255)) == nil)
    }
}
