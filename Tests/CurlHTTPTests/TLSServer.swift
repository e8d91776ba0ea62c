import Foundation

/// A TLS server in Python.
///
/// The certificate is for `localhost` and no other name, valid until 2120, by an authority whose key was thrown away; all
/// three were made with `openssl ca`.
final class TLSServer {
    let port: Int
    /// The path of the authority's certificate.
    let authority: String
    private let process = Process()
    /// The server ends when this closes, however the test ends.
    ///
    /// A signal would not do: the server inherits the mask of the thread that started it, and Swift's workers block SIGTERM.
    private let lifeline = Pipe()
    private let folder: URL

    /// Python's own `http.server` behind its `ssl`, which speaks HTTP/1.1.
    convenience init() throws {
        try self.init(interpreter: "python3", script: Self.http1)
    }

    /// Hypercorn, which speaks HTTP/2.
    ///
    /// - Parameter interpreter: A Python that has it.
    /// - Throws: When it can't be started.
    convenience init(http2With interpreter: String) throws {
        try self.init(interpreter: interpreter, script: Self.http2)
    }

    private init(interpreter: String, script: String) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "chainference-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        authority = folder.appending(path: "authority.pem").path
        try Self.authorityCertificate.write(toFile: authority, atomically: true, encoding: .utf8)
        let identity = folder.appending(path: "identity.pem").path
        try (Self.certificate + "\n" + Self.key).write(toFile: identity, atomically: true, encoding: .utf8)

        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [interpreter, "-u", "-c", script, identity]
        process.standardOutput = output
        process.standardInput = lifeline
        try process.run()
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        port = Int(String(decoding: line, as: UTF8.self)) ?? 0
    }

    deinit {
        try? lifeline.fileHandleForWriting.close()
        try? FileManager.default.removeItem(at: folder)
    }

    private static let http1 = """
        import http.server, os, ssl, sys, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "6")
                self.end_headers()
                self.wfile.write(b"secure")
            def log_message(self, *arguments):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        print(server.server_port)
        server.serve_forever()
        """

    private static let http2 = """
        import asyncio, os, socket, sys, threading
        from hypercorn.asyncio import serve
        from hypercorn.config import Config
        async def app(scope, receive, send):
            if scope["type"] != "http":
                return
            await send({"type": "http.response.start", "status": 200, "headers": []})
            if scope["path"] == "/large":
                for number in range(256):
                    await send({"type": "http.response.body", "body": bytes([number]) * 65536, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            elif scope["path"] == "/hang":
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await asyncio.sleep(3600)
            else:
                await send({"type": "http.response.body", "body": scope["path"].encode()})
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        config = Config()
        config.bind = [f"fd://{listener.fileno()}"]
        config.certfile = config.keyfile = sys.argv[1]
        config.accesslog = config.errorlog = None
        config.loglevel = "CRITICAL"
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        print(listener.getsockname()[1])
        asyncio.run(serve(app, config))
        """

    private static let authorityCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBhjCCASugAwIBAgIBATAKBggqhkjOPQQDAjApMScwJQYDVQQDDB5DaGFpbmZl
        cmVuY2VLaXQgdGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAx
        MDEwMDAwMDBaMCkxJzAlBgNVBAMMHkNoYWluZmVyZW5jZUtpdCB0ZXN0IGF1dGhv
        cml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD2J6AsqZgGAuDZCVx5MNk1l
        eTg1Jy1WwRiWjtCg8c8Ta7LML2tb3Gg1gabSeZJLyNHDcmZCfUKK7+omNuZu1I+j
        QjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdDgQWBBT0
        5yoz/KiP2XlGuwCvl9J7XQHg4zAKBggqhkjOPQQDAgNJADBGAiEAnCA8/ig9ZUMf
        EC7UnEapcI4NjFziGORVAvtWa0JbaRUCIQDG8iIL73sZGemv6G6mVTX+01oQacXT
        vBd1/V0wK0z8WQ==
        -----END CERTIFICATE-----
        """

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBtTCCAVugAwIBAgIBAjAKBggqhkjOPQQDAjApMScwJQYDVQQDDB5DaGFpbmZl
        cmVuY2VLaXQgdGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAx
        MDEwMDAwMDBaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABOP+lAmRpbEAt90+ko5coTIgBZyf3ysNbpqC79PFrT8A/ARW5ICT
        IkqVC/VcL6sS9QtF1f8eI0sEW6JhXUsa5zKjgYYwgYMwFAYDVR0RBA0wC4IJbG9j
        YWxob3N0MAkGA1UdEwQCMAAwCwYDVR0PBAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUF
        BwMBMB0GA1UdDgQWBBREe4tFALmZIMYDU9oJoia0CVu+ETAfBgNVHSMEGDAWgBT0
        5yoz/KiP2XlGuwCvl9J7XQHg4zAKBggqhkjOPQQDAgNIADBFAiAPCEm2goUsWBx4
        6jQqLAM0LFZoXQFFyyG5Q1o47WP/4AIhAI89SJOHIfXnKB6/3Wlo0rf0f8B/pT1T
        K1fxYWweL69e
        -----END CERTIFICATE-----
        """

    /// Of a server that exists in this test alone.
    private static let key = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEILiESVFYhTRDiCX3nfqoHHLk65tXLehLfLOBT6Mm85xboAoGCCqGSM49
        AwEHoUQDQgAE4/6UCZGlsQC33T6SjlyhMiAFnJ/fKw1umoLv08WtPwD8BFbkgJMi
        SpUL9VwvqxL1C0XV/x4jSwRbomFdSxrnMg==
        -----END EC PRIVATE KEY-----
        """
}
