/// The code of a JSON-RPC error, with the names that Agave gives to its own.
///
/// Source: `rpc-client-api/src/custom_error.rs` of anza-xyz/agave, and the JSON-RPC 2.0 specification.
public struct JSONRPCErrorCode: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: Int

    /// Makes a code, known or not.
    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// The text was not JSON.
    public static let parseError = Self(rawValue: -32_700)
    /// The JSON was no request.
    public static let invalidRequest = Self(rawValue: -32_600)
    /// The node does not know the method.
    public static let methodNotFound = Self(rawValue: -32_601)
    /// The parameters do not fit the method.
    public static let invalidParams = Self(rawValue: -32_602)
    /// Something failed inside of the node.
    public static let internalError = Self(rawValue: -32_603)
    /// The block is too old for this node.
    public static let blockCleanedUp = Self(rawValue: -32_001)
    /// The transaction failed in simulation and was not sent.
    public static let sendTransactionPreflightFailure = Self(rawValue: -32_002)
    /// A signature of the transaction is wrong.
    public static let transactionSignatureVerificationFailure = Self(rawValue: -32_003)
    /// The block is not available for that slot.
    public static let blockNotAvailable = Self(rawValue: -32_004)
    /// The node is behind the cluster.
    public static let nodeUnhealthy = Self(rawValue: -32_005)
    /// A signature-checking instruction failed.
    public static let transactionPrecompileVerificationFailure = Self(rawValue: -32_006)
    /// The slot was skipped.
    public static let slotSkipped = Self(rawValue: -32_007)
    /// The node has no snapshot.
    public static let noSnapshot = Self(rawValue: -32_008)
    /// The slot was skipped, or is missing in long-term storage.
    public static let longTermStorageSlotSkipped = Self(rawValue: -32_009)
    /// The node keeps no index for that program or key.
    public static let keyExcludedFromSecondaryIndex = Self(rawValue: -32_010)
    /// The node keeps no transaction history.
    public static let transactionHistoryNotAvailable = Self(rawValue: -32_011)
    /// The scan over accounts was aborted.
    public static let scanError = Self(rawValue: -32_012)
    /// The number of signatures does not fit the transaction.
    public static let transactionSignatureLengthMismatch = Self(rawValue: -32_013)
    /// The block's status is not yet available.
    public static let blockStatusNotAvailableYet = Self(rawValue: -32_014)
    /// The transaction's version is not supported by the request.
    public static let unsupportedTransactionVersion = Self(rawValue: -32_015)
    /// The node has not reached the slot that the request demands.
    public static let minContextSlotNotReached = Self(rawValue: -32_016)
    /// Rewards are being paid out, so that the answer is not available.
    public static let epochRewardsPeriodActive = Self(rawValue: -32_017)
    /// The slot is not at an epoch's boundary.
    public static let slotNotEpochBoundary = Self(rawValue: -32_018)
    /// Long-term storage can't be reached.
    public static let longTermStorageUnreachable = Self(rawValue: -32_019)

    /// The name in lower-case words, or nil if the code is unknown.
    public var name: String? { Self.names[self] }

    private static let names: [Self: String] = [
        .parseError: "parse error",
        .invalidRequest: "invalid request",
        .methodNotFound: "method not found",
        .invalidParams: "invalid parameters",
        .internalError: "internal error",
        .blockCleanedUp: "block cleaned up",
        .sendTransactionPreflightFailure: "preflight failure",
        .transactionSignatureVerificationFailure: "signature verification failure",
        .blockNotAvailable: "block not available",
        .nodeUnhealthy: "node behind",
        .transactionPrecompileVerificationFailure: "precompile verification failure",
        .slotSkipped: "slot skipped",
        .noSnapshot: "no snapshot",
        .longTermStorageSlotSkipped: "slot skipped or missing in long-term storage",
        .keyExcludedFromSecondaryIndex: "key excluded from secondary index",
        .transactionHistoryNotAvailable: "transaction history not available",
        .scanError: "scan aborted",
        .transactionSignatureLengthMismatch: "number of signatures does not fit",
        .blockStatusNotAvailableYet: "block status not available yet",
        .unsupportedTransactionVersion: "unsupported transaction version",
        .minContextSlotNotReached: "minimum context slot not reached",
        .epochRewardsPeriodActive: "epoch rewards period active",
        .slotNotEpochBoundary: "slot is not an epoch boundary",
        .longTermStorageUnreachable: "long-term storage unreachable",
    ]

    /// Whether the same request may well succeed a little later or at another node.
    var isTransient: Bool {
        switch self {
        case .nodeUnhealthy, .minContextSlotNotReached, .blockStatusNotAvailableYet, .blockNotAvailable,
            .longTermStorageUnreachable, .epochRewardsPeriodActive, .internalError, .scanError:
            true
        default: false
        }
    }
}

extension JSONRPCErrorCode: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String { name.map { "\(rawValue), \($0)" } ?? "\(rawValue)" }
}
