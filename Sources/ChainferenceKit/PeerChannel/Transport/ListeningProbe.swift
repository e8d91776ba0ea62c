import NIOCore
import NIOPosix

/// Finds out whether a port is free before a server needs it.
package enum ListeningProbe {
    /// Listens for a moment.
    ///
    /// - Parameters:
    ///   - host: The address of the interface.
    ///   - port: The TCP port.
    /// - Throws: What the operating system says against it.
    package static func listen(host: String, port: Int) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: port)
            .get()
        try await channel.close().get()
    }
}
