import Testing

@testable import Solana

@Suite("Hostile bytes")
struct HostileBytesTests {
    private struct Hostile: Decodable {
        let undecodable: [Base64]
        let insane: [Base64]
        let fine: [Base64]
    }

    @Test("mutated transactions are judged as solders judges them")
    func verdicts() throws {
        let hostile = try Golden.load(Hostile.self, "hostile")
        for item in hostile.undecodable {
            let error = #expect(throws: MessageError.self) { try Transaction(decoding: item.bytes) }
            #expect(error?.isSanitizeFailure == false, "\(item.bytes): \(String(describing: error))")
        }
        for item in hostile.insane {
            let error = #expect(throws: MessageError.self) { try Transaction(decoding: item.bytes) }
            #expect(error?.isSanitizeFailure == true, "\(item.bytes): \(String(describing: error))")
        }
        var duplicates = 0
        for item in hostile.fine {
            do throws(MessageError) {
                #expect(try Transaction(decoding: item.bytes).serialized() == item.bytes)
            } catch .duplicateAccount {
                // solders leaves this one to the runtime, which refuses it as `AccountLoadedTwice`.
                duplicates += 1
            } catch {
                Issue.record("\(item.bytes): \(error)")
            }
        }
        #expect(duplicates < hostile.fine.count / 4)
    }

    @Test("a message cut anywhere, or with a byte more, is refused")
    func truncation() throws {
        let golden = try Golden.load(GoldenMessages.self, "messages")
        for item in golden.legacy.prefix(12) + golden.v0.prefix(12) where item.sane {
            let bytes = item.transaction.bytes
            for count in 0..<bytes.count {
                let error = #expect(throws: MessageError.self) { try Transaction(decoding: bytes[..<count]) }
                guard case .truncated = error else {
                    Issue.record("\(count) of \(bytes.count): \(String(describing: error))")
                    continue
                }
            }
            #expect(throws: MessageError.trailingBytes(count: 1)) { try Transaction(decoding: bytes + [0]) }
            #expect(throws: MessageError.trailingBytes(count: 3)) {
                try VersionedMessage(decoding: item.message.bytes + [0, 0, 0])
            }
        }
    }

    @Test("a hundred thousand mutations never trap, and what decodes encodes to the same bytes")
    func mutations() throws {
        let golden = try Golden.load(GoldenMessages.self, "messages")
        let seeds = (golden.legacy + golden.v0).filter(\.sane).map(\.transaction.bytes).filter { $0.count < 500 }
        var generator = SeededGenerator(seed: 20_261_122)
        var decoded = 0
        for _ in 0..<100_000 {
            var bytes = seeds.randomElement(using: &generator) ?? []
            for _ in 0...Int.random(in: 0...2, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
                case 2:
                    bytes.removeSubrange(place..<min(place + Int.random(in: 0..<40, using: &generator), bytes.count))
                default: bytes.insert(contentsOf: generator.bytes(Int.random(in: 1..<40, using: &generator)), at: place)
                }
                if bytes.isEmpty { break }
            }
            do throws(MessageError) {
                let transaction = try Transaction(decoding: bytes)
                decoded += 1
                // Compared by hand: the macro is too slow for so many.
                if try transaction.message.serialized() != transaction.messageBytes { Issue.record("\(bytes)") }
                for index in transaction.message.accounts.indices { _ = transaction.message.isWritable(index) }
            } catch {
                continue
            }
        }
        #expect(decoded > 10_000)
    }

    @Test("random bytes never trap")
    func noise() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<20_000 {
            let bytes = generator.bytes(Int.random(in: 0..<80, using: &generator))
            _ = try? Transaction(decoding: bytes)
            _ = try? VersionedMessage(decoding: bytes)
            _ = SystemInstruction(decoding: bytes)
            _ = ComputeBudgetInstruction(decoding: bytes)
            _ = SingleEd25519Signature(decoding: bytes)
            _ = try? Ed25519Program.verify(bytes, instructions: [bytes])
        }
    }

    @Test("a message that is not sane is still safe to look at")
    func insane() throws {
        let bytes: [UInt8] = [100, 255, 255, 0] + [UInt8](repeating: 0, count: 32) + [1, 9, 1, 200, 0]
        let message = try VersionedMessage(decoding: bytes)
        #expect(message.signers.isEmpty)
        #expect(message.feePayer == nil)
        #expect(!message.isWritable(0))
        #expect(throws: MessageError.self) { try message.sanitize() }
    }

    @Test("unknown versions are an error of their own")
    func unknownVersion() {
        for version in UInt8(1)...127 {
            let bytes = [0x80 | version] + [UInt8](repeating: 1, count: 200)
            #expect(throws: MessageError.unsupportedVersion(version)) { try VersionedMessage(decoding: bytes) }
            let wire = [1] + [UInt8](repeating: 9, count: 64) + bytes
            #expect(throws: MessageError.unsupportedVersion(version)) { try Transaction(decoding: wire) }
        }
    }

    @Test("compact-u16: over all inputs there are, every number has exactly one form, the shortest")
    func compactU16() throws {
        var accepted = 0
        /// Reads one form after the other; they all have the same length.
        func check(_ forms: [UInt8], length: Int) throws {
            var reader = WireReader(forms)
            for start in stride(from: 0, to: forms.count, by: length) {
                do throws(MessageError) {
                    let value = try reader.readCount()
                    accepted += 1
                    var again: [UInt8] = []
                    try again.appendCount(value)
                    if again != Array(forms[start..<start + length]) { Issue.record("\(value) has another form") }
                } catch {
                    if error != .invalidLength(offset: start) { Issue.record("\(error)") }
                }
                if reader.offset != start + length { Issue.record("\(reader.offset) after the form at \(start)") }
            }
        }
        // A byte below 0x80 ends the number, so that these are all inputs.
        var forms = (0..<768).map { UInt8($0 / 3) }
        try check(Array(0..<0x80), length: 1)
        for first in UInt8(0x80)...0xff {
            try check((UInt8(0)..<0x80).flatMap { [first, $0] }, length: 2)
            for second in UInt8(0x80)...0xff {
                for third in 0..<256 {
                    forms[3 * third] = first
                    forms[3 * third + 1] = second
                }
                try check(forms, length: 3)
            }
        }
        // Each of 65,536 numbers once: forms differ, values are those of the forms, and there are as many.
        #expect(accepted == 65_536)
        #expect(throws: MessageError.countTooLarge(65_536)) {
            var bytes: [UInt8] = []
            try bytes.appendCount(65_536)
        }
    }

    @Test("a count that the rest cannot hold is refused before anything is allocated")
    func hugeCounts() {
        for count: [UInt8] in [[0xff, 0xff, 0x03], [0xff, 0x7f], [0x40]] {
            #expect(throws: MessageError.self) { try Transaction(decoding: count + [1, 2, 3]) }
            #expect(throws: MessageError.self) { try VersionedMessage(decoding: [1, 0, 0] + count) }
        }
    }
}
