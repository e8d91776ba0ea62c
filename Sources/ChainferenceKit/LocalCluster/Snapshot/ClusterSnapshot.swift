import Borsh
import SodiumCrypto
public import Solana

/// Everything that a cluster knows at one moment: accounts at every commitment level, blockhashes, what landed, blocks,
/// history, clock.
///
/// ```swift
/// try cluster.snapshot().write(to: "market.snapshot")
/// let later = try LocalCluster(.testing(), restoring: ClusterSnapshot(contentsOf: "market.snapshot"))
/// ```
///
/// The bytes: `CFKSNAP` and a zero, the format's version (u32), the count of what follows (u64), the state as Borsh, and
/// the SHA-256 of all before; integers are little-endian. Equal states have equal bytes.
public struct ClusterSnapshot: Sendable {
    /// The newest version of the format.
    public static let version: UInt32 = 1

    private static let magic = Array("CFKSNAP".utf8) + [0]
    private static let headerByteCount = 8 + 4 + 8

    let ledger: Ledger

    /// How many airdrops there have been.
    let airdrops: UInt32

    /// How far the clock was moved ahead, in seconds.
    let skew: Int64

    /// How much time slots have taken since genesis.
    let elapsed: Duration

    /// The clock at genesis.
    let genesisTime: Int64

    /// The slot that transactions landed in.
    public var slot: UInt64 { ledger.slot }

    /// The hash that names the cluster.
    public var genesisHash: Blockhash { ledger.genesisHash }

    init(_ state: LocalCluster.State) {
        ledger = state.ledger
        airdrops = state.airdrops
        skew = state.skew
        elapsed = state.elapsed
        genesisTime = state.genesisTime
    }

    /// The snapshot as a file has it.
    ///
    /// - Throws: ``SnapshotError/malformed(_:)`` if a list has more than 2³² elements.
    public func encoded() throws(SnapshotError) -> [UInt8] {
        var writer = BorshWriter()
        do throws(BorshError) {
            try writer.write(self)
        } catch {
            throw .malformed("\(error)")
        }
        let state = writer.takeBytes()
        var bytes = Self.magic
        bytes.reserveCapacity(Self.headerByteCount + state.count + SHA256.byteCount)
        bytes.append(little: Self.version)
        bytes.append(little: UInt64(state.count))
        bytes += state
        return bytes + SHA256.hash(bytes)
    }

    /// Reads a snapshot; nothing is taken on trust.
    ///
    /// - Parameter bytes: What ``encoded()`` gave.
    /// - Throws: ``SnapshotError`` with what is wrong.
    public init(decoding bytes: [UInt8]) throws(SnapshotError) {
        guard bytes.starts(with: Self.magic) else { throw .notASnapshot }
        var header = InstructionReader(Array(bytes.prefix(Self.headerByteCount)))
        _ = header.take(Self.magic.count)
        guard let version = header.u32(), let count = header.u64() else {
            throw .wrongLength(expected: UInt64(Self.headerByteCount), found: UInt64(bytes.count))
        }
        guard version == Self.version else { throw .unsupportedVersion(version) }
        let (expected, overflow) = count.addingReportingOverflow(UInt64(Self.headerByteCount + SHA256.byteCount))
        guard !overflow, expected == UInt64(bytes.count) else {
            throw .wrongLength(expected: overflow ? .max : expected, found: UInt64(bytes.count))
        }
        let end = bytes.count - SHA256.byteCount
        guard SHA256.hash(bytes[..<end]).elementsEqual(bytes[end...]) else { throw .corrupted }
        do throws(BorshError) {
            self = try ClusterSnapshot(borshEncoded: bytes[Self.headerByteCount..<end])
        } catch {
            throw .malformed("\(error)")
        }
        try validate()
    }

    /// Reads a snapshot's file.
    ///
    /// - Parameter path: The file.
    /// - Throws: ``SnapshotError`` with what is wrong.
    public init(contentsOf path: String) throws(SnapshotError) {
        try self.init(decoding: try SnapshotFile.read(path))
    }

    /// Writes a snapshot's file; an older one at the same path is replaced in one step.
    ///
    /// - Parameter path: The file.
    /// - Throws: ``SnapshotError`` if the system refuses; the older file is still there then.
    public func write(to path: String) throws(SnapshotError) {
        try SnapshotFile.write(try encoded(), to: path)
    }

    private func validate() throws(SnapshotError) {
        // Far from where sums of a few of them could overflow.
        let times: ClosedRange<Int64> = -(1 << 50)...1 << 50
        guard times.contains(skew), times.contains(genesisTime), times.contains(elapsed.components.seconds),
            elapsed >= .zero
        else { throw .malformed("a time is out of range") }
        try ledger.validate(times: times)
    }
}

extension ClusterSnapshot: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(ledger, airdrops, skew, genesisTime)
        let (seconds, attoseconds) = elapsed.components
        try writer.write(seconds, attoseconds)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (ledger, airdrops, skew, genesisTime) = try reader.read()
        let (seconds, attoseconds): (Int64, Int64) = try reader.read()
        guard abs(attoseconds) < 1_000_000_000_000_000_000 else {
            throw BorshError(.invalidValue, "a duration has no such fraction", offset: reader.offset)
        }
        elapsed = Duration(secondsComponent: seconds, attosecondsComponent: attoseconds)
    }
}

extension LocalCluster {
    /// Everything that the cluster knows now.
    public func snapshot() -> ClusterSnapshot {
        withState { ClusterSnapshot($0) }
    }
}
