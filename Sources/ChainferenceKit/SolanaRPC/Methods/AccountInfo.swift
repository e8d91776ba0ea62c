import JSON
public import Solana

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An account of the chain.
public struct AccountInfo: Hashable, Sendable {
    /// The balance.
    public var lamports: Lamports
    /// The program that may change the account.
    public var owner: Address
    /// The content, or the part of it that was asked for.
    public var data: [UInt8]
    /// Whether the account is a program.
    public var isExecutable: Bool
    /// The epoch at which rent is due next; `UInt64.max` for accounts that owe none.
    public var rentEpoch: UInt64
    /// The size of the whole content, even if only a part was asked for; nil if the node does not tell.
    public var space: UInt64?

    /// Makes an account.
    public init(
        lamports: Lamports,
        owner: Address,
        data: [UInt8] = [],
        isExecutable: Bool = false,
        rentEpoch: UInt64 = .max,
        space: UInt64? = nil
    ) {
        self.lamports = lamports
        self.owner = owner
        self.data = data
        self.isExecutable = isExecutable
        self.rentEpoch = rentEpoch
        self.space = space
    }
}

extension AccountInfo: Decodable {
    private enum CodingKeys: String, CodingKey {
        case lamports
        case owner
        case data
        case executable
        case rentEpoch
        case space
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        lamports = Lamports(try container.decode(UInt64.self, forKey: .lamports))
        owner = try container.decode(Address.self, forKey: .owner)
        data = try container.decode(EncodedBytes.self, forKey: .data).bytes
        isExecutable = try container.decode(Bool.self, forKey: .executable)
        rentEpoch = try container.decodeIfPresent(UInt64.self, forKey: .rentEpoch) ?? .max
        space = try container.decodeIfPresent(UInt64.self, forKey: .space)
    }
}

/// An account and where it is.
public struct KeyedAccount: Hashable, Sendable, Decodable {
    /// The account's address.
    public let address: Address
    /// The account.
    public let account: AccountInfo

    private enum CodingKeys: String, CodingKey {
        case address = "pubkey"
        case account
    }

    /// Makes a pair.
    public init(address: Address, account: AccountInfo) {
        self.address = address
        self.account = account
    }
}

/// Bytes as nodes write them: `["…", "base64"]`.
struct EncodedBytes: Decodable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        let text = try container.decode(String.self)
        let encoding = try container.decode(String.self)
        guard encoding == "base64", let data = Data(base64Encoded: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not base64")
        }
        bytes = [UInt8](data)
    }

    /// The base64 text of bytes.
    static func base64(_ bytes: [UInt8]) -> JSONValue {
        .string(Data(bytes).base64EncodedString())
    }
}
