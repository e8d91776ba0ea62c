import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A port that a cluster could not listen at.
public struct ListenError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was to be served there.
    public let service: String

    /// The address and the port.
    public let host: String

    /// The port.
    public let port: Int

    /// What the system said.
    public let reason: String

    /// What happened, and what to do.
    public var description: String {
        "\(service) cannot listen at \(host):\(port) (\(reason)): is another cluster running? Choose another port, or 0."
    }

    init(service: String, host: String, port: Int, cause: IOError) {
        self.service = service
        self.host = host
        self.port = port
        reason = String(cString: strerror(cause.errnoCode)).lowercased()
    }
}
