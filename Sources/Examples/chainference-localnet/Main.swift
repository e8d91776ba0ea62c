import ArgumentParser
import ChainferenceCommands

/// `chainference localnet` as an executable of its own, for machines that run nothing else.
@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chainference-localnet",
        abstract: LocalnetCommand.configuration.abstract,
        discussion: LocalnetCommand.configuration.discussion
    )

    @OptionGroup var command: LocalnetCommand

    func run() async throws { try await command.run() }
}
