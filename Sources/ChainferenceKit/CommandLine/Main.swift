import ChainferenceCommands

/// The one executable for people; everything in it is in `ChainferenceCommands`.
@main
enum Main {
    static func main() async { await ChainferenceCommand.run() }
}
