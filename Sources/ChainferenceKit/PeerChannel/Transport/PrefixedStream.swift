package import NIOCore
import Synchronization

/// A stream that begins with bytes that were read too early.
package final class PrefixedStream: ByteStream {
    private let base: any ByteStream
    private let prefix: Mutex<ByteBuffer?>

    package init(_ prefix: [UInt8], before base: any ByteStream) {
        self.base = base
        self.prefix = Mutex(prefix.isEmpty ? nil : ByteBuffer(bytes: prefix))
    }

    package var remoteHost: PeerHost? { base.remoteHost }

    package func receive() async throws -> ByteBuffer? {
        if let bytes = prefix.withLock({ $0.take() }) { return bytes }
        return try await base.receive()
    }

    package func send(_ bytes: ByteBuffer) async throws { try await base.send(bytes) }
    package func finishSending() async throws { try await base.finishSending() }
    package func close() async { await base.close() }
    package func abort() { base.abort() }
}
