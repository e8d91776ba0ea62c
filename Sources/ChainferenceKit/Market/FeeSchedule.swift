public import Solana

/// What the chain itself takes for each step of a session.
///
/// A transaction costs the base fee for each signature in it, and the Ed25519 precompile's signatures count too: a claim
/// with a voucher has two. Priority fees come on top when the cluster is busy.
public struct FeeSchedule: Hashable, Sendable {
    /// The base fee for one signature; 5,000 lamports on every public cluster.
    public var lamportsPerSignature: Lamports

    /// What is added to each transaction as a priority fee.
    public var priorityFee: Lamports

    /// Adopts the two fees.
    public init(
        lamportsPerSignature: Lamports = 5_000,
        priorityFee: Lamports = .zero
    ) {
        self.lamportsPerSignature = lamportsPerSignature
        self.priorityFee = priorityFee
    }

    /// A transaction with `signatures` signatures, those of the Ed25519 precompile included.
    public func transaction(signatures: Int) -> Lamports {
        guard let base = try? lamportsPerSignature.multiplied(by: UInt64(max(0, signatures))) else { return .max }
        return base.saturatingAdding(priorityFee)
    }

    /// The client publishes the request.
    public var publish: Lamports { transaction(signatures: 1) }

    /// The client closes the request, or cancels it, and brings everything that is left home.
    public var close: Lamports { transaction(signatures: 1) }

    /// The server locks the request.
    public var lock: Lamports { transaction(signatures: 1) }

    /// The server claims with a voucher: its own signature and the client's.
    public var claimWithVoucher: Lamports { transaction(signatures: 2) }

    /// The server claims its credit, without any voucher.
    public var claimWithoutVoucher: Lamports { transaction(signatures: 1) }
}
