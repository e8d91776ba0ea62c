import NIOCore
import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("Peer addresses and where they lead")
struct AddressTests {
    static let key = Base58Key.encode(Fixture.serverKey.publicKey.bytes)
    static let relay = Base58Key.encode(Fixture.clientKey.publicKey.bytes)

    static let valid: [String] = [
        "/ip4/203.0.113.7/tcp/3819/nxk/1/K", "/ip4/0.0.0.0/tcp/1/nxk/1/K", "/ip4/255.255.255.255/tcp/65535/nxk/1/K",
        "/ip6/::/tcp/3819/nxk/1/K", "/ip6/::1/tcp/3819/nxk/1/K", "/ip6/2001:db8::1/tcp/3819/nxk/1/K",
        "/ip6/2001:db8:0:1:1:1:1:1/tcp/3819/nxk/1/K", "/ip6/2001:0:0:1::1/tcp/3819/nxk/1/K",
        "/ip6/1:2:3:4:5:6:7:8/tcp/3819/nxk/1/K", "/ip6/fe80::/tcp/3819/nxk/1/K",
        "/dns/example.com/tcp/443/nxk/1/K", "/dns/localhost/tcp/3819/nxk/1/K", "/dns/a-b.c1/tcp/3819/nxk/1/K",
        "/dns/xn--bcher-kva.example/tcp/3819/nxk/1/K", "/dns/1.2.3.4.example/tcp/3819/nxk/1/K",
        "/dns/relay.example/tcp/3819/nnk/R/p2p-circuit/nxk/1/K",
        "/ip4/203.0.113.7/tcp/3819/nnk/R/p2p-circuit/nxk/1/K",
        "/ip4/203.0.113.7/tcp/3819/nxk/2/K", "/ip4/203.0.113.7/tcp/3819/nxk/1+2/K",
        "/ip4/203.0.113.7/tcp/3819/nnk/R/p2p-circuit/nxk/1+2/K",
    ]

