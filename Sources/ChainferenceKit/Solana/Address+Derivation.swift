import SodiumCrypto

/// Why no address could be derived from seeds.
public enum ProgramAddressError: Error, Hashable, Sendable {
    /// More seeds than a program may sign with.
    case tooManySeeds(count: Int, maximum: Int)

    /// A seed is longer than 32 bytes.
    case seedTooLong(index: Int, count: Int)

    /// The hash is a point of the curve, so a key could exist for it; try another seed.
    case onCurve

    /// None of the 256 bump seeds gives an address off the curve; in practice this does not happen.
    case noBumpFound

    /// An address with a text seed may not belong to a program whose own id could be confused with a derivation.
    case illegalOwner
}

extension ProgramAddressError: CustomStringConvertible {
    /// What happened, in a sentence.
    public var description: String {
        switch self {
        case .tooManySeeds(let count, let maximum): "\(count) seeds are too many: at most \(maximum) are allowed"
        case .seedTooLong(let index, let count): "seed \(index) has \(count) bytes: at most 32 are allowed"
        case .onCurve: "the seeds give a point of the curve: use another bump or seed"
        case .noBumpFound: "no bump seed gives an address off the curve: use other seeds"
        case .illegalOwner: "the owner's id ends in the marker of derived addresses: use another owner"
        }
    }
}

extension Address {
    /// The most seeds of a program-derived address, its bump included.
    public static let maximumSeedCount = 16

    /// The most bytes of one seed.
    public static let maximumSeedByteCount = 32

    private static let marker = Array("ProgramDerivedAddress".utf8)

    /// The address that `program` signs for with exactly these seeds, a bump among them if there is one.
    public static func createProgramAddress(
        seeds: [[UInt8]],
        program: Address
    ) throws(ProgramAddressError) -> Address {
        try check(seeds, maximum: maximumSeedCount)
        var hash = SHA256()
        for seed in seeds { hash.update(seed) }
        program.withUnsafeBytes { hash.update(bufferPointer: $0) }
        hash.update(marker)
        let address = Address(digestOf: hash)
        if address.isOnCurve { throw .onCurve }
        return address
    }

    /// The canonical program-derived address of some seeds: the one with the largest bump, tried from 255 down.
    ///
    /// - Parameters:
    ///   - seeds: At most 15 seeds of at most 32 bytes each.
    ///   - program: The program that may sign for the address.
    /// - Returns: The address and the bump that belongs to it.
    /// - Throws: ``ProgramAddressError`` if there are too many seeds or one is too long.
    public static func findProgramAddress(
        seeds: [[UInt8]],
        program: Address
    ) throws(ProgramAddressError) -> (address: Address, bump: UInt8) {
        try check(seeds, maximum: maximumSeedCount - 1)
        // The seeds are hashed once; each bump goes on from a copy of that state.
        var prefix = SHA256()
        for seed in seeds { prefix.update(seed) }
        typealias Found = Result<(address: Address, bump: UInt8), ProgramAddressError>
        let found = withUnsafeTemporaryAllocation(byteCount: 1 + 32 + marker.count, alignment: 1) { tail -> Found in
            program.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: tail[1...]).copyMemory(from: $0) }
            UnsafeMutableRawBufferPointer(rebasing: tail[33...]).copyBytes(from: marker)
            for bump in stride(from: UInt8(255), through: 0, by: -1) {
                var hash = prefix
                tail[0] = bump
                hash.update(bufferPointer: UnsafeRawBufferPointer(tail))
                let address = Address(digestOf: hash)
                if !address.isOnCurve { return .success((address, bump)) }
            }
            return .failure(.noBumpFound)
        }
        return try found.get()
    }

    /// The address that `base` signs for with a text seed: the SHA-256 of base, seed and owner.
    public static func createWithSeed(
        base: Address,
        seed: String,
        owner: Address
    ) throws(ProgramAddressError) -> Address {
        let seed = Array(seed.utf8)
        guard seed.count <= maximumSeedByteCount else { throw .seedTooLong(index: 0, count: seed.count) }
        guard !owner.bytes.suffix(marker.count).elementsEqual(marker) else { throw .illegalOwner }
        var hash = SHA256()
        base.withUnsafeBytes { hash.update(bufferPointer: $0) }
        hash.update(seed)
        owner.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Address(digestOf: hash)
    }

    private init(digestOf hash: SHA256) {
        self = .zero
        Swift.withUnsafeMutableBytes(of: &self) { hash.finalize(into: $0) }
    }

    private static func check(_ seeds: [[UInt8]], maximum: Int) throws(ProgramAddressError) {
        guard seeds.count <= maximum else { throw .tooManySeeds(count: seeds.count, maximum: maximum) }
        for (index, seed) in seeds.enumerated() where seed.count > maximumSeedByteCount {
            throw .seedTooLong(index: index, count: seed.count)
        }
    }
}
