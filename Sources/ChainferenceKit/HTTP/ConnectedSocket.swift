import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A connected TCP socket that libcurl has set up, through the client's proxy if it has one.
///
/// What travels over it is the caller's business: no byte of the target's has been read, and none has been sent to it.
/// The socket is closed with the last reference, unless its descriptor was taken.
public final class ConnectedSocket: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes over a descriptor.
    init(owning descriptor: Int32) {
        self.descriptor = Mutex(descriptor)
    }

    /// Gives the descriptor away; from then on closing it is up to who took it.
    ///
    /// - Returns: The descriptor of a connected stream socket, or nil if it has been taken before.
    public func takeDescriptor() -> Int32? {
        descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
    }

    deinit {
        if let descriptor = takeDescriptor() { _ = close(descriptor) }
    }
}
