import Foundation
import SodiumCrypto
import Testing

@testable import PeerChannel

/// Our reading of IANA's registries beside that of Python's `ipaddress`; `Vectors/special_addresses.py` wrote the file.
@Suite("SSRF-safe dialling")
struct DialPolicyTests {
    private struct Vectors: Decodable {
        var v4: [Entry<String>]
        var v6: [Entry<[UInt16]>]
        var embedded: [Embedded]
    }

    private struct Entry<Address: Decodable>: Decodable {
        var address: Address
        var global: Bool
        var loopback: Bool
        var linkLocal: Bool
        var multicast: Bool
        var reserved: Bool
    }

    private struct Embedded: Decodable {
        var form: String
        var address: [UInt16]
        var inside: String
    }

    private static func vectors() throws -> Vectors {
        let file = try #require(
            Bundle.module.url(forResource: "special_addresses", withExtension: "json", subdirectory: "Vectors")
        )
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
    }

    /// Compares one address; `isStricter` says that we refuse on purpose what Python calls global.
    private static func compare<Address>(
        _ entry: Entry<Address>,
        _ name: String,
        _ scope: NetworkScope,
        isStricter: Bool
    ) {
        let isDialled = scope == .publicInternet
        #expect(!isDialled || (entry.global && !entry.multicast), "\(name) would be dialled")
        if entry.global, !entry.multicast, !entry.reserved, !isStricter {
            #expect(isDialled, "\(name) would be refused")
        }
        if entry.loopback { #expect(scope == .loopback, "\(name)") }
        if entry.linkLocal { #expect(scope == .linkLocal, "\(name)") }
    }

    @Test("IPv4: at the edges of every special network, as Python's ipaddress has it or stricter")
    func v4() throws {
        let vectors = try Self.vectors()
        #expect(vectors.v4.count > 50)
        for entry in vectors.v4 {
            let address = try #require(IPv4Address(canonical: entry.address))
            // The relay anycast of 6to4 was given up (RFC 7526); 192.0.0.0/24 as a whole is for protocols.
            let isStricter = ["192.88.99.", "192.0.0."].contains { entry.address.hasPrefix($0) }
            Self.compare(entry, entry.address, address.scope, isStricter: isStricter)
        }
    }

    @Test("IPv6: at the edges of every special network, as Python's ipaddress has it or stricter")
    func v6() throws {
        let vectors = try Self.vectors()
        #expect(vectors.v6.count > 80)
        for entry in vectors.v6 {
            let address = try #require(IPv6Address(groups: entry.address))
            // Outside 2000::/3 nothing is assigned; 2001::/23 is for protocols, 3fff::/20 for documents.
            let groups = entry.address
            let isStricter =
                groups[0] & 0xe000 != 0x2000 || (groups[0] == 0x2001 && groups[1] < 0x200)
                || (groups[0] == 0x3fff && groups[1] < 0x1000)
            Self.compare(entry, "\(address)", address.scope, isStricter: isStricter)
        }
    }

    @Test("An IPv4 address inside an IPv6 address is what counts: mapped, NAT64, 6to4")
    func embedded() throws {
        let vectors = try Self.vectors()
        #expect(vectors.embedded.count > 150)
        for entry in vectors.embedded {
            let outer = try #require(IPv6Address(groups: entry.address))
            let inner = try #require(IPv4Address(canonical: entry.inside))
            #expect(outer.scope == inner.scope, "\(entry.form) \(outer)")
            for policy in [DialPolicy.publicOnly, .allowingLoopback, .allowingPrivateNetworks] {
                #expect(policy.allows(outer) == policy.allows(inner), "\(entry.form) \(outer)")
            }
        }
    }

    @Test("Nothing private, local or special is dialled by default, and only what is allowed otherwise")
    func policies() {
        for scope in NetworkScope.allCases {
            #expect(DialPolicy.publicOnly.allowed.contains(scope) == (scope == .publicInternet))
            #expect(
                !DialPolicy.allowingPrivateNetworks.allowed.contains(scope) || ![.linkLocal, .reserved].contains(scope)
            )
            #expect(DialPolicy.anywhere.allowed.contains(scope))
        }
        for name in ["localhost", "example.org"] {
            #expect(PeerHost(name).map { !DialPolicy.anywhere.allows($0) } == true, "a name can't be judged")
        }
    }

    @Test("The relay's host is judged like any other: before anything is sent, also when a name leads there")
    func relays() async throws {
        let key = Fixture.serverKey.publicKey
        for host in [
            "127.0.0.1", "10.1.2.3", "100.64.0.1", "0.0.0.0", "169.254.169.254", "fd00::1", "64:ff9b::7f00:1",
            "localhost",
        ] {
            let endpoint = try PeerAddress.Endpoint(host: #require(PeerHost(host)), port: 1)
            let address = try RelayAddress(endpoint: endpoint, key: Fixture.key(0x44).publicKey).address(ofServer: key)
            await #expect(throws: PeerError.refusedTarget("\(endpoint)")) {
                try await Dialer(policy: .publicOnly, timeout: .seconds(60), clock: SessionClock(ContinuousClock()))
                    .connect(to: address)
            }
        }
    }

    @Test("Names that mean the proxy's own machine or network, wherever they are looked up, are not handed to a proxy")
    func specialNames() throws {
        for (text, scope) in [
            ("localhost", .loopback), ("a.localhost", .loopback), ("printer", .privateNetwork),
            ("localhost.localdomain", .loopback), ("localhost6.localdomain6", .loopback),
            ("printer.local", .privateNetwork), ("metadata.google.internal", .privateNetwork),
            ("router.home.arpa", .privateNetwork), ("example.org", .publicInternet),
            ("home.arpa.example", .publicInternet),
            ("localhost.example", .publicInternet), ("abcdefgh.onion", .publicInternet),
        ] as [(String, NetworkScope)] {
            let name = try #require(DomainName(canonical: text))
            #expect(name.scope == scope, "\(text)")
            #expect(DialPolicy.publicOnly.allowsUnresolved(name) == (scope == .publicInternet))
            #expect(DialPolicy.allowingPrivateNetworks.allowsUnresolved(name))
        }
    }

    // MARK: The relay's addresses

    @Test("A relay's address has one spelling, and leads to the addresses of the servers behind it")
    func relayAddress() throws {
        let relayKey = Base58Key.encode(Fixture.key(0x44).publicKey.bytes)
        let text = "/dns/relay.example/tcp/3820/nnk/\(relayKey)"
        let relay = try RelayAddress(parsing: text)
        #expect("\(relay)" == text)
        let server = try relay.address(ofServer: Fixture.serverKey.publicKey)
        #expect("\(server)" == "\(text)/p2p-circuit/nxk/1/\(Base58Key.encode(Fixture.serverKey.publicKey.bytes))")
        #expect(try PeerAddress(parsing: "\(server)") == server)
        #expect(server.relay == relay)
        for wrong in [
            "", "/", text + "/", text + "/p2p-circuit", String(text.dropFirst()), text.replacing("3820", with: "03820"),
            text.replacing("3820", with: "0"), text.replacing("relay.example", with: "Relay.example"),
            text.replacing("nnk", with: "nxk"), text.replacing(relayKey, with: String(relayKey.dropLast(12))),
            "/dns/relay.example/tcp/3820/nnk/11111111111111111111111111111111",
        ] {
            #expect(throws: PeerAddressError.self, "\(wrong)") { try RelayAddress(parsing: wrong) }
        }
        let long = String(repeating: "a", count: 60) + ".example"
        let longRelay = try RelayAddress(parsing: "/dns/\(long)/tcp/3820/nnk/\(relayKey)")
        #expect(throws: PeerAddressError.self) { try longRelay.address(ofServer: Fixture.serverKey.publicKey) }
    }
}
