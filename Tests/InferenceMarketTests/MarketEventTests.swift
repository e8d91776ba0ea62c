import Foundation
import InferenceMarket
import MarketProgram
import Solana
import Testing

@Suite("Events")
struct MarketEventTests {
    let idl = IDL.market(.localnet)
    static let keys = (1...3).map { byte in [UInt8](repeating: UInt8(byte), count: 32) }

    /// An event whose addresses are 1…, 2…, 3… and whose numbers are 101, 102, ….
    private func bytes(_ name: String) throws -> [UInt8] {
        let record = try #require(idl.events.first { $0.name == name })
        var data = record.discriminator.littleEndianBytes
        var keys = Self.keys[...]
        var number: UInt64 = 100
        for field in record.fields {
            switch field.type {
            case .u16:
                number += 1
                data += number.littleEndianBytes.prefix(2)
            case .u64, .i64:
                number += 1
                data += number.littleEndianBytes
            default: data += keys.removeFirst()
            }
        }
        return data
    }

    @Test("Every event is decoded into its own case, field by field")
    func decoding() throws {
        let addresses = try Self.keys.map { try Address(bytes: $0) }
        let (first, second) = (addresses[0], addresses[1])
        let model = try #require(ModelHash(bytes: Self.keys[1]))
        let terms = Terms(outputPrice: .lamports(101), inputPrice: .lamports(102), minimumCharge: 103)
        let expected: [(String, MarketEvent)] = [
            ("ServerAdded", .serverAdded(server: first, owner: second)),
            ("ServerUpdated", .serverUpdated(server: first)),
            ("ListingSet", .listingSet(server: first, model: model, terms: terms)),
            ("ListingRemoved", .listingRemoved(server: first, model: model)),
            ("Heartbeat", .heartbeat(server: first)),
            ("ServerClosed", .serverClosed(server: first, owner: second)),
            ("RequestOpened", .requestOpened(request: first, server: second, stake: 101)),
            ("RequestCancelled", .requestCancelled(request: first)),
            ("RequestLocked", .requestLocked(request: first, server: second)),
            ("RequestReleased", .requestReleased(request: first, server: second)),
            ("RequestClosing", .requestClosing(request: first, deadline: UnixTime(rawValue: 101))),
            ("PaymentClaimed", .paymentClaimed(request: first, server: second, charge: 101, fee: 102, refund: 103)),
            ("FeesCollected", .feesCollected(server: first, amount: 101)),
            ("RequestExpired", .requestExpired(request: first)),
            ("ResponseFlagged", .responseFlagged(request: first, server: second)),
            ("ResponsesCompared", .responsesCompared(preferred: first, other: second)),
            ("RequestClosed", .requestClosed(request: first)),
        ]
        for (name, event) in expected { #expect(try MarketEvent(decoding: bytes(name)) == event, "\(name)") }

        guard case .marketInitialized(let governance) = try MarketEvent(decoding: bytes("MarketInitialized")) else {
            Issue.record("another case")
            return
        }
        #expect(governance.authority == first && governance.pendingAuthority == second)
        #expect(governance.treasury == addresses[2] && governance.minimumComparedCharge == 101)
        #expect(governance.fee.rawValue == 102)
        #expect(try MarketEvent(decoding: bytes("MarketUpdated")) == .marketUpdated(governance))
        #expect(try MarketEvent(decoding: bytes("MarketAccepted")) == .marketAccepted(governance))
        #expect(Set(expected.map(\.0)).count + 3 == idl.events.count)
    }

    @Test("A zero address that means nobody is nil")
    func nobody() throws {
        var opened = try bytes("RequestOpened")
        opened.replaceSubrange(40..<72, with: [UInt8](repeating: 0, count: 32))
        guard case .requestOpened(_, let server, _) = try MarketEvent(decoding: opened) else {
            Issue.record("another case")
            return
        }
        #expect(server == nil)
    }

    @Test("Every other length is refused", arguments: IDL.market(.localnet).events.map(\.name))
    func lengths(name: String) throws {
        let data = try bytes(name)
        for count in 8..<data.count {
            #expect(throws: EventDecodingError.wrongLength(event: name, count: count)) {
                try MarketEvent(decoding: Array(data.prefix(count)))
            }
        }
        #expect(throws: EventDecodingError.wrongLength(event: name, count: data.count + 1)) {
            try MarketEvent(decoding: data + [0])
        }
        for count in 0..<8 {
            #expect(throws: EventDecodingError.tooShort(count: count)) {
                try MarketEvent(decoding: Array(data.prefix(count)))
            }
        }
    }

    @Test("A fee that no market may take, and an unknown event, are refused")
    func refusals() throws {
        var data = try bytes("MarketUpdated")
        data.replaceSubrange((data.count - 2)..., with: [0xE9, 0x03])
        #expect(throws: EventDecodingError.invalidField(event: "MarketUpdated", field: "fee")) {
            try MarketEvent(decoding: data)
        }
        #expect(throws: EventDecodingError.unknownEvent(discriminator: 7)) {
            try MarketEvent(decoding: UInt64(7).littleEndianBytes + Self.keys[0])
        }
    }

    @Test("No bytes make the decoder trap, and what it accepts differs when the bytes do")
    func fuzz() throws {
        var generator = SplitMix64(seed: 0xE7E7)
        let samples = try idl.events.map { try bytes($0.name) }
        var accepted = 0
        for round in 0..<20_000 {
            var data = samples[round % samples.count]
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: data.removeLast(Int.random(in: 0...data.count, using: &generator))
                case 1: data += generator.bytes(Int.random(in: 0..<40, using: &generator))
                default:
                    guard !data.isEmpty else { break }
                    data[Int.random(in: 0..<data.count, using: &generator)] ^= UInt8.random(
                        in: 1...255,
                        using: &generator
                    )
                }
            }
            guard let event = try? MarketEvent(decoding: data) else { continue }
            accepted += 1
            let original = samples[round % samples.count]
            if data != original { #expect(try event != MarketEvent(decoding: original)) }
        }
        #expect(accepted > 1_000)
    }
}
