import Testing

@testable import CurlHTTP

@Suite("Requests that are refused before anything is sent")
struct HTTPRequestTests {
    private func error(
        _ request: HTTPRequest,
        _ configuration: HTTPClient.Configuration = .init()
    ) async -> HTTPError? {
        do throws(HTTPError) {
            _ = try PreparedRequest(request, configuration: configuration)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "Line breaks and control characters in headers",
        arguments: ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\u{7f}"]
    )
    func headerInjection(_ value: String) async throws {
        try await withServer { _ in
        } _: { server in
            for headers in [["X-A": value], [value: "a"]] as [HTTPHeaders] {
                let error = await #expect(throws: HTTPError.self) {
                    _ = try await HTTPClient().send(HTTPRequest(url: server.url(), headers: headers))
                }
                guard case .invalidHeader = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
            #expect(server.connectionCount == 0)
        }
    }

    @Test(
        "Headers that the client sets itself, and names that are none",
        arguments: ["Content-Length", "transfer-ENCODING", "Connection", "", "a b", "ä", "a:"]
    )
    func reservedHeaders(_ name: String) async {
        let error = await error(HTTPRequest(url: "https://example.com", headers: [name: "1"]))
        guard case .invalidHeader = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "Addresses that are not absolute http or https, or carry credentials",
        arguments: [
            "", "example.com", "/path", "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1:70/_x",
            "https://",
            "https://user:hunter2@example.com/", "https://user@example.com/", "https://example.com:99999/",
            "https://exa mple.com/", "https://example.com/\r\nX-Evil: 1", "https://example.com/\0", "https://[::1/",
        ]
    )
    func badAddresses(_ url: String) async {
        let error = await error(HTTPRequest(url: url))
        guard case .invalidURL = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!"\(String(describing: error))".contains("hunter2"))
    }

    @Test(
        "Plain text to anything but this machine",
        arguments: [
            "http://example.com/", "http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://0.0.0.0/",
            "http://[::2]/", "http://128.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://127.0.0.1@example.com/",
        ]
    )
    func plaintext(_ url: String) async {
        let refused = await error(HTTPRequest(url: url))
        switch refused {
        case .plaintextRefused: #expect(await error(HTTPRequest(url: url), .init(allowsPlaintext: true)) == nil)
        case .invalidURL: #expect(url.contains("@"))
        default: Issue.record("\(url): \(String(describing: refused))")
        }
    }

    @Test(
        "Plain text to this machine is allowed, but not through a proxy",
        arguments: [
            "http://localhost:1/", "http://LOCALHOST/", "http://127.0.0.1/", "http://127.9.9.9:8080/",
            "http://[::1]:8000/", "http://2130706433/", "http://0x7f.1/",
        ]
    )
    func loopback(_ url: String) async {
        #expect(await error(HTTPRequest(url: url)) == nil)
        let proxied = await error(HTTPRequest(url: url), .init(proxy: .init(.socks5, host: "localhost", port: 9_050)))
        guard case .plaintextRefused = proxied else {
            Issue.record("\(String(describing: proxied))")
            return
        }
    }

    @Test("Verbs, limits, deadlines and proxies that make no sense")
    func nonsense() async {
        let url = "https://example.com"
        let proxy = HTTPProxy(.httpConnect, host: "a/b", port: 1)
        let cases: [(HTTPRequest, HTTPClient.Configuration)] = [
            (HTTPRequest(method: .init(rawValue: "GET /"), url: url), .init()),
            (HTTPRequest(method: .init(rawValue: ""), url: url), .init()),
            (HTTPRequest(method: .head, url: url, body: [1]), .init()),
            (HTTPRequest(url: url, maximumBodySize: -1), .init()),
            (HTTPRequest(url: url, timeouts: .init(connect: .zero)), .init()),
            (HTTPRequest(url: url, timeouts: .init(total: .seconds(-1))), .init()),
            (HTTPRequest(url: url), .init(proxy: proxy)),
            (HTTPRequest(url: url), .init(streamWindow: 0)),
        ]
        for (request, configuration) in cases {
            let error = await error(request, configuration)
            guard case .invalidRequest = error else {
                Issue.record("\(request): \(String(describing: error))")
                continue
            }
        }
    }
}

