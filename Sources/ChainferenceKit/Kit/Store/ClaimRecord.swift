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
        let bytes = row.bytes("signature")
        let signature = bytes.isEmpty ? nil : try? Signature(bytes: bytes)
        guard bytes.isEmpty || signature != nil else { throw StoreError.corrupt(table: "claim", column: "signature") }
        self.init(
            id: LockID(
                request: try row.address("request", table: "claim"),
                createdSlot: UInt64(bitPattern: row["created_slot"])
            ),
            charge: row.lamports("charge"),
            signature: signature,
            claimedAt: UnixTime(rawValue: row["claimed_at"])
        )
    }
}

extension ProviderStore {
    /// Books a claim and settles its lock, in one transaction; the second time it changes nothing.
    public func settle(_ claim: ClaimRecord) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO claim (request, created_slot, charge, signature, claimed_at) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (request, created_slot) DO NOTHING
                    """,
                arguments: [
                    claim.id.request.blob, Int64(bitPattern: claim.id.createdSlot), claim.charge.column,
                    claim.signature?.blob, claim.claimedAt.rawValue,
                ]
            )
            try database.execute(
                sql: "UPDATE lock SET state = 'claimed' WHERE request = ? AND created_slot = ?",
                arguments: [claim.id.request.blob, Int64(bitPattern: claim.id.createdSlot)]
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
