import ArgumentParser
import ChainferenceCommands

/// `chainference relay` as an executable of its own, for machines that run nothing else.
@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chainference-relay",
        abstract: RelayCommand.configuration.abstract,
        discussion: RelayCommand.configuration.discussion
    )

    @OptionGroup var command: RelayCommand

    func run() async throws { try await command.run() }
}
