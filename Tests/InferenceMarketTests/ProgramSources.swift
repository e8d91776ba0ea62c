import Foundation

/// The program's own text, which says what no constant says: names, types and the flags of accounts.
enum ProgramSources {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// A file of the repository.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// A file of the program.
    static func program(_ path: String) throws -> String {
        try text("Sources/ChainferenceKit/MarketProgram/\(path).swift")
    }

    /// The names and values of the constants of one enum, in Swift's spelling.
    static func constants(of type: String, in path: String) throws -> [(name: String, value: UInt64)] {
        let parts = try program(path).components(separatedBy: "enum \(type) {")
        guard parts.count == 2, let body = parts[1].components(separatedBy: "\n}").first else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return body.matches(of: #/static let (\w+)(?:: UInt64)? = ([0-9a-fx_]+)/#).compactMap { match in
            let text = match.2.replacing("_", with: "")
            let value = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
            return value.map { (String(match.1), $0) }
        }
    }

    /// `peerKey` becomes `peer_key`, and `modelID` becomes `model_id`.
    static func snakeCased(_ name: String) -> String {
        name.replacing("ID", with: "Id").reduce(into: "") { text, letter in
            text += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
        }
    }
}

/// What the documentation comment of an instruction says about its accounts and arguments.
struct DocumentedInstruction {
    struct Account: Equatable {
        var name: String
        var isWritable: Bool
        var isSigner: Bool
    }

    struct Argument: Equatable {
        var name: String
        var type: String
        var offset: Int
    }

    var accounts: [Account] = []
    var arguments: [Argument] = []

    /// Reads the comment in front of the enum of the instruction with this name in snake case.
    init(_ name: String) throws {
        let file = name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let text = try ProgramSources.program("Instructions/\(file)")
        guard text.hasPrefix("/// `\(name)`: ") else { throw CocoaError(.fileReadCorruptFile) }
        for line in text.components(separatedBy: "\npublic enum")[0].split(separator: "\n") {
            let line = line.dropFirst(4)
            if let match = line.wholeMatch(of: #/\d ([a-z ]+?)(?:  +(w)?(?: ?(s|\(s\)))?(?:  +.*)?)?/#) {
                accounts.append(
                    Account(
                        name: String(match.1.replacing(" ", with: "_")),
                        isWritable: match.2 != nil,
                        isSigner: match.3 == "s"
                    )
                )
            } else if let match = line.wholeMatch(of: #/ *(\d+)  (\[u8; 32\]|u64|u16|u8|string) (\w+)(?:: .*)?/#),
                match.3 != "discriminator"
            {
                arguments.append(
                    Argument(name: String(match.3), type: String(match.2), offset: Int(match.1) ?? -1)
                )
            }
        }
    }
}
