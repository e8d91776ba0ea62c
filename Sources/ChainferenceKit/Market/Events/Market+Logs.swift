import Solana

/// What the market program told observers in the logs of one transaction.
public struct LoggedEvents: Hashable, Sendable {
    /// The events in the order in which they happened; empty when the transaction failed, because then nothing did.
    public var events: [MarketEvent] = []

    /// Data that the program wrote and this version of the kit cannot read, as it stands in the log.
    ///
    /// Never empty for a program that is newer than the kit.
    public var unreadable: [String] = []

    /// Whether the node cut the logs off, so that events may be missing: read the accounts instead.
    public var isTruncated = false

    /// Whether a program failed and took the transaction with it.
    public var isFailed = false

    /// Adopts nothing.
    public init() {}
}

extension Market {
    /// Finds what this market's program wrote into the logs of one transaction.
    ///
    /// Any program can write any bytes into a log. The lines that say which program begins and ends are the cluster's
    /// own, and they are followed here, so that only this program's events are returned.
    ///
    /// - Parameter logs: All the transaction's log messages, one line each, as `getTransaction`, `simulateTransaction`
    ///   or `logsSubscribe` return them.
    /// - Returns: The events, and what may be wrong with the logs.
    public func events(in logs: some Sequence<String>) -> LoggedEvents {
        var found = LoggedEvents()
        var running: [Substring] = []
        let program = program.base58[...]
        for line in logs {
            switch LogLine(line) {
            case .invocation(let id, let depth):
                // The depth counts from 1. One that skips a level belongs to a log that is not complete.
                guard depth <= running.count + 1 else {
                    found.isTruncated = true
                    running.removeAll()
                    continue
                }
                running.removeSubrange((depth - 1)...)
                running.append(id)
            case .success(let id):
                if running.last == id { running.removeLast() }
            case .failure:
                found.isFailed = true
            case .data(let text):
                guard running.last == program else { continue }
                if let bytes = Base64.decode(text), let event = try? MarketEvent(decoding: bytes) {
                    found.events.append(event)
                } else {
                    found.unreadable.append(String(text))
                }
            case .truncation:
                found.isTruncated = true
            case .other:
                break
            }
        }
        if found.isFailed { found.events.removeAll() }
        return found
    }
}

/// One line of a transaction's log, in Agave's words.
private enum LogLine {
    /// `Program <id> invoke [<depth>]`
    case invocation(Substring, depth: Int)
    /// `Program <id> success`
    case success(Substring)
    /// `Program <id> failed: <reason>`
    case failure
    /// `Program data: <base64>`
    case data(Substring)
    /// `Log truncated`
    case truncation
    /// Everything else, such as what programs write with `msg!`: `Program log: <text>`.
    case other

    init(_ line: String) {
        guard line != "Log truncated" else {
            self = .truncation
            return
        }
        guard line.hasPrefix("Program ") else {
            self = .other
            return
        }
        let rest = line.dropFirst(8)
        if rest.hasPrefix("data: ") {
            self = .data(rest.dropFirst(6))
            return
        }
        let words = rest.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, !words[0].hasSuffix(":") else {
            self = .other
            return
        }
        switch words[1] {
        case "success" where words.count == 2:
            self = .success(words[0])
        case "failed:" where words.count == 3:
            self = .failure
        case "invoke" where words.count == 3 && words[2].hasPrefix("[") && words[2].hasSuffix("]"):
            guard let depth = Int(words[2].dropFirst().dropLast()), depth >= 1 else {
                self = .other
                return
            }
            self = .invocation(words[0], depth: depth)
        default:
            self = .other
        }
    }
}
