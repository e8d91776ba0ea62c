import Solana
import Testing

@Suite("Derived addresses")
struct AddressDerivationTests {
    private struct File: Decodable {
        let find: [Found]
        let create: [Created]
        let withSeed: [[String]]
        let points: Base64
        let onCurve: Base64

        struct Found: Decodable {
            let seeds: [[UInt8]]
            let program: Address
            let address: Address
            let bump: UInt8

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                seeds = try container.decode([Base64].self).map(\.bytes)
                program = try container.decode(Address.self)
                address = try container.decode(Address.self)
                bump = try container.decode(UInt8.self)
            }
        }

        struct Created: Decodable {
            let seeds: [[UInt8]]
            let program: Address
            let address: Address?

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                seeds = try container.decode([Base64].self).map(\.bytes)
                program = try container.decode(Address.self)
                address = try container.decodeIfPresent(Address.self)
            }
        }
    }

    @Test("program-derived addresses and their bumps are solders'")
    func find() throws {
        let cases = try Golden.load(File.self, "addresses").find
        #expect(cases.count == 400)
        // Bump 255 must be tried, and others must be reached.
        #expect(cases.contains { $0.bump == 255 } && cases.contains { $0.bump < 252 })
        for item in cases {
            let found = try Address.findProgramAddress(seeds: item.seeds, program: item.program)
            #expect(found.address == item.address)
            #expect(found.bump == item.bump)
            let created = try Address.createProgramAddress(seeds: item.seeds + [[item.bump]], program: item.program)
            #expect(created == item.address)
            #expect(!created.isOnCurve)
        }
    }

    @Test("addresses of exact seeds are solders', and those on the curve are refused")
    func create() throws {
        let cases = try Golden.load(File.self, "addresses").create
        #expect(cases.contains { $0.address == nil } && cases.contains { $0.address != nil })
        for item in cases {
            if let address = item.address {
                #expect(try Address.createProgramAddress(seeds: item.seeds, program: item.program) == address)
            } else {
                #expect(throws: ProgramAddressError.onCurve) {
                    try Address.createProgramAddress(seeds: item.seeds, program: item.program)
                }
            }
        }
    }

    @Test("the curve test is solders' for random strings, keys and encodings at the edge of the field")
    func onCurve() throws {
        let file = try Golden.load(File.self, "addresses")
        #expect(file.points.bytes.count == 32 * file.onCurve.bytes.count)
        #expect(file.onCurve.bytes.count > 4_000)
        for (index, expected) in file.onCurve.bytes.enumerated() {
            let address = try Address(bytes: file.points.bytes[(32 * index)..<(32 * index + 32)])
            #expect(address.isOnCurve == (expected == 1), "\(address.bytes)")
        }
    }

    @Test("addresses with a text seed are solders'")
    func withSeed() throws {
        for item in try Golden.load(File.self, "addresses").withSeed {
            let (base, owner) = (try Address(base58: item[0]), try Address(base58: item[2]))
            #expect(try Address.createWithSeed(base: base, seed: item[1], owner: owner).base58 == item[3])
        }
    }

    @Test("too many seeds, too long ones and confusing owners are refused")
    func limits() throws {
        let seed = [UInt8](repeating: 7, count: 32)
        let many = [[UInt8]](repeating: [1], count: 16)
        #expect(throws: ProgramAddressError.tooManySeeds(count: 16, maximum: 15)) {
            try Address.findProgramAddress(seeds: many, program: .zero)
        }
        #expect(throws: ProgramAddressError.tooManySeeds(count: 17, maximum: 16)) {
            try Address.createProgramAddress(seeds: many + [[1]], program: .zero)
        }
        #expect(throws: ProgramAddressError.seedTooLong(index: 1, count: 33)) {
            try Address.findProgramAddress(seeds: [seed, seed + [1]], program: .zero)
        }
        #expect(throws: ProgramAddressError.seedTooLong(index: 0, count: 33)) {
            try Address.createWithSeed(base: .zero, seed: String(repeating: "x", count: 33), owner: .zero)
        }
        let confusing = try Address(bytes: [UInt8](repeating: 0, count: 11) + Array("ProgramDerivedAddress".utf8))
        #expect(throws: ProgramAddressError.illegalOwner) {
            try Address.createWithSeed(base: .zero, seed: "", owner: confusing)
        }
    }

    @Test("fixed-width seeds matter: seeds run together, as in the runtime")
    func concatenation() throws {
        let first = try Address.findProgramAddress(seeds: [[1, 2], [3]], program: .zero)
        let second = try Address.findProgramAddress(seeds: [[1], [2, 3]], program: .zero)
        #expect(first.address == second.address)
    }
}
