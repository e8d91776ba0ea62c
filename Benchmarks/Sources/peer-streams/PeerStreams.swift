import ArgumentParser

/// Many shaped streams at a time, through real sockets, between two processes.
@main
struct PeerStreams: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peer-streams",
        abstract: "Measures the peer channel with many streams at a time.",
        subcommands: [Measure.self, Server.self, Client.self, Model.self],
        defaultSubcommand: Measure.self
    )
}
