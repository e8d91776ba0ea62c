import CurlHTTP
import Testing

@Suite("Streamed bodies")
struct HTTPStreamTests {
    static let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test("A chunk is delivered before the server writes the next")
    func arrivesAsWritten() async throws {
        let door = Door()
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write(Self.head)
            door.pass()
            connection.writeChunk("one")
            door.pass()
            connection.writeChunk("two")
            connection.write("0\r\n\r\n")
        } _: { server in
            let response = try await HTTPClient().stream(HTTPRequest(url: server.url()))
            // The head came although the server has not written a byte of the body.
            #expect(response.status == 200)
            var chunks = response.body.makeAsyncIterator()
            door.open()
            #expect(try await chunks.next() == Array("one".utf8))
            door.open()
            #expect(try await chunks.next() == Array("two".utf8))
            #expect(try await chunks.next() == nil)
            #expect(try await chunks.next() == nil)
        }
    }

    @Test("A reader that waits holds the server back, and then gets every byte")
    func backpressure() async throws {
        let total = 32 << 20
        let stalled = Signal<Int>()
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let block = [UInt8](repeating: 7, count: 1 << 16)
            var sent = 0
            var waits = 0
            while sent < total {
                guard let count = connection.writeForAWhile(Array(block.prefix(total - sent)), patience: 500) else {
                    return
                }
                sent += count
                waits = count == 0 ? waits + 1 : 0
                if waits == 3 { stalled.send(sent) }
            }
        } _: { server in
            let window = 1 << 16
            let client = HTTPClient(configuration: .init(streamWindow: window))
            var request = HTTPRequest(url: server.url())
            request.maximumBodySize = total
            request.timeouts.idle = .seconds(1)
            let response = try await client.stream(request)
            var chunks = response.body.makeAsyncIterator()
            var received = try #require(try await chunks.next()).count
            // What was sent sits in the kernel's socket buffers and in a window of ours, not in memory without end. The
            // wait is longer than the idle timeout, which must not run while it is the reader who is slow.
            let sent = try #require(await stalled.next())
            #expect(sent < 16 << 20)
            var largest = 0
            while let chunk = try await chunks.next() {
                received += chunk.count
                largest = max(largest, chunk.count)
            }
            #expect(received == total)
            #expect(largest <= window + 16_384)
        }
    }

    enum Ending: CaseIterable {
        case cancelledTask
        case droppedStream
        case leftScope
        case calledCancel
    }

    @Test("Giving a stream up in mid-body closes its connection at once", arguments: Ending.allCases)
    func givingUp(_ ending: Ending) async throws {
        let closed = Signal<Void>()
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write(Self.head)
            connection.writeChunk("one")
            connection.waitForClose()
            closed.send(())
        } _: { server in
            let client = HTTPClient()
            let request = HTTPRequest(url: server.url(), timeouts: .init(idle: nil))
            switch ending {
            case .cancelledTask:
                let isReading = Signal<Void>()
                let error = await withTaskGroup(of: (any Error)?.self) { group in
                    group.addTask {
                        do {
                            for try await _ in try await client.stream(request).body { isReading.send(()) }
                            return nil
                        } catch {
                            return error
                        }
                    }
                    _ = await isReading.next()
                    group.cancelAll()
                    return await group.next() ?? nil
                }
                #expect(error as? HTTPError == .cancelled)
            case .droppedStream:
                for try await chunk in try await client.stream(request).body {
                    #expect(chunk == Array("one".utf8))
                    break
                }
            case .leftScope:
                try await client.withStream(request) { response in #expect(response.status == 200) }
            case .calledCancel:
                let response = try await client.stream(request)
                var chunks = response.body.makeAsyncIterator()
                _ = try await chunks.next()
                response.body.cancel()
                await #expect(throws: HTTPError.cancelled) { _ = try await chunks.next() }
            }
            #expect(await closed.next() != nil)
            await client.shutDown()
        }
    }

    @Test("A task that is cancelled before it asks sends nothing and throws")
    func cancelledBefore() async throws {
        try await withServer { _ in
        } _: { server in
            let error = await withTaskGroup(of: (any Error)?.self) { group in
                group.cancelAll()
                group.addTask {
                    do {
                        _ = try await HTTPClient().send(HTTPRequest(url: server.url()))
                        return nil
                    } catch {
                        return error
                    }
                }
                return await group.next() ?? nil
            }
            #expect(error as? HTTPError == .cancelled)
        }
    }

    @Test(
        "A body that breaks off is an error after its last byte",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
        ]
    )
    func truncated(_ answer: String) async throws {
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write(answer)
        } _: { server in
            let client = HTTPClient()
            await #expect(throws: HTTPError.bodyTruncated(received: 4)) {
                _ = try await client.send(HTTPRequest(url: server.url()))
            }
            var text: [UInt8] = []
            let response = try await client.stream(HTTPRequest(url: server.url()))
            await #expect(throws: HTTPError.bodyTruncated(received: 4)) {
                for try await chunk in response.body { text += chunk }
            }
            #expect(text == Array("half".utf8))
        }
    }

    @Test("A stream outlives the last reference to its client")
    func keepsClient() async throws {
        let door = Door()
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write(Self.head)
            door.pass()
            connection.writeChunk("late")
            connection.write("0\r\n\r\n")
        } _: { server in
            var client: HTTPClient? = HTTPClient()
            let response = try await #require(client).stream(HTTPRequest(url: server.url()))
            client = nil
            door.open()
            #expect(try await response.body.collect(upTo: 4) == Array("late".utf8))
        }
    }

    @Test("Collecting more than allowed ends the transfer")
    func collectLimit() async throws {
        let closed = Signal<Void>()
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write(Self.head)
            connection.writeChunk("12345")
            connection.waitForClose()
            closed.send(())
        } _: { server in
            let response = try await HTTPClient().stream(HTTPRequest(url: server.url()))
            await #expect(throws: HTTPError.bodyTooLarge(limit: 4)) { try await response.body.collect(upTo: 4) }
            #expect(await closed.next() != nil)
        }
    }
}
