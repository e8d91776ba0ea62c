/// Which targets a client may connect to.
///
/// An address on the chain is chosen by a stranger. Without a policy it would let that stranger make clients knock on doors
/// inside their own networks.
public struct DialPolicy: Hashable, Sendable {
    /// The kinds of addresses that may be dialled.
    public var allowed: Set<NetworkScope>

    /// Allows the kinds given.
    public init(allowed: Set<NetworkScope>) { self.allowed = allowed }

    /// Public addresses only: the default.
    public static let publicOnly = DialPolicy(allowed: [.publicInternet])
    /// This machine and public addresses: for a local cluster.
    public static let allowingLoopback = DialPolicy(allowed: [.publicInternet, .loopback])
    /// This machine, private networks and public addresses.
    public static let allowingPrivateNetworks = DialPolicy(allowed: [.publicInternet, .loopback, .privateNetwork])
    /// Whatever it is: for addresses that the operator, not a stranger, has chosen.
    public static let anywhere = DialPolicy(allowed: Set(NetworkScope.allCases))

    /// Whether this address may be dialled.
    public func allows(_ address: IPv4Address) -> Bool { allowed.contains(address.scope) }

    /// Whether this address may be dialled.
    public func allows(_ address: IPv6Address) -> Bool { allowed.contains(address.scope) }

    /// Whether a name may be handed to a proxy, which looks it up where nobody here sees the address.
    ///
    /// A name that means the proxy's own machine or network wherever it is looked up would lead a stranger in there.
    func allowsUnresolved(_ name: DomainName) -> Bool { allowed.contains(name.scope) }

    /// Whether this host may be dialled as it is: a name never, since only its addresses can be judged.
    func allows(_ host: PeerHost) -> Bool {
        switch host {
        case .ip4(let address): allows(address)
        case .ip6(let address): allows(address)
        case .dns: false
        }
    }
}

/// From where an address can be reached.
public enum NetworkScope: String, Hashable, Sendable, CaseIterable {
    /// Anywhere.
    case publicInternet
    /// This machine.
    case loopback
    /// A private network, or the network of a provider behind its translator.
    case privateNetwork
    /// The cable that one is connected to; clouds answer here with their machines' secrets.
    case linkLocal
    /// Nowhere, or many places at once: multicast, documentation, tunnels, the unspecified address.
    case reserved
}

extension DomainName {
    /// From where what the name leads to can be reached, as far as the name itself tells.
    ///
    /// Special names are those of RFC 6761 (`localhost`), RFC 6762 (`local`), RFC 8375 (`home.arpa`) and ICANN's `internal`;
    /// a name of one label is looked up in the own network's domain.
    public var scope: NetworkScope {
        let labels = description.split(separator: ".")
        // The last three are what hosts files and resolvers of some systems make of it.
        let loopbacks: [Substring] = ["localhost", "localdomain", "localdomain4", "localdomain6"]
        if let last = labels.last, loopbacks.contains(last) { return .loopback }
        if labels.count == 1 || labels.last == "local" || labels.last == "internal" { return .privateNetwork }
        return labels.suffix(2) == ["home", "arpa"] ? .privateNetwork : .publicInternet
    }
}

extension IPv4Address {
    /// From where the address can be reached, after IANA's registry of special-purpose addresses.
    public var scope: NetworkScope {
        func within(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, bits: UInt32) -> Bool {
            (number ^ (a << 24 | b << 16 | c << 8 | d)) >> (32 - bits) == 0
        }
        if within(127, 0, 0, 0, bits: 8) { return .loopback }
        if within(10, 0, 0, 0, bits: 8) || within(172, 16, 0, 0, bits: 12) || within(192, 168, 0, 0, bits: 16)
            || within(100, 64, 0, 0, bits: 10)
        {
            return .privateNetwork
        }
        if within(169, 254, 0, 0, bits: 16) { return .linkLocal }
        let isReserved =
            within(0, 0, 0, 0, bits: 8) || within(192, 0, 0, 0, bits: 24) || within(192, 0, 2, 0, bits: 24)
            || within(192, 88, 99, 0, bits: 24) || within(198, 18, 0, 0, bits: 15)
            || within(198, 51, 100, 0, bits: 24) || within(203, 0, 113, 0, bits: 24) || within(224, 0, 0, 0, bits: 3)
        return isReserved ? .reserved : .publicInternet
    }
}

extension IPv6Address {
    /// From where the address can be reached, after IANA's registry; an IPv4 address inside decides where there is one.
    public var scope: NetworkScope {
        if groups[0..<7].allSatisfy({ $0 == 0 }) { return groups[7] == 1 ? .loopback : .reserved }
        if let mapped = embeddedInMapping { return mapped.scope }
        func embedded(at index: Int) -> NetworkScope {
            IPv4Address(number: UInt32(groups[index]) << 16 | UInt32(groups[index + 1])).scope
        }
        // Translators: 64:ff9b::/96 has the address at the end, 6to4 right after the prefix.
        if groups[0] == 0x64, groups[1] == 0xff9b {
            return groups[2..<6].allSatisfy { $0 == 0 } ? embedded(at: 6) : .privateNetwork
        }
        if groups[0] == 0x2002 { return embedded(at: 1) }
        if groups[0] & 0xfe00 == 0xfc00 { return .privateNetwork }
        if groups[0] & 0xffc0 == 0xfe80 || groups[0] & 0xffc0 == 0xfec0 { return .linkLocal }
        // Outside 2000::/3 nothing is assigned for general use; inside, these are not: 2001::/23 (Teredo, ORCHID, …),
        // 2001:db8::/32 and 3fff::/20 (documentation).
        guard groups[0] & 0xe000 == 0x2000 else { return .reserved }
        if groups[0] == 0x2001, groups[1] < 0x200 || groups[1] == 0xdb8 { return .reserved }
        if groups[0] == 0x3fff, groups[1] < 0x1000 { return .reserved }
        return .publicInternet
    }
}
