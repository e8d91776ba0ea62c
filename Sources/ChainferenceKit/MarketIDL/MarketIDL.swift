import ArgumentParser
import Foundation
import InferenceMarket
import Solana

/// Writes the market program's Anchor IDL.
@main
struct MarketIDL: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "market-idl",
        abstract: "Writes the market program's interface for Anchor's tools.",
        discussion: """
            Two files: chainference_market.json in Anchor's IDL specification 0.1.0, and chainference_market.legacy.json \
            in the form that was used before Anchor 0.30, which anchorpy reads.
            """
    )

    @Option(help: "The program's address; that of local clusters if left out.")
    var program: String?

    @Option(name: [.short, .long], help: "The folder to write to.", completion: .directory)
    var output = "Documentation/idl"

    @Flag(help: "Write nothing; fail if the files there are not what would be written.")
    var check = false

    func run() throws {
        let market = try program.map { Market(program: try Address(base58: $0)) } ?? .localnet
        let idl = IDL.market(market)
        let folder = URL(fileURLWithPath: output, isDirectory: true)
        if !check { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
        for (name, text) in [(idl.name, idl.specification), ("\(idl.name).legacy", idl.legacy)] {
            let file = folder.appendingPathComponent("\(name).json")
            if check {
                guard try String(contentsOf: file, encoding: .utf8) == text else {
                    throw ValidationError("\(file.path) is out of date; run market-idl and commit the result.")
                }
            } else {
                try Data(text.utf8).write(to: file)
            }
        }
    }
}
