/// The outward form of one direction of a session: records of one size at a constant cadence, whatever is inside.
///
/// Sizes and times of single tokens give text away to whoever watches the wire. A shaped stream shows only that an answer
/// is being given, and its duration in steps of 64 records.
public struct StreamShape: Hashable, Sendable {
    /// The time between two records.
    public let tick: Duration
    /// The size of a record on the wire, its length prefix and tag included.
    public let recordSize: Int

    /// A shape of one's own.
    ///
    /// - Returns: `nil` unless the tick is 10 ms…10 s in whole milliseconds and the size 192…16,384 bytes.
    public init?(tick: Duration, recordSize: Int) {
        let milliseconds = tick.wholeMilliseconds
        guard .milliseconds(milliseconds) == tick, (10...10_000).contains(milliseconds),
            (192...16_384).contains(recordSize)
        else { return nil }
        self.tick = tick
        self.recordSize = recordSize
    }

    private init(uncheckedTick tick: Duration, recordSize: Int) {
        self.tick = tick
        self.recordSize = recordSize
    }

    /// A server's default: 256 bytes every 100 ms, enough for about 400 tokens a second.
    public static let server = StreamShape(uncheckedTick: .milliseconds(100), recordSize: 256)
    /// A client's default: 256 bytes every 200 ms, a voucher or nothing in each.
    public static let client = StreamShape(uncheckedTick: .milliseconds(200), recordSize: 256)

    /// The smallest of the standard sizes (256, 512, 1,024, 4,096 bytes each 100 ms) that carries the expected speed
    /// with room for bursts; counts eight bytes a token.
    public static func forExpectedSpeed(tokensPerSecond: Double) -> StreamShape {
        let needed = max(0, tokensPerSecond) * 8
        let sizes = [256, 512, 1_024, 4_096]
        let size = sizes.first { Double($0 - RecordLayout.overhead - AnswerData.headerSize) * 10 >= needed } ?? 4_096
        return StreamShape(uncheckedTick: .milliseconds(100), recordSize: size)
    }

    /// What a stream of this form takes of the line.
    var bytesPerSecond: Int { recordSize * 1_000 / Int(tick.wholeMilliseconds) }

    /// The most bytes a second that a server may ask of its clients' streams.
    static let clientRateLimit = 65_536

    /// After an answer the server goes on until the number of its records is a multiple of this.
    public static let endMultiple = 64

    /// How many records the server sends at least after the one that ended an answer: as long as four of the client's ticks
    /// take, at least 4, at most 64.
    ///
    /// So the client finds ticks for what it says last, a voucher and CLOSE, before the stream ends. Alone on the wire they
    /// would show that the answer had ended in the last moments of a step.
    ///
    /// - Parameters:
    ///   - client: The form of the client's stream, as the server's hello has it.
    ///   - server: The form of the server's stream, as the server's hello has it.
    /// - Returns: 8 for the default forms.
    static func recordsAfterAnswer(client: StreamShape, server: StreamShape) -> Int {
        let time = 4 * client.tick.wholeMilliseconds
        let tick = server.tick.wholeMilliseconds
        return min(max(Int((time + tick - 1) / tick), 4), endMultiple)
    }
}

/// Whether an outsider may see sizes and times.
public enum PeerShaping: Hashable, Sendable {
    /// Fixed-size records at a constant cadence, both ways.
    case constantRate
    /// Records as large and as often as there is something to say. Whoever watches can often tell what is being said.
    case off
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? .max : product &+ attoseconds / 1_000_000_000_000_000
    }

    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
