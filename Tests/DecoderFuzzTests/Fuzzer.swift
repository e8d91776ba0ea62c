import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One decoder of the product and what has to hold for it.
struct FuzzedDecoder: Sendable {
    /// Its name, by which inputs are found again.
    let name: String
    /// How many inputs it gets in CI.
    let inputs: Int
    /// Valid inputs to start from.
    let samples: @Sendable () throws -> [[UInt8]]
    /// Pieces that mean something in its format.
    var tokens: [String] = []
    /// Decodes an input.
    ///
    /// Returns whether it was accepted; throws ``BrokenProperty`` if what was decoded is not what went in. That it does not
    /// stop the process is what is tested.
    let decode: @Sendable () throws -> (_ input: [UInt8]) throws -> Bool
}

/// Thrown when a decoder accepted something that it should not have, or gave something else than went in.
struct BrokenProperty: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// What came out of fuzzing a decoder.
struct FuzzOutcome {
    var inputs = 0
    var accepted = 0
    var seconds = 0.0
    var slowest = (index: 0, seconds: 0.0)
    /// How much the peak of the process's memory grew.
    var memoryGrowth = 0
    /// The first few inputs that broke a property.
    var failures: [(index: Int, input: [UInt8], reason: String)] = []
}

/// Gives decoders their inputs, in batches that are announced beforehand: after a crash the last line on the standard error
/// names the batch, and `CHAINFERENCE_FUZZ_ONE` runs it again, printing each input before it is decoded.
enum Fuzzer {
    static let environment = ProcessInfo.processInfo.environment
    /// `CHAINFERENCE_FUZZ_SEED`; the same in every run of CI, so that what CI finds anybody finds.
    static let seed = environment["CHAINFERENCE_FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_261
    /// `CHAINFERENCE_FUZZ_FACTOR`: more inputs than in CI, by this factor.
    static let factor = environment["CHAINFERENCE_FUZZ_FACTOR"].flatMap { Int($0) } ?? 1
    private static let batch = 10_000

    static func run(_ decoder: FuzzedDecoder) throws -> FuzzOutcome {
        let mutator = Mutator(samples: try decoder.samples(), tokens: decoder.tokens)
        let decode = try decoder.decode()
        let replay = environment["CHAINFERENCE_FUZZ_ONE"].flatMap { Replay($0) }
        if let replay, replay.decoder != decoder.name { return FuzzOutcome() }
        let range = replay?.range ?? 0..<decoder.inputs * factor
        var outcome = FuzzOutcome()
        let before = PeakMemory.reset()
        let clock = ContinuousClock()
        let began = clock.now
        for index in range {
            if index % batch == 0 { announce("\(decoder.name): \(index)..<\(min(index + batch, range.upperBound))") }
            let input = mutator.input(index, seed: seed(of: decoder))
            if replay != nil { announce("\(decoder.name):\(index) \(hex(input))") }
            let start = clock.now
            do {
                if try decode(input) { outcome.accepted += 1 }
            } catch let broken as BrokenProperty {
                if outcome.failures.count < 3 { outcome.failures.append((index, input, broken.reason)) }
            }
            let seconds = start.duration(to: clock.now) / .seconds(1)
            if seconds > outcome.slowest.seconds { outcome.slowest = (index, seconds) }
        }
        outcome.inputs = range.count
        outcome.seconds = began.duration(to: clock.now) / .seconds(1)
        outcome.memoryGrowth = max(0, PeakMemory.now - before)
        return outcome
    }

    private static func seed(of decoder: FuzzedDecoder) -> UInt64 {
        decoder.name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    static func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

    private static func announce(_ text: String) {
        FileHandle.standardError.write(Data("fuzz (seed \(seed)): \(text)\n".utf8))
    }

    /// `decoder:first` or `decoder:first..<end`.
    private struct Replay {
        let decoder: String
        let range: Range<Int>

        init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            decoder = String(text[..<colon])
            let numbers = text[text.index(after: colon)...].split(separator: "..<").compactMap { Int($0) }
            guard let first = numbers.first, let last = numbers.last else { return nil }
            range = first..<max(first + 1, last)
        }
    }
}

/// The peak of the process's resident memory.
private enum PeakMemory {
    static var now: Int {
        // Linux tells the peak since the last reset; elsewhere it is the peak of the whole run.
        if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Int($0)
            })
        {
            return kilobytes * 1_024
        }
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return usage.ru_maxrss
    }

    /// Begins anew where the system can.
    static func reset() -> Int {
        try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
        return now
    }
}
