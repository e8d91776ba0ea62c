public import Solana

/// What a transaction would do (`simulateTransaction`).
public struct SimulationResult: Sendable {
    /// Why the transaction would fail; nil if it would succeed.
    public let failure: TransactionFailure?
    /// What the programs logged.
    public let logs: [String]
    /// The compute units that would be used; nil if the node does not tell.
    public let computeUnits: UInt64?
    /// What the last program returned, if anything.
    public let returnData: ReturnData?
    /// What the network would charge; nil from nodes that do not tell.
    public let fee: Lamports?
    /// The accounts that were asked for, as they would be afterwards; nil where one would not exist.
    public let accounts: [AccountInfo?]
}

/// What a program returned to its caller.
public struct ReturnData: Hashable, Sendable, Decodable {
    /// The program.
    public let program: Address
    /// What it returned.
    public let data: [UInt8]

    private enum CodingKeys: String, CodingKey {
        case programId
        case data
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        program = try container.decode(Address.self, forKey: .programId)
        data = try container.decode(EncodedBytes.self, forKey: .data).bytes
    }
}

/// The JSON of a simulation's result.
struct SimulationAnswer: Decodable, Sendable {
    let err: TransactionErrorCoding?
    let logs: [String]?
    let unitsConsumed: UInt64?
    let returnData: ReturnData?
    let fee: UInt64?
    let accounts: [AccountInfo?]?
}
