import Foundation

/// Valid inputs that other programs wrote: what the tests of other modules keep as golden files.
enum Corpus {
    /// Transactions against the market in the real Solana VM, with the accounts and logs that came of them.
    struct MarketRecording {
        var transactions: [[UInt8]] = []
        var accounts: [[UInt8]] = []
        var logs: [String] = []
        /// Data of events, as the program logged them.
        var events: [[UInt8]] = []
    }

    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    static let market = Result { () throws -> MarketRecording in
        struct Account: Decodable {
            var data: String
        }
        struct Step: Decodable {
            var transaction: String
            var logs: [String]
            var after: [String: Account?]?
        }
        var recording = MarketRecording()
        let text = try String(
            contentsOf: tests.appending(path: "LocalClusterTests/Golden/market.jsonl"),
            encoding: .utf8
        )
        var accounts: Set<[UInt8]> = []
        // Every fourth step: enough of each kind, and quick.
        for (index, line) in text.split(separator: "\n").enumerated() where index % 4 == 0 {
            let step = try JSONDecoder().decode(Step.self, from: Data(line.utf8))
            if let bytes = Data(base64Encoded: step.transaction) { recording.transactions.append([UInt8](bytes)) }
            for account in (step.after ?? [:]).values {
                let bytes = account.flatMap { Data(base64Encoded: $0.data) }.map { [UInt8]($0) } ?? []
                if bytes.count > 16 { accounts.insert(bytes) }
            }
            recording.logs.append(step.logs.joined(separator: "\n"))
            for line in step.logs where line.hasPrefix("Program data: ") {
                if let bytes = Data(base64Encoded: String(line.dropFirst(14))) {
                    recording.events.append([UInt8](bytes))
                }
            }
        }
        recording.accounts = accounts.sorted { $0.lexicographicallyPrecedes($1) }
        return recording
    }

    /// Answers of a Solana node, by method.
    static let answers = Result { () throws -> [String: [[UInt8]]] in
        let data = try Data(contentsOf: tests.appending(path: "SolanaRPCTests/Golden/responses.json"))
        let file = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        var answers: [String: [[UInt8]]] = [:]
        for case let entry as [String: Any] in file?["cases"] as? [Any] ?? [] {
            guard let method = entry["method"] as? String, let answer = entry["answer"] else { continue }
            answers[method, default: []].append([UInt8](try JSONSerialization.data(withJSONObject: answer)))
        }
        return answers
    }

    /// What JSON is made of, and what its readers stumble over.
    static let jsonTokens = [
        "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "false", "-", "0", "1e999",
        "-0",
        "18446744073709551616", "0.1", "[[[[[[[[", "{\"a\":", "\u{FEFF}", "\u{0}", "é", "\"id\"", "\"result\"",
        "\"error\"",
    ]
}