    static func fill(_ text: String) -> String {
        text.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0 == "K" ? key : $0 == "R" ? relay : String($0) }.joined(separator: "/")
    }

    @Test("Every canonical address reads as itself", arguments: valid)
    func canonical(text: String) throws {
        let text = Self.fill(text)
        let address = try PeerAddress(parsing: text)
        #expect(address.description == text)
        #expect(address.serverKey == Fixture.serverKey.publicKey)
        #expect((address.relayKey != nil) == text.contains("circuit"))
    }

    static let invalid: [(String, PeerAddressError)] = [
        ("", .shape), ("/", .shape), ("ip4/1.2.3.4/tcp/1/nxk/1/K", .shape), ("/ip4/1.2.3.4/udp/1/nxk/1/K", .shape),
        ("/ip4/1.2.3.4/tcp/1/nxk/1/K/", .shape), ("/ip4/1.2.3.4/tcp/1/nxk/1/K/x", .shape),
        ("/ip4/1.2.3.4/tcp/1/nxk/1", .shape), ("/ip4/1.2.3.4/tcp/1", .shape), ("//ip4/1.2.3.4/tcp/1/nxk/1/K", .shape),
        ("/IP4/1.2.3.4/tcp/1/nxk/1/K", .shape), ("/ip4//tcp/1/nxk/1/K", .host), ("/ip4/01.2.3.4/tcp/1/nxk/1/K", .host),
        ("/ip4/1.2.3/tcp/1/nxk/1/K", .host), ("/ip4/1.2.3.256/tcp/1/nxk/1/K", .host),
        ("/ip4/1.2.3.4.5/tcp/1/nxk/1/K", .host),
        ("/ip4/0x7f.1.1.1/tcp/1/nxk/1/K", .host), ("/ip4/ 1.2.3.4/tcp/1/nxk/1/K", .host),
        ("/ip4/+1.2.3.4/tcp/1/nxk/1/K", .host),
        ("/ip4/2130706433/tcp/1/nxk/1/K", .host), ("/ip6/0:0:0:0:0:0:0:1/tcp/1/nxk/1/K", .host),
        ("/ip6/2001:DB8::1/tcp/1/nxk/1/K", .host), ("/ip6/2001:db8::0:1/tcp/1/nxk/1/K", .host),
        ("/ip6/2001:db8:0::1/tcp/1/nxk/1/K", .host), ("/ip6/1::2::3/tcp/1/nxk/1/K", .host),
        ("/ip6/:::/tcp/1/nxk/1/K", .host),
        ("/ip6/fe80::1%eth0/tcp/1/nxk/1/K", .host), ("/ip6/::ffff:1.2.3.4/tcp/1/nxk/1/K", .host),
        ("/ip6/::ffff:102:304/tcp/1/nxk/1/K", .host), ("/ip6/1:2:3:4:5:6:7/tcp/1/nxk/1/K", .host),
        ("/ip6/1:2:3:4:5:6:7:8:9/tcp/1/nxk/1/K", .host), ("/ip6/12345::/tcp/1/nxk/1/K", .host),
        ("/ip6/01::/tcp/1/nxk/1/K", .host),
        ("/ip6/1:2:3:4::5:6:7:8/tcp/1/nxk/1/K", .host), ("/ip6/2001:0:0:0:1::1/tcp/1/nxk/1/K", .host),
        ("/dns/Example.com/tcp/1/nxk/1/K", .host), ("/dns/example.com./tcp/1/nxk/1/K", .host),
        ("/dns/-a.b/tcp/1/nxk/1/K", .host),
        ("/dns/a-.b/tcp/1/nxk/1/K", .host), ("/dns/a..b/tcp/1/nxk/1/K", .host), ("/dns/a_b/tcp/1/nxk/1/K", .host),
        ("/dns/bücher.example/tcp/1/nxk/1/K", .host), ("/dns/1.2.3.4/tcp/1/nxk/1/K", .host),
        ("/dns/127.1/tcp/1/nxk/1/K", .host),
        ("/dns/2130706433/tcp/1/nxk/1/K", .host), ("/dns/0x7f000001/tcp/1/nxk/1/K", .host),
        ("/dns/a b/tcp/1/nxk/1/K", .host),
        ("/dns/\(String(repeating: "a", count: 64)).b/tcp/1/nxk/1/K", .host), ("/ip4/1.2.3.4/tcp/0/nxk/1/K", .port),
        ("/ip4/1.2.3.4/tcp/65536/nxk/1/K", .port), ("/ip4/1.2.3.4/tcp/080/nxk/1/K", .port),
        ("/ip4/1.2.3.4/tcp/+80/nxk/1/K", .port),
        ("/ip4/1.2.3.4/tcp/-1/nxk/1/K", .port), ("/ip4/1.2.3.4/tcp//nxk/1/K", .port),
        ("/ip4/1.2.3.4/tcp/٣/nxk/1/K", .port),
        ("/ip4/1.2.3.4/tcp/1/nxk/3/K", .suite), ("/ip4/1.2.3.4/tcp/1/nxk/01/K", .suite),
        ("/ip4/1.2.3.4/tcp/1/nxk/257/K", .suite), ("/ip4/1.2.3.4/tcp/1/nxk/1+3/K", .suite),
        ("/ip4/1.2.3.4/tcp/1/nxk/1+/K", .suite), ("/ip4/1.2.3.4/tcp/1/nxk/+1/K", .suite),
        ("/ip4/1.2.3.4/tcp/1/nxk//K", .suite), ("/ip4/1.2.3.4/tcp/1/nxk/2+1/K", .notCanonical),
        ("/ip4/1.2.3.4/tcp/1/nxk/1+1/K", .notCanonical),
        ("/ip4/1.2.3.4/tcp/1/nxk/x/K", .suite), ("/ip4/1.2.3.4/tcp/1/nxk/1/", .key),
        ("/ip4/1.2.3.4/tcp/1/nxk/1/0OIl", .key),
        ("/ip4/1.2.3.4/tcp/1/nxk/1/11111111111111111111111111111111", .key),
        ("/ip4/1.2.3.4/tcp/1/nnk/11111111111111111111111111111111/p2p-circuit/nxk/1/K", .key),
        ("/ip4/1.2.3.4/tcp/1/nnk/R/nxk/1/K", .shape), ("/ip4/1.2.3.4/tcp/1/p2p-circuit/nxk/1/K", .shape),
        ("/ip4/1.2.3.4/tcp/1/nnk/R/p2p-circuit/nnk/R/p2p-circuit/nxk/1/K", .shape),
    ]

    @Test("Anything else is refused, for the right reason", arguments: invalid)
    func refused(text: String, error: PeerAddressError) {
        let text = Self.fill(text)
        #expect(throws: error, "\(text)") { try PeerAddress(parsing: text) }
    }

    @Test("Of several handshakes a client takes the strongest that its build has")
    func strongestSuite() throws {
        func suite(_ suites: String) throws -> PeerSuite {
            try PeerAddress(parsing: Self.fill("/ip4/1.2.3.4/tcp/1/nxk/\(suites)/K")).suite
        }
        let strongest: PeerSuite =
            PeerSuite.noiseXKpsk3MLKEM768.isBuilt ? .noiseXKpsk3MLKEM768 : .noiseXK
        #expect(try suite("1+2") == strongest)
        #expect(try suite("1") == .noiseXK)
        // There is nothing else to fall back on; connecting says so.
        #expect(try suite("2") == .noiseXKpsk3MLKEM768)
    }

    @Test("192 bytes are the most")
    func length() throws {
        let frame = Self.fill("/dns//tcp/1/nxk/1/K").utf8.count
        let name = String(repeating: "abcdefgh.", count: 20)
        let longest = String(name.suffix(192 - frame - 1)) + "e"
        let text = Self.fill("/dns/\(longest)/tcp/1/nxk/1/K")
        #expect(text.utf8.count == 192)
        #expect(try PeerAddress(parsing: text).description == text)
        #expect(throws: PeerAddressError.length(193)) {
            try PeerAddress(parsing: Self.fill("/dns/\(longest)e/tcp/1/nxk/1/K"))
        }
        let endpoint = try PeerAddress.Endpoint(host: PeerHost(longest + "e")!)
        #expect(throws: PeerAddressError.length(196)) {
            try PeerAddress(endpoint: endpoint, serverKey: Fixture.serverKey.publicKey)
        }
    }

    @Test("A key has one spelling: above the prime, with the top bit, one digit more or of low order it is refused")
    func keySpellings() throws {
        func attempt(_ bytes: [UInt8]) -> PeerAddressError? {
            do throws(PeerAddressError) {
                _ = try PeerAddress(parsing: "/ip4/1.2.3.4/tcp/1/nxk/1/\(Base58Key.encode(bytes))")
                return nil
            } catch { return error }
        }
        var key = Fixture.serverKey.publicKey.bytes
        #expect(attempt(key) == nil)
        key[31] |= 0x80
        #expect(attempt(key) == .key)
        var large = [UInt8](repeating: 0xff, count: 32)
        large[31] = 0x7f
        for first in 0xec...0xff as ClosedRange<UInt8> {
            large[0] = first
            #expect(attempt(large) == .key)
        }
        large[0] = 0xeb
        #expect(attempt(large) == nil)
        #expect(attempt([UInt8](repeating: 5, count: 31)) == .key)
        #expect(attempt([UInt8](repeating: 5, count: 33)) == .key)
    }

    @Test("Base58 of 32 bytes goes there and back, leading zeros included")
    func base58() {
        var random = SeededRandom(seed: 58)
        for index in 0..<300 {
            var bytes = random.bytes(32)
            for zero in 0..<(index % 33) { bytes[zero] = 0 }
            let text = Base58Key.encode(bytes)
            #expect(Base58Key.decode(text) == bytes)
            #expect(Base58Key.decode("1" + text) == nil)
            #expect(Base58Key.decode(String(text.dropLast())) != bytes)
        }
        #expect(Base58Key.decode(String(repeating: "z", count: 44)) == nil, "more than 32 bytes hold")
    }

    static let scopes: [(String, NetworkScope)] = [
        ("8.8.8.8", .publicInternet), ("1.1.1.1", .publicInternet), ("100.63.255.255", .publicInternet),
        ("172.15.255.255", .publicInternet), ("172.32.0.0", .publicInternet), ("192.167.255.255", .publicInternet),
        ("223.255.255.255", .publicInternet), ("198.17.255.255", .publicInternet), ("127.0.0.1", .loopback),
        ("127.255.255.255", .loopback), ("10.0.0.1", .privateNetwork), ("172.16.0.1", .privateNetwork),
        ("172.31.255.255", .privateNetwork), ("192.168.1.1", .privateNetwork), ("100.64.0.1", .privateNetwork),
        ("100.127.255.255", .privateNetwork), ("169.254.169.254", .linkLocal), ("0.0.0.0", .reserved),
        ("0.1.2.3", .reserved),
        ("192.0.0.8", .reserved), ("192.0.2.1", .reserved), ("198.18.0.1", .reserved), ("198.19.255.255", .reserved),
        ("198.51.100.1", .reserved), ("203.0.113.1", .reserved), ("224.0.0.1", .reserved), ("240.0.0.1", .reserved),
        ("255.255.255.255", .reserved), ("192.88.99.1", .reserved),
        ("2606:4700:4700::1111", .publicInternet), ("2001:4860:4860::8888", .publicInternet),
        ("2a00::1", .publicInternet),
        ("2001:200::1", .publicInternet), ("::1", .loopback), ("::", .reserved), ("::2", .reserved),
        ("fc00::1", .privateNetwork),
        ("fdff::1", .privateNetwork), ("fe80::1", .linkLocal), ("febf::1", .linkLocal), ("fec0::1", .linkLocal),
        ("ff02::1", .reserved), ("2001:db8::1", .reserved), ("3fff::1", .reserved), ("2001::1", .reserved),
        ("2001:1ff::1", .reserved), ("4000::1", .reserved), ("100::1", .reserved), ("5f00::1", .reserved),
        ("64:ff9b::7f00:1", .loopback), ("64:ff9b::808:808", .publicInternet), ("64:ff9b:1::1", .privateNetwork),
        ("2002:7f00:1::", .loopback), ("2002:a00:1::1", .privateNetwork), ("2002:808:808::1", .publicInternet),
        ("::ffff:7f00:1", .loopback), ("::ffff:a9fe:a9fe", .linkLocal), ("::ffff:808:808", .publicInternet),
    ]

    @Test("Where an address can be reached from", arguments: scopes)
    func scope(text: String, scope: NetworkScope) throws {
        switch PeerHost(text) {
        case .ip4(let address):
            #expect(address.scope == scope)
            #expect(DialPolicy.publicOnly.allows(address) == (scope == .publicInternet))
        case .ip6(let address):
            #expect(address.scope == scope)
            #expect(DialPolicy.publicOnly.allows(address) == (scope == .publicInternet))
        default: Issue.record("\(text) is no numeric address")
        }
    }

    private static func dialer(_ policy: DialPolicy, resolvingTo hosts: [String]) -> Dialer {
        var dialer = Dialer(policy: policy, timeout: .seconds(120), clock: SessionClock(ContinuousClock()))
        dialer.resolve = { host in
            if case .dns = host { return hosts.compactMap { PeerHost($0) } }
            return [host]
        }
        return dialer
    }

    @Test("A name is resolved once, each address is checked, and what was checked is dialled")
    func names() async throws {
        let endpoint = try PeerAddress(parsing: Self.fill("/dns/rebind.example/tcp/3819/nxk/1/K")).endpoint
        let inside = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:7f00:1", "fd00::1"]
        await #expect(throws: PeerError.refusedTarget("rebind.example:3819")) {
            try await Self.dialer(.publicOnly, resolvingTo: inside).targets(of: endpoint)
        }
        let mixed = try await Self.dialer(.publicOnly, resolvingTo: inside + ["8.8.8.8"]).targets(of: endpoint)
        #expect(mixed.map(\.ipAddress) == ["8.8.8.8"])
        let local = try await Self.dialer(.allowingLoopback, resolvingTo: inside).targets(of: endpoint)
        #expect(local.first?.ipAddress == "127.0.0.1" && local.count == 3)
        let many = (1...20).map { "8.8.8.\($0)" }
        #expect(try await Self.dialer(.publicOnly, resolvingTo: many).targets(of: endpoint).count == 4)
    }

    @Test(
        "Loopback and private targets are refused before anything is sent",
        arguments: [
            "/ip4/127.0.0.1/tcp/1/nxk/1/K", "/ip4/192.168.0.1/tcp/1/nxk/1/K", "/ip6/::1/tcp/1/nxk/1/K",
            "/dns/localhost/tcp/1/nxk/1/K",
        ]
    )
    func refusedTargets(text: String) async throws {
        let address = try PeerAddress(parsing: Self.fill(text))
        await #expect(throws: PeerError.refusedTarget(address.endpoint.description)) {
            try await PeerClient().withSession(
                to: address,
                context: Fixture.context,
                identity: Fixture.clientKey,
                request: Fixture.request,
                options: .init(connectTimeout: .seconds(120))
            ) { _ in }
        }
    }
}
