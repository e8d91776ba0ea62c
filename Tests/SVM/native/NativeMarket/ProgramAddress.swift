import CSodium

/// SHA-256 by libsodium.
public enum SHA256Digest {
    /// The 32 bytes of the digest.
    public static func of(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256(&digest, bytes, UInt64(bytes.count))
        return digest
    }
}

/// Program-derived addresses.
public enum ProgramAddress {
    /// The address of seeds with their bump, or nil where the digest is a point of the curve.
    public static func create(_ seeds: [[UInt8]], program: [UInt8]) -> [UInt8]? {
        guard seeds.count <= 16, seeds.allSatisfy({ $0.count <= 32 }) else { return nil }
        let digest = SHA256Digest.of(seeds.flatMap { $0 } + program + Array("ProgramDerivedAddress".utf8))
        return isOnCurve(digest) ? nil : digest
    }

    /// The address with the highest bump that gives one.
    public static func find(_ seeds: [[UInt8]], program: [UInt8]) -> (address: [UInt8], bump: UInt8) {
        for bump in stride(from: UInt8.max, through: 1, by: -1) {
            if let address = create(seeds + [[bump]], program: program) { return (address, bump) }
        }
        preconditionFailure("no bump gives an address")
    }

    /// Whether the bytes decompress to a point: adding the identity fails otherwise.
    private static func isOnCurve(_ bytes: [UInt8]) -> Bool {
        let identity: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)
        var sum = [UInt8](repeating: 0, count: 32)
        return crypto_core_ed25519_add(&sum, bytes, identity) == 0
    }
}
