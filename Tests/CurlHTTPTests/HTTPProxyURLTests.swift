import CurlHTTP
import Testing

@Suite struct HTTPProxyURLTests {
    @Test func whatPeopleTypeIsRead() throws {
        #expect(
            try HTTPProxy(url: "http://proxy.example:3128")
                == HTTPProxy(.httpConnect, host: "proxy.example", port: 3_128)
        )
        #expect(try HTTPProxy(url: "socks5h://10.0.0.1:1080/") == HTTPProxy(.socks5, host: "10.0.0.1", port: 1_080))
        #expect(try HTTPProxy(url: "socks5://[::1]:9050") == HTTPProxy(.socks5, host: "::1", port: 9_050))
        #expect(try HTTPProxy(url: "tor") == HTTPProxy(.socks5, host: "127.0.0.1", port: 9_050))
        let credentials = HTTPProxy.Credentials(user: "me", password: "p@ss:word/é")
        #expect(
            try HTTPProxy(url: "socks5h://me:p%40ss:word%2F%C3%A9@host:1")
                == HTTPProxy(.socks5, host: "host", port: 1, credentials: credentials)
        )
    }

    @Test(arguments: [
        "", "http://", "proxy:1", "https://proxy:1", "http://proxy", "http://proxy:0", "http://proxy:65536",
        "http://:80",
        "http://user@proxy:1", "http://u:%zz@proxy:1", "http://[::1:1", "http://[nope]:1", "http://a b:1",
        "http://a/b:1", "http://proxy:+80", "http://proxy:-1", "http://u:%+1@proxy:1", "http://u:%zz%4@proxy:1",
    ])
    func whatIsNoProxyIsRefusedWithoutBeingRepeated(text: String) {
        let error = #expect(throws: HTTPProxy.InvalidURL.self) { try HTTPProxy(url: text) }
        #expect(error?.description.contains("%zz") == false)
    }
}
