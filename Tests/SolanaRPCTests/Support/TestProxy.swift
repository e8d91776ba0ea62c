import NIOCore
import NIOPosix
import Synchronization

/// A small proxy of both kinds: HTTP `CONNECT` and SOCKS 5, chosen by the first byte.
///
/// Names lead where the test says.
final class TestProxy: Sendable {
    private typealias Bytes = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Where a target's name leads, as a port on this machine; nil refuses.
    private let resolve: @Sendable (String) -> Int?
    /// What a SOCKS client may log in with, as `user:password`; empty lets everybody in without.
    private let logins: Set<String>
    private let targets = Mutex<[String]>([])

    init(logins: Set<String> = [], resolve: @escaping @Sendable (String) -> Int?) {
        self.logins = logins
        self.resolve = resolve
    }

    /// The targets that were asked for, as `host:port`, with credentials before them if there were any.
    var seen: [String] { targets.withLock { $0 } }

    /// Listens while `body` runs.
    func run(_ body: @escaping @Sendable (UInt16) async throws -> Void) async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Bytes(wrappingChannelSynchronously: channel) }
            }
        try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            // However a connection ends is of no interest.
                            group.addTask { try? await self.serve(connection) }
                        }
                    }
                }
                try await body(UInt16(server.channel.localAddress?.port ?? 0))
                group.cancelAll()
            }
        }
    }

    private func serve(_ connection: Bytes) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var iterator = inbound.makeAsyncIterator()
            guard let first = try await iterator.next() else { return }
            var target: String
            if first.getInteger(at: first.readerIndex, as: UInt8.self) == 5 {
                let methods = first.readableBytesView.dropFirst(2)
                let method: UInt8 = logins.isEmpty ? 0 : 2
                guard methods.contains(method) else {
                    try await outbound.write(ByteBuffer(bytes: [5, 0xFF]))
                    return
                }
                try await outbound.write(ByteBuffer(bytes: [5, method]))
                var login: String?
                if !logins.isEmpty {
                    // RFC 1929: version, length, user, length, password.
                    guard let pair = try await iterator.next() else { return }
                    let bytes = Array(pair.readableBytesView)
                    let end = 2 + Int(bytes[1])
                    let given = String(decoding: bytes[2..<end] + [0x3A] + bytes[(end + 1)...], as: UTF8.self)
                    try await outbound.write(ByteBuffer(bytes: [1, logins.contains(given) ? 0 : 1]))
                    guard logins.contains(given) else { return }
                    login = given
                }
                guard let request = try await iterator.next() else { return }
                let bytes = Array(request.readableBytesView)
                // Version, connect, reserved, a domain, its length.
                guard bytes.count > 6, bytes[1] == 1, bytes[3] == 3, bytes.count == 7 + Int(bytes[4]) else { return }
                let port = Int(bytes[bytes.count - 2]) << 8 | Int(bytes[bytes.count - 1])
                target = String(decoding: bytes[5..<(bytes.count - 2)], as: UTF8.self) + ":\(port)"
                if let login { target = "\(login) \(target)" }
            } else {
                let lines = String(buffer: first).split(separator: "\r\n")
                let words = lines[0].split(separator: " ")
                guard words.count == 3, words[0] == "CONNECT" else { return }
                let login = lines.first { $0.hasPrefix("Proxy-Authorization: ") }
                target = (login.map { $0.dropFirst(21) + " " } ?? "") + words[1]
            }
            targets.withLock { $0.append(target) }
            let isSOCKS = first.getInteger(at: first.readerIndex, as: UInt8.self) == 5
            guard let port = resolve(target) else {
                let refusal =
                    isSOCKS
                    ? ByteBuffer(bytes: [5, 2, 0, 1, 0, 0, 0, 0, 0, 0])
                    : ByteBuffer(string: "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
                try await outbound.write(refusal)
                return
            }
            let upstream = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture { try Bytes(wrappingChannelSynchronously: channel) }
                }
            try await outbound.write(
                isSOCKS
                    ? ByteBuffer(bytes: [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]) : ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n")
            )
            try await upstream.executeThenClose { upstreamInbound, upstreamOutbound in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for try await bytes in upstreamInbound { try await outbound.write(bytes) }
                    }
                    while let bytes = try await iterator.next() { try await upstreamOutbound.write(bytes) }
                    group.cancelAll()
                }
            }
        }
    }
}
