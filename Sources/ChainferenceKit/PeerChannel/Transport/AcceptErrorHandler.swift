import Logging
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Keeps a listener alive when a connection can't be accepted for a reason that passes.
///
/// Without it the first moment in which the process has no file descriptors left would end the server.
final class AcceptErrorHandler: ChannelInboundHandler {
    typealias InboundIn = Channel

    private static let passing: Set<CInt> = [ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM]
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError, Self.passing.contains(error.errnoCode) {
            logger.warning("a connection could not be accepted", metadata: ["error": "\(error)"])
        } else {
            context.fireErrorCaught(error)
        }
    }
}
