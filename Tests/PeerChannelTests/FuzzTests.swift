import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("Fuzzing: no input stops a decoder")
struct FuzzTests {
    /// A valid input, changed in a few places, or cut, or random.
    static func mutate(_ seeds: [[UInt8]], _ random: inout SeededRandom) -> [UInt8] {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return random.bytes(Int.random(in: 0...120, using: &random))
        case 1:
            let seed = seeds.randomElement(using: &random) ?? []
            return Array(seed.prefix(Int.random(in: 0...max(1, seed.count), using: &random)))
        default:
            var bytes = seeds.randomElement(using: &random) ?? []
            guard !bytes.isEmpty else { return bytes }
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes += random.bytes(Int.random(in: 0...8, using: &random)) }
            return bytes
        }
    }

    @Test("100,000 record bodies: what decodes encodes to the same bytes, what does not throws")
    func records() throws {
        var random = SeededRandom(seed: 1)
        let seeds = RecordLayerTests.samples.map { $0.encodedBody() }
        var decoded = 0
        for _ in 0..<100_000 {
            let type = UInt8.random(in: 0...16, using: &random)
            let body = Self.mutate(seeds, &random)
            guard let record = try? body.withUnsafeBytes({ try PeerRecord(type: type, body: $0) }) else { continue }
            decoded += 1
            switch record {
            case .pad: #expect(body.isEmpty)
            case .ignored: break
            default: #expect(record.encodedBody() == body, "type \(type)")
            }
        }
        #expect(decoded > 500)
    }

    @Test("20,000 handshake payloads")
    func payloads() {
        var random = SeededRandom(seed: 2)
        let seeds = [
            ServerHelloPayload.encode(Fixture.hello),
            ClientHelloPayload(request: Fixture.request, shaping: .off).encoded(),
        ]
        for _ in 0..<20_000 {
            let bytes = Self.mutate(seeds, &random)
            if let hello = try? bytes.withUnsafeBytes({ try ServerHelloPayload.decode($0) }) {
                #expect(ServerHelloPayload.encode(hello) == bytes)
            }
            if let hello = try? bytes.withUnsafeBytes({ try ClientHelloPayload(decoding: $0) }) {
                #expect(hello.encoded() == bytes)
            }
        }
    }

    @Test("20,000 addresses: what parses is spelled as it was")
    func addresses() {
        var random = SeededRandom(seed: 3)
        let seeds = AddressTests.valid.map { Array(AddressTests.fill($0).utf8) }
        var parsed = 0
        for _ in 0..<20_000 {
            let text = String(decoding: Self.mutate(seeds, &random), as: UTF8.self)
            guard let address = try? PeerAddress(parsing: text) else { continue }
            parsed += 1
            #expect(address.description == text)
        }
        #expect(parsed > 10)
    }

    @Test("Up to 20,000 authentic but senseless plaintexts against open servers, 400 sessions")
    func plaintexts() throws {
        var random = SeededRandom(seed: 4)
        // The program never answers, so that replies pile up if they can.
        let harmless = RecordLayerTests.samples.filter { record in
            switch record {
            case .pad, .cancel, .ping, .pong, .resume, .window, .voucher, .ignored: true
            default: false
            }
        }
        let seeds = harmless.map { record -> [UInt8] in
            let body = record.encodedBody()
            return [record.type, 0, UInt8(body.count & 255), UInt8(body.count >> 8)] + body
        }
        var survived = 0
        for _ in 0..<400 {
            let client = try RawClient()
            for _ in 0..<50 {
                let isValid = Int.random(in: 0..<5, using: &random) > 0
                client.send(plaintext: isValid ? seeds.randomElement(using: &random)! : Self.mutate(seeds, &random))
                if client.ending != nil { break }
                survived += 1
                _ = try? client.server.takePrompt()
            }
            let waiting = client.server.queue.count
            #expect(waiting <= ServerSessionMachine.queueLimit + 2)
        }
        #expect(survived > 100)
    }

    @Test("Random bytes in random pieces, before and after the handshake")
    func bytes() throws {
        var random = SeededRandom(seed: 5)
        for round in 0..<300 {
            var pair = try MachinePair()
            if round % 2 == 0 { pair.open() } else { _ = pair.takeFromClient() }
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let noise = random.bytes(Int.random(in: 1...400, using: &random))
                if Bool.random(using: &random) { pair.giveToServer(noise) } else { pair.giveToClient(noise) }
            }
            let (server, client) = (pair.server.acceptedVoucher, pair.client.server)
            #expect(server == nil)
            #expect((client != nil) == (round % 2 == 0))
        }
    }

    @Test("However the bytes are cut into pieces, the session is the same")
    func pieces() throws {
        var random = SeededRandom(seed: 6)
        for _ in 0..<30 {
            var pair = try MachinePair(shaping: .off)
            func deliver(_ bytes: [UInt8], _ give: ([UInt8]) -> Void) {
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = min(rest.count, Int.random(in: 1...40, using: &random))
                    give(Array(rest.prefix(count)))
                    rest = rest.dropFirst(count)
                }
            }
            deliver(pair.takeFromClient()) { pair.giveToServer($0) }
            deliver(pair.takeFromServer()) { pair.giveToClient($0) }
            deliver(pair.takeFromClient()) { pair.giveToServer($0) }
            pair.server.admit(Fixture.admission(), now: .zero)
            let prompt = SeededRandom.bytes(20_000, seed: 9)
            _ = try pair.client.submit(prompt)
            deliver(pair.takeFromClient()) { pair.giveToServer($0) }
            guard case .prompt(let received) = try pair.server.takePrompt() else {
                Issue.record("no prompt")
                return
            }
            #expect(received.bytes == prompt)
        }
    }
}
