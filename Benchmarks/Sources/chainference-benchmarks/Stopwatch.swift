/// Measures two ways of doing the same thing in turns and prints how they compare.
struct Stopwatch {
    /// What the ratio must be.
    enum Goal {
        /// Ours takes at most this many times as long.
        case atMost(Double)
        /// Ours is at least this many times as fast.
        case speedAtLeast(Double)
    }

    /// Runs the work `count` times and says how many nanoseconds that took.
    typealias Work = (_ count: Int) async throws -> UInt64

    let rounds: Int
    private(set) var missedGoals: [String] = []
    private var rows: [String] = []

    /// How long one turn should take, in nanoseconds.
    private static let turn: Double = 100_000_000

    init(rounds: Int) { self.rounds = rounds }

    /// Measures both and prints the median of the ratios of neighbouring turns.
    mutating func compare(_ name: String, to other: String, goal: Goal? = nil, ours: Work, theirs: Work) async throws {
        let ourCount = try await Self.calibrate(ours)
        let theirCount = try await Self.calibrate(theirs)
        var ratios: [Double] = []
        var ourTimes: [Double] = []
        var theirTimes: [Double] = []
        for _ in 0..<rounds {
            let mine = Double(try await ours(ourCount)) / Double(ourCount)
            let yours = Double(try await theirs(theirCount)) / Double(theirCount)
            ourTimes.append(mine)
            theirTimes.append(yours)
            ratios.append(yours / mine)
        }
        let speed = Self.median(ratios)
        let met: Bool
        var verdict = ""
        switch goal {
        case .atMost(let limit):
            met = 1 / speed <= limit
            verdict = "goal: at most \(Self.fixed(limit)) × the time"
        case .speedAtLeast(let limit):
            met = speed >= limit
            verdict = "goal: at least \(Self.fixed(limit)) × the speed"
        case nil: met = true
        }
        if goal != nil { verdict += met ? ", met" : ", MISSED" }
        if !met { missedGoals.append(name) }
        let line = "  \(name): \(Self.fixed(speed)) × the speed of \(other) (\(Self.spread(ratios)))"
        print(verdict.isEmpty ? line : "\(line); \(verdict)")
        let (mine, yours) = (Self.time(Self.median(ourTimes)), Self.time(Self.median(theirTimes)))
        print("      ours \(mine), theirs \(yours)")
        let goalSpeed: String =
            switch goal {
            case .atMost(let limit): "≥ \(Self.fixed(1 / limit))"
            case .speedAtLeast(let limit): "≥ \(Self.fixed(limit))"
            case nil: ""
            }
        rows.append("| \(name) | \(mine) | \(yours) | \(Self.fixed(speed)) (\(Self.spread(ratios))) | \(goalSpeed) |")
    }

    /// The comparisons since the last time, as a table in Markdown.
    mutating func takeTable() -> String {
        defer { rows = [] }
        let head = ["| | ours | theirs | ratio of speeds (range) | goal |", "|---|---:|---:|---:|---:|"]
        return (head + rows).joined(separator: "\n")
    }

    /// Notes a goal that was missed without a comparison.
    mutating func miss(_ name: String) { missedGoals.append(name) }

    /// Times a closure.
    static func time(_ body: () throws -> Void) rethrows -> UInt64 {
        nanoseconds(try ContinuousClock().measure(body))
    }

    /// A duration as the stopwatch counts: in nanoseconds.
    static func nanoseconds(_ elapsed: Duration) -> UInt64 {
        UInt64(elapsed.components.seconds) * 1_000_000_000 + UInt64(elapsed.components.attoseconds / 1_000_000_000)
    }

    private static func calibrate(_ work: Work) async throws -> Int {
        var count = 1
        while true {
            let elapsed = Double(try await work(count))
            if elapsed > turn / 10 { return max(1, Int(Double(count) * turn / elapsed)) }
            count *= elapsed > 0 ? max(2, min(64, Int(turn / 8 / elapsed))) : 64
        }
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted[sorted.count / 2]
    }

    private static func spread(_ values: [Double]) -> String {
        "\(fixed(values.min() ?? 0)) to \(fixed(values.max() ?? 0))"
    }

    static func time(_ nanoseconds: Double) -> String {
        switch nanoseconds {
        case ..<1_000: "\(fixed(nanoseconds)) ns"
        case ..<1_000_000: "\(fixed(nanoseconds / 1_000)) µs"
        default: "\(fixed(nanoseconds / 1_000_000)) ms"
        }
    }

    private static func fixed(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

/// Keeps the optimiser from removing work whose result nobody uses.
@inline(never)
func consume<Value: ~Copyable>(_ value: borrowing Value) {}
