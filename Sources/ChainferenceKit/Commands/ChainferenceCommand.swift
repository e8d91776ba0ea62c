public import ArgumentParser
import ChainferenceKit

/// `chainference`: all that a person does with the market, as subcommands.
public struct ChainferenceCommand: AsyncParsableCommand {
    /// The root's name, texts and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "chainference",
        abstract: "Buy and sell answers of language models, paid for in SOL as they stream.",
        discussion: """
            Results go to standard output, progress and errors to standard error, so that results can be piped on. With \
            --json, results are JSON. Exit status: 0 done, 1 failed, 2 some checks of doctor failed, 64 wrong usage.

            Shell completion: chainference --generate-completion-script bash|zsh|fish
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Buy:", subcommands: [AskCommand.self, ChatCommand.self, ReceiptsCommand.self]),
            CommandGroup(name: "Look around:", subcommands: [ModelsCommand.self, ServersCommand.self]),
            CommandGroup(name: "Money:", subcommands: [WalletCommand.self, SweepCommand.self]),
            CommandGroup(name: "Run:", subcommands: [ProviderCommand.self, LocalnetCommand.self, RelayCommand.self]),
            CommandGroup(name: "Look after it:", subcommands: [DoctorCommand.self, PrivacyCommand.self]),
        ]
    )

    /// Makes the root; it does nothing but choose a subcommand.
    public init() {}

    /// Runs what the process's arguments ask for, and ends the process.
    ///
    /// Errors go to standard error: in words, or as `{"error": …}` where `--json` was given.
    public static func run() async -> Never {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Console.exit(0)
        } catch let error as ExitCode {
            Console.exit(error.rawValue)
        } catch {
            if let error = error as? ClientError, case .chain = error.reason, !CommandLine.arguments.contains("--json")
            {
                Console.error("Error: \(error) “chainference doctor” looks at what is wrong.")
                Console.exit(1)
            }
            guard CommandLine.arguments.contains("--json"), exitCode(for: error) == .failure else {
                exit(withError: error)
            }
            Console.error(ErrorReport(error: message(for: error)).json)
            Console.exit(1)
        }
    }
}

private struct ErrorReport: Report {
    let error: String

    var text: String { error }
}
