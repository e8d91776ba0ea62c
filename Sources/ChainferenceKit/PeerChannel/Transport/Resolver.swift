import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Finds the numeric addresses of a name, once.
enum Resolver {
    /// The addresses of a host, in the system's order.
    ///
    /// - Throws: ``PeerError/unreachable(target:reason:)``.
    static func addresses(of host: PeerHost) async throws -> [PeerHost] {
        guard case .dns(let name) = host else { return [host] }
        // The system's resolver blocks and can't be interrupted: it runs on a thread of its own, and who waits may leave.
        let once = OnceContinuation<[PeerHost]>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                once.set(continuation)
                NIOThreadPool.singleton.submit { _ in
                    once.resume(with: Result { try lookUp(name) })
                }
            }
        } onCancel: {
            once.resume(with: .failure(CancellationError()))
        }
    }

    private static func lookUp(_ name: DomainName) throws -> [PeerHost] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        // The final dot keeps search domains out of it; a single label may stand in the hosts file, which knows no dots.
        let text = name.description.contains(".") ? name.description + "." : name.description
        let code = getaddrinfo(text, nil, &hints, &list)
        guard code == 0 else {
            throw PeerError.unreachable(target: name.description, reason: String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(list) }
        var hosts: [PeerHost] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let address = entry.pointee.ai_addr else { continue }
            // sockaddr_in has the address at 4, sockaddr_in6 at 8, on every system that NIO runs on.
            let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.pointee.ai_addrlen))
            if entry.pointee.ai_family == AF_INET, bytes.count >= 8 {
                hosts.append(
                    .ip4(
                        IPv4Address(number: UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
                    )
                )
            } else if entry.pointee.ai_family == AF_INET6, bytes.count >= 24 {
                if let address = IPv6Address(bytes: bytes[8..<24]) { hosts.append(.ip6(address)) }
            }
        }
        guard !hosts.isEmpty else {
            throw PeerError.unreachable(target: name.description, reason: "the name has no address")
        }
        return hosts
    }
}

/// A continuation that several may try to resume; the first one does.
private final class OnceContinuation<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value, any Error>)
        case early(Result<Value, any Error>)
        case done
    }

    private let state = Mutex(State.empty)

    func set(_ continuation: CheckedContinuation<Value, any Error>) {
        let early = state.withLock { state -> Result<Value, any Error>? in
            if case .early(let result) = state {
                state = .done
                return result
            }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    func resume(with result: Result<Value, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state {
            case .empty:
                state = .early(result)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .early, .done: return nil
            }
        }
        continuation?.resume(with: result)
    }
}
