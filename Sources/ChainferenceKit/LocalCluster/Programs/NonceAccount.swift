import Solana

/// What a nonce account holds: a stand-in for a blockhash that does not expire until it is advanced.
///
/// 80 bytes: version (u32; 0 is the old kind, 1 the current one), state (u32), authority, durable nonce, lamports per signature.
struct NonceAccount: Sendable, Hashable {
    static let byteCount = 80

    /// The account's state, or what keeps it from being one.
    enum State: Sendable, Hashable {
        case uninitialized
        case initialized(NonceAccount)
    }

    var authority: Address
    var durableNonce: Blockhash
    var lamportsPerSignature: Lamports

    /// Whether it is of the old kind, version 0, which keeps a blockhash itself and stands in for none.
    var isLegacy = false

    /// The durable nonce that a blockhash gives: hashed once more, so that one is never taken for the other.
    static func durableNonce(from blockhash: Blockhash) -> Blockhash {
        Ledger.hash(Array("DURABLE_NONCE".utf8) + blockhash.bytes)
    }

    /// Reads an account's data.
    ///
    /// - Parameter data: The data of an account of the system program.
    /// - Returns: The state; nil if the data holds none. Fresh zeros are one without state, which may be initialised.
    static func state(of data: [UInt8]) -> State? {
        var reader = InstructionReader(data)
        guard let version = reader.u32(), version <= 1, let state = reader.u32() else { return nil }
        switch state {
        case 0: return .uninitialized
        case 1:
            guard let authority = reader.address(), let nonce = reader.take(Blockhash.byteCount),
                let durableNonce = try? Blockhash(bytes: nonce), let fee = reader.u64()
            else { return nil }
            return .initialized(
                NonceAccount(
                    authority: authority,
                    durableNonce: durableNonce,
                    lamportsPerSignature: Lamports(fee),
                    isLegacy: version == 0
                )
            )
        default: return nil
        }
    }

    /// The same nonce as an account of the current kind keeps it; nil if it is of that kind already.
    var upgraded: NonceAccount? {
        guard isLegacy else { return nil }
        var upgraded = self
        upgraded.isLegacy = false
        upgraded.durableNonce = Self.durableNonce(from: durableNonce)
        return upgraded
    }

    /// The data for a state, over data of the same size.
    static func write(_ state: State, over data: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        switch state {
        case .uninitialized:
            bytes.append(little: UInt32(1))
            bytes.append(little: UInt32(0))
        case .initialized(let account):
            bytes.append(little: UInt32(account.isLegacy ? 0 : 1))
            bytes.append(little: UInt32(1))
            bytes += account.authority.bytes
            bytes += account.durableNonce.bytes
            bytes.append(little: account.lamportsPerSignature.rawValue)
        }
        return bytes + data.dropFirst(bytes.count)
    }
}