@Suite("What can be read in logs")
struct HTTPSecrecyTests {
    @Test("No path, query, secret header or body appears in descriptions, reflections and dumps")
    func requestDescription() {
        let headers: HTTPHeaders = [
            "Authorization": "Bearer SECRET", "X-API-Key": "SECRET", "Cookie": "SECRET", "Accept": "a",
        ]
        let request = HTTPRequest(
            method: .post,
            url: "https://rpc.example.com/v2/SECRET?api-key=SECRET",
            headers: headers,
            body: Array("SECRET".utf8)
        )
        let proxy = HTTPProxy(.socks5, host: "p", port: 1, credentials: .init(user: "SECRET", password: "SECRET"))
        for value in [request, request.headers, proxy, HTTPClient.Configuration(proxy: proxy)] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] { #expect(!text.contains("SECRET")) }
        }
        #expect("\(request)" == "POST https://rpc.example.com:443 (6 bytes)")
        #expect("\(headers)".contains("Accept: a"))
    }
}

@Suite("Headers")
struct HTTPHeadersTests {
    @Test("Names match in any case; setting replaces, appending adds, nil removes")
    func access() {
        var headers: HTTPHeaders = ["Content-Type": " a\t", "Set-Cookie": "1", "set-cookie": "2"]
        #expect(headers["CONTENT-type"] == "a")
        #expect(headers.values(for: "SET-COOKIE") == ["1", "2"])
        headers["Set-cookie"] = "3"
        #expect(headers.values(for: "set-cookie") == ["3"])
        headers["set-cookie"] = nil
        #expect(headers.map(\.name) == ["Content-Type"])
        // The Kelvin sign lowercases to k; it is another name all the same.
        headers["Kelvin"] = "1"
        #expect(headers["\u{212a}elvin"] == nil)
    }

    @Test("Retry-After is read as seconds and as a date, and nonsense is nothing")
    func retryAfter() {
        let now: Int64 = 1_445_412_480  // Wed, 21 Oct 2015 07:28:00 GMT
        func wait(_ text: String) -> Duration? { (["retry-after": text] as HTTPHeaders).retryAfter(now: now) }
        #expect(wait("120") == .seconds(120))
        #expect(wait("0") == .zero)
        #expect(wait("Wed, 21 Oct 2015 07:28:30 GMT") == .seconds(30))
        #expect(wait("Wed, 21 Oct 2015 07:27:30 GMT") == .zero)
        #expect(wait("99999999999999999999999") == .seconds(Int64(UInt32.max)))
        for text in ["", "soon", "-5", "1.5e", "12 parsecs"] { #expect(wait(text) == nil, "\(text)") }
        #expect(HTTPHeaders().retryAfter == nil)
    }

    @Test("Status lines and headers are read as libcurl hands them over")
    func reader() throws {
        var reader = ResponseHeaderReader()
        let lines = [
            "HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/2 200 \r\n", "A: b: c\r\n", ": x\r\n", "fold\r\n", "\r\n",
        ]
        let heads = try lines.compactMap { try reader.read(Array($0.utf8), server: "s") }
        #expect(heads.count == 1)
        #expect(heads[0].status == 200)
        #expect(heads[0].version == .http2)
        #expect(heads[0].headers.map { [$0.name, $0.value] } == [["A", "b: c"]])
        // Trailers change nothing.
        #expect(try reader.read(Array("B: c\r\n".utf8), server: "s") == nil)
        for bad in ["HTTP/1.1\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 2x0 OK\r\n", "\r\n"] {
            var reader = ResponseHeaderReader()
            #expect(throws: HTTPError.self) { try reader.read(Array(bad.utf8), server: "s") }
        }
    }
}
