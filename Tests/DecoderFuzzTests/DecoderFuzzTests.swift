import Testing

/// A million inputs for everything that reads untrusted bytes.
///
/// What is expected: no crash, no hang, no memory to speak of; and where an encoder belongs to the decoder, that it gives
/// back the bytes that were accepted. Every input is a function of seed, decoder and number:
///
///     CHAINFERENCE_FUZZ_SEED=7 swift test --filter DecoderFuzzTests              another million
///     CHAINFERENCE_FUZZ_FACTOR=20 swift test --filter DecoderFuzzTests           twenty million
///     CHAINFERENCE_FUZZ_ONE="peer record:4711" swift test --filter DecoderFuzzTests    one input again, printed before it runs
@Suite("Fuzzing every decoder", .serialized, .timeLimit(.minutes(30)))
struct DecoderFuzzTests {
    static let all =
        FuzzedDecoder.peer + FuzzedDecoder.chain + FuzzedDecoder.json + FuzzedDecoder.inference
        + FuzzedDecoder.configuration

    @Test("No input stops it, grows its memory, or decodes to something else", arguments: all.map(\.name))
    func decoder(name: String) throws {
        let decoder = try #require(Self.all.first { $0.name == name })
        let outcome = try Fuzzer.run(decoder)
        guard outcome.inputs > 0 else { return }
        print(
            "fuzz: \(name): \(outcome.inputs) inputs, \(outcome.accepted) accepted, "
                + "\(rounded(outcome.seconds)) s, slowest \(rounded(outcome.slowest.seconds * 1_000)) ms "
                + "(\(outcome.slowest.index)), peak memory +\(outcome.memoryGrowth >> 10) kB, seed \(Fuzzer.seed)"
        )
        for failure in outcome.failures {
            Issue.record("\(name):\(failure.index) \(failure.reason): \(Fuzzer.hex(failure.input))")
        }
        // Generous: what is to be found is a count that is believed, or work that grows with the square of the input.
        #expect(outcome.memoryGrowth < 64 << 20)
        #expect(outcome.slowest.seconds < 5)
    }

    @Test("A million inputs, and the samples are valid")
    func count() throws {
        #expect(Self.all.reduce(0) { $0 + $1.inputs } >= 1_000_000)
        #expect(Set(Self.all.map(\.name)).count == Self.all.count)
        // Nothing that a stranger makes up is a handshake.
        for decoder in Self.all where !decoder.name.hasSuffix("handshake bytes") {
            let decode = try decoder.decode()
            let accepted = try decoder.samples().filter { try decode($0) }.count
            #expect(accepted > 0, "no sample of \(decoder.name) is accepted")
        }
    }

    @Test("The fuzzer finds a length that is believed, and a form that has two spellings")
    func probe() throws {
        let sample: [UInt8] = [4, 0, 0, 0, 1, 2, 3, 4]
        let credulous = FuzzedDecoder(
            name: "credulous",
            inputs: 60,
            samples: { [sample] },
            decode: {
                { input in
                    guard input.count >= 4 else { return false }
                    let count = input[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
                    // Memory for what is announced, before looking whether it is there.
                    return [UInt8](repeating: 1, count: min(count, 80 << 20)).count == input.count - 4
                }
            }
        )
        #expect(try Fuzzer.run(credulous).memoryGrowth > 64 << 20)
        let lenient = FuzzedDecoder(
            name: "lenient",
            inputs: 2_000,
            samples: { [sample] },
            decode: {
                { input in
                    let body = Array(input.dropFirst(4).prefix(Int(input.first ?? 0)))
                    guard [UInt8(body.count), 0, 0, 0] + body == input else { throw BrokenProperty("other bytes") }
                    return true
                }
            }
        )
        let outcome = try Fuzzer.run(lenient)
        #expect(!outcome.failures.isEmpty)
        #expect(outcome.accepted > 50)
    }

    private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
