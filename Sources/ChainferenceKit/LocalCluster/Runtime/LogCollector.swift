/// The log lines of one transaction, cut off at ten kilobytes as on a validator.
struct LogCollector: Sendable {
    static let byteLimit = 10_000

    private(set) var lines: [String] = []
    private var byteCount = 0
    private var isTruncated = false

    mutating func append(_ line: String) {
        guard !isTruncated else { return }
        let count = byteCount + line.utf8.count
        if count >= Self.byteLimit {
            isTruncated = true
            lines.append("Log truncated")
        } else {
            byteCount = count
            lines.append(line)
        }
    }
}
