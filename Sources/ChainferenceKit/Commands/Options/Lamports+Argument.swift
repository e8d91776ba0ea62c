public import ArgumentParser
public import ChainferenceKit

/// `200000` is lamports; `0.0002sol` is SOL.
extension Lamports: ExpressibleByArgument {
    /// Reads a whole number of lamports, or a decimal number of SOL that ends in `sol`.
    public init?(argument: String) {
        let text = argument.lowercased().filter { $0 != "_" }
        if text.hasSuffix("sol") {
            guard let amount = try? Lamports(sol: String(text.dropLast(3))) else { return nil }
            self = amount
        } else {
            guard let lamports = UInt64(text) else { return nil }
            self = .lamports(lamports)
        }
    }

    /// The lamports alone, as help texts show defaults.
    public var defaultValueDescription: String { "\(rawValue)" }
}
