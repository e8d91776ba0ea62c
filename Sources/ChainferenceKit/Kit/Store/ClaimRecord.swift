import GRDB
public import InferenceMarket
public import Solana

/// A claim that landed: what was earned, for the books.
public struct ClaimRecord: Hashable, Sendable {
    /// Which incarnation of which request.
    public let id: LockID

    /// What the client was charged.
    public let charge: Lamports

    /// The transaction that claimed it; nil when the claim was found on the chain after a crash.
    public let signature: Signature?

    /// When it was seen to have landed.
    public let claimedAt: UnixTime

    /// Adopts all fields.
    public init(id: LockID, charge: Lamports, signature: Signature?, claimedAt: UnixTime) {
        self.id = id
        self.charge = charge
        self.signature = signature
        self.claimedAt = claimedAt
    }

    static let schema = """
        CREATE TABLE claim (
            request BLOB NOT NULL,
            created_slot INTEGER NOT NULL,
            charge INTEGER NOT NULL,
            signature BLOB CHECK (signature IS NULL OR length(signature) = 64),
            claimed_at INTEGER NOT NULL,
            PRIMARY KEY (request, created_slot),
            FOREIGN KEY (request, created_slot) REFERENCES lock (request, created_slot)
        ) STRICT, WITHOUT ROWID
        """

    init(row: Row) throws {
        let isFoundOnChain = row.bytes("signature").isEmpty
        self.init(
            id: try row.lockID(table: "claim"),
            charge: row.lamports("charge"),
            signature: isFoundOnChain ? nil : try row.signature("signature", table: "claim"),
            claimedAt: row.time("claimed_at")
        )
    }

    fileprivate var columns: ColumnValues {
        id.columns + [
            ("charge", charge.column), ("signature", signature?.blob), ("claimed_at", claimedAt.rawValue),
        ]
    }
}

extension ProviderStore {
    /// Books a claim and settles its lock, in one transaction; the second time it changes nothing.
    public func settle(_ claim: ClaimRecord) async throws {
        try await write { database in
            try database.insert(claim.columns, into: "claim", onConflict: "(request, created_slot) DO NOTHING")
            try database.execute(
                sql: "UPDATE lock SET state = 'claimed' WHERE \(LockID.condition)",
                arguments: claim.id.key
            )
        }
    }

    /// All claims that landed, the oldest first.
    public func claims() async throws -> [ClaimRecord] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM claim ORDER BY claimed_at, request").map(
                ClaimRecord.init(row:)
            )
        }
    }
}
