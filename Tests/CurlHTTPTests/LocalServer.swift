import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A server on the loopback interface that hands every connection, on a thread of its own, to a script.
///
/// Deliberately primitive: it writes whatever bytes a test wants to see mishandled.
final class LocalServer: Sendable {
    /// A connection that a script reads and writes with blocking calls.
    struct Connection: Sendable {
        let descriptor: Int32

        /// Reads until the empty line that ends a request's headers; nil when the peer closes first.
        func readHeaders() -> String? {
            var bytes: [UInt8] = []
            while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                guard let byte = read(upTo: 1)?.first else { return nil }
                bytes.append(byte)
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        /// Reads headers and a body of announced length.
        func readRequest() -> (headers: String, body: [UInt8])? {
            guard let headers = readHeaders() else { return nil }
            let line = headers.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            let length = line.flatMap { Int($0.split(separator: ":")[1].drop { $0 == " " }) } ?? 0
            var body: [UInt8] = []
            while body.count < length {
                guard let more = read(upTo: length - body.count) else { return nil }
                body += more
            }
            return (headers, body)
        }

        /// Reads what is there, at most `limit` bytes; nil at the end.
        func read(upTo limit: Int) -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: min(limit, 65_536))
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer[..<count]) : nil
        }

        /// Writes all bytes; false when the peer has gone.
        @discardableResult
        func write(_ bytes: some Sequence<UInt8>) -> Bool {
            let bytes = Array(bytes)
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, sendFlags) }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        /// Writes text.
        @discardableResult
        func write(_ text: String) -> Bool { write(text.utf8) }

        /// Writes a chunk of a chunked body.
        @discardableResult
        func writeChunk(_ text: String) -> Bool {
            write("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
        }

        /// Writes what is accepted without waiting longer than the given time; returns the count, or nil for a lost peer.
        func writeForAWhile(_ bytes: [UInt8], patience milliseconds: Int) -> Int? {
            var time = timeval()
            time.tv_usec = .init(milliseconds * 1_000)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
            let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, sendFlags) }
            if count < 0 { return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : nil }
            return count
        }

        /// Blocks until the peer closes its side, at most for the given time, in which a script that plays a slow peer does
        /// nothing else; false when the peer has closed.
        func staysOpen(forMilliseconds milliseconds: Int32) -> Bool {
            var watched = pollfd(fd: descriptor, events: Self.hangUp, revents: 0)
            return poll(&watched, 1, milliseconds) == 0
        }

        /// Blocks until the peer closes its side.
        func waitForClose() {
            while read(upTo: 4_096) != nil {}
        }

        #if canImport(Darwin)
            private var sendFlags: Int32 { 0 }
            private static var hangUp: Int16 { Int16(POLLHUP) }
        #else
            private var sendFlags: Int32 { Int32(MSG_NOSIGNAL) }
            /// `POLLRDHUP`, which glibc shows to those alone who define `_GNU_SOURCE`.
            private static var hangUp: Int16 { 0x2000 }
        #endif
    }

    let port: UInt16
    private let listener: Int32
    private let script: @Sendable (Connection) -> Void
    private let accepted = Mutex(0)
    private let isStopped = Atomic(false)
    private let ended = Door()

    /// The address of a path on this server.
    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// How many connections were accepted so far.
    var connectionCount: Int { accepted.withLock { $0 } }

    init(_ script: @escaping @Sendable (Connection) -> Void) throws {
        (listener, port) = try Self.newListener(backlog: 512)
        self.script = script
        Self.spawn { [self] in acceptAll() }
    }

    /// Stops accepting and returns when the port is closed.
    func stop() {
        guard !isStopped.exchange(true, ordering: .relaxed) else { return }
        // The accepting thread alone closes its descriptor, or it might accept on one that has become another test's.
        var address = Self.loopback(port: port)
        let caller = Self.newSocket()
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(caller, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        ended.pass()
        close(caller)
    }

    struct SocketError: Error {
        let code: Int32
    }

    private func acceptAll() {
        while true {
            let descriptor = accept(listener, nil, nil)
            if isStopped.load(ordering: .relaxed) || descriptor < 0 {
                close(listener)
                if descriptor >= 0 { close(descriptor) }
                return ended.open()
            }
            #if canImport(Darwin)
                var on: Int32 = 1
                setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
            #endif
            accepted.withLock { $0 += 1 }
            let script = script
            Self.spawn {
                script(Connection(descriptor: descriptor))
                close(descriptor)
            }
        }
    }

    fileprivate static func newListener(backlog: Int32?) throws -> (descriptor: Int32, port: UInt16) {
        let listener = newSocket()
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) | (backlog.map { listen(listener, $0) } ?? 0)
                    | getsockname(listener, address, &length)
            }
        }
        guard code == 0 else { throw SocketError(code: errno) }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    private static func newSocket() -> Int32 {
        #if canImport(Glibc)
            socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func spawn(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        let context = Unmanaged.passRetained(Box(body)).toOpaque()
        #if canImport(Darwin)
            var thread: pthread_t?
            pthread_create(
                &thread,
                nil,
                { context in
                    Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                    return nil
                },
                context
            )
            if let thread { pthread_detach(thread) }
        #else
            var thread = pthread_t()
            pthread_create(
                &thread,
                nil,
                { context in
                    if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
                    return nil
                },
                context
            )
            pthread_detach(thread)
        #endif
    }
}

/// A port that is taken, so that no other test gets it, and where nobody accepts.
final class ClosedPort: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        (descriptor, port) = try LocalServer.newListener(backlog: nil)
    }

    deinit {
        close(descriptor)
    }
}

/// Runs a test against a server and stops it afterwards.
func withServer(
    _ script: @escaping @Sendable (LocalServer.Connection) -> Void,
    _ body: (LocalServer) async throws -> Void
) async throws {
    let server = try LocalServer(script)
    defer { server.stop() }
    try await body(server)
}
