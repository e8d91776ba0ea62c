/// A version of the Solana bytecode format.
///
/// Version 3 is what a new program should be: it has the simplest container, the smallest files, and versions 0 to 2
/// are about to be refused for new deployments (SIMD-0500). Version 0 is here for clusters that have not activated
/// version 3 yet.
public enum SBPFVersion: UInt32, Sendable, Hashable, CaseIterable {
    /// The original format: sections, dynamic symbols and relocations that the loader resolves.
    case v0 = 0
    /// The strict format of SIMD-0178, SIMD-0189 and SIMD-0377: two program headers and nothing to relocate.
    case v3 = 3

    /// Reads `v0` or `v3`.
    public init?(name: String) {
        switch name {
        case "v0": self = .v0
        case "v3": self = .v3
        default: return nil
        }
    }

    /// The version's name, `v0` or `v3`.
    public var name: String { "v\(rawValue)" }
}
