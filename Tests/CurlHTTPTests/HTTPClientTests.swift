import Testing

@testable import CurlHTTP

@Suite("Whole requests and responses")
struct HTTPClientTests {
    @Test("A POST carries method, headers and body, and brings status, headers and body back")
    func exchange() async throws {
        try await withServer { connection in
            guard let (headers, body) = connection.readRequest() else { return }
            let echo = headers + String(decoding: body, as: UTF8.self)
            connection.write("HTTP/1.1 201 Created\r\nX-Twice: 1\r\nx-twice:  2 \r\n")
            connection.write("Content-Length: \(echo.utf8.count)\r\n\r\n\(echo)")
        } _: { server in
            let url = server.url("/path?q=1")
            let request = HTTPRequest.post(
                json: Array("{\"a\":1}".utf8),
                to: url,
                headers: ["X-A": "b", "X-Empty": ""]
            )
            let response = try await HTTPClient().send(request)
            #expect(response.status == 201)
            #expect(response.head.version == .http1)
            #expect(response.headers.values(for: "X-TWICE") == ["1", "2"])
            let echo = String(decoding: response.body, as: UTF8.self)
            #expect(echo.hasPrefix("POST /path?q=1 HTTP/1.1\r\n"))
            for line in ["X-A: b", "X-Empty:", "Content-Type: application/json", "User-Agent: ChainferenceKit"] {
                #expect(echo.contains("\r\n\(line)\r\n"))
            }
            #expect(!echo.contains("Expect:"))
            #expect(echo.hasSuffix("\r\n\r\n{\"a\":1}"))
        }
    }

    @Test(
        "Every method goes out as it is called, with and without a body",
        arguments: ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"],
        [[], Array("a\0b".utf8)]
    )
    func methods(_ method: String, _ body: [UInt8]) async throws {
        guard method != "HEAD" || body.isEmpty else { return }
        let seen = Signal<(String, [UInt8])>()
        try await withServer { connection in
            guard let (headers, body) = connection.readRequest() else { return }
            seen.send((headers, body))
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(method == "HEAD" ? "7" : "2")\r\n\r\n")
            if method != "HEAD" { connection.write("ok") }
        } _: { server in
            let request = HTTPRequest(method: .init(rawValue: method), url: server.url(), body: body)
            let response = try await HTTPClient().send(request)
            #expect(response.body == (method == "HEAD" ? [] : Array("ok".utf8)))
            let (headers, sent) = try #require(await seen.next())
            #expect(headers.hasPrefix("\(method) / HTTP/1.1\r\n"))
            #expect(!headers.contains("x-www-form-urlencoded"))
            #expect(sent == body)
        }
    }

    @Test("Interim responses are passed over, and an error status is a response")
    func statuses() async throws {
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
            connection.write("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow")
        } _: { server in
            let response = try await HTTPClient().send(HTTPRequest(url: server.url()))
            #expect(response.status == 429)
            #expect(!response.head.isSuccess)
            #expect(response.headers["x-early"] == nil)
            #expect(response.headers.retryAfter == .seconds(7))
            #expect(response.body == Array("slow".utf8))
        }
    }

    @Test("Redirects are handed to the caller")
    func redirect() async throws {
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            connection.write("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        } _: { server in
            let response = try await HTTPClient().send(HTTPRequest(url: server.url()))
            #expect(response.status == 302)
        }
    }

    @Test("A connection is used again, and replaced when the server has closed it meanwhile")
    func reuse() async throws {
        try await withServer { connection in
            for _ in 0..<3 {
                guard connection.readRequest() != nil else { return }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        } _: { server in
            let client = HTTPClient()
            for _ in 0..<6 {
                let response = try await client.send(HTTPRequest(url: server.url()))
                #expect(response.status == 200)
            }
            #expect(server.connectionCount == 2)
        }
    }

    @Test("Two hundred requests at a time each get their own answer")
    func parallel() async throws {
        try await withServer { connection in
            while let (headers, _) = connection.readRequest() {
                let path = headers.split(separator: " ")[1]
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\r\n\(path)")
            }
        } _: { server in
            let client = HTTPClient()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let response = try await client.send(HTTPRequest(url: server.url("/\(index)")))
                        return response.body == Array("/\(index)".utf8)
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            await client.shutDown()
        }
    }

    @Test("No more connections than allowed are opened")
    func connectionLimit() async throws {
        try await withServer { connection in
            while connection.readRequest() != nil { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }
        } _: { server in
            let client = HTTPClient(configuration: .init(maximumConnectionsPerHost: 3))
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 { group.addTask { try await client.send(HTTPRequest(url: server.url())).status } }
                for try await status in group { #expect(status == 200) }
            }
            #expect((1...3).contains(server.connectionCount))
        }
    }

    @Test("What is not HTTP is a protocol error, and a server that hangs up a lost connection")
    func badServers() async throws {
        let answers: [(String, HTTPError)] = [
            ("", .connectionLost(server: "", reason: "")),
            ("SSH-2.0-OpenSSH_9.2\r\n", .protocolError(server: "", reason: "")),
            ("HTTP/1.1 abc Odd\r\n\r\n", .protocolError(server: "", reason: "")),
        ]
        for (answer, expected) in answers {
            try await withServer { connection in
                guard connection.readHeaders() != nil else { return }
                connection.write(answer)
            } _: { server in
                let error = await #expect(throws: HTTPError.self) {
                    _ = try await HTTPClient().send(HTTPRequest(url: server.url()))
                }
                switch (error, expected) {
                case (.connectionLost, .connectionLost), (.protocolError, .protocolError): break
                default: Issue.record("\(answer) gave \(String(describing: error))")
                }
                #expect(error?.mayHaveReachedServer == true)
            }
        }
    }

    @Test("Nobody listening, and a name without address, are told apart")
    func unreachable() async throws {
        let nobody = try ClosedPort()
        let refused = await #expect(throws: HTTPError.self) {
            _ = try await HTTPClient().send(HTTPRequest(url: "http://127.0.0.1:\(nobody.port)/secret"))
        }
        guard case .couldNotConnect(let name, _) = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(name == "http://127.0.0.1:\(nobody.port)")
        #expect(refused?.mayHaveReachedServer == false)
        await #expect(throws: HTTPError.couldNotResolve(server: "https://chainference.invalid:443")) {
            _ = try await HTTPClient().send(HTTPRequest(url: "https://chainference.invalid/"))
        }
    }

    @Test("Shutting down ends what is under way, joins the thread, and refuses what comes later")
    func shutDown() async throws {
        let arrived = Signal<Void>()
        try await withServer { connection in
            guard connection.readHeaders() != nil else { return }
            arrived.send(())
            connection.waitForClose()
        } _: { server in
            let client = HTTPClient()
            let request = HTTPRequest(url: server.url())
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: HTTPError.clientShutDown) { _ = try await client.send(request) }
                }
                _ = await arrived.next()
                await client.shutDown()
            }
            await #expect(throws: HTTPError.clientShutDown) { _ = try await client.send(request) }
            await client.shutDown()
            await HTTPClient().shutDown()
        }
    }

    @Test("A hundred clients that come and go leave no thread behind")
    func comeAndGo() async throws {
        try await withServer { connection in
            while connection.readRequest() != nil { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }
        } _: { server in
            weak var driver: CurlDriver?
            for _ in 0..<100 {
                let client = HTTPClient()
                driver = client.driver
                let response = try await client.send(HTTPRequest(url: server.url()))
                #expect(response.status == 200)
                await client.shutDown()
            }
            // The thread holds its driver; nobody else does.
            while driver != nil { await Task.yield() }
        }
    }
}
