public import Solana

/// A program's interface as Anchor's tools know it: what TypeScript, Rust and Python clients are generated from.
///
/// ``market(_:)`` is the market program's. ``specification`` writes the current form (specification 0.1.0), ``legacy``
/// the one before Anchor 0.30, which tools such as anchorpy still need. Names are in snake case, types in Pascal case.
public struct IDL: Hashable, Sendable {
    /// The program's address.
    public var address: Address

    /// The program's name.
    public var name: String

    /// The version of the interface.
    public var version: String

    /// What the program is.
    public var description: String

    /// What can be asked of the program.
    public var instructions: [Instruction]

    /// What the program keeps.
    public var accounts: [Record]

    /// What the program tells observers.
    public var events: [Record]

    /// Why the program refuses: its own codes, not those of Anchor's framework, which every Anchor client knows.
    public var errors: [ErrorDefinition]

    /// The types that fields and arguments name.
    public var types: [TypeDefinition]
}

extension IDL {
    /// One instruction.
    public struct Instruction: Hashable, Sendable {
        /// The name, such as `lock_request`.
        public var name: String
        /// The first eight bytes of the data, little-endian.
        public var discriminator: UInt64
        /// What it does.
        public var docs: [String]
        /// The accounts in their order.
        public var accounts: [InstructionAccount]
        /// The arguments in their order; offsets count from the start of the instruction's data.
        public var arguments: [Field]
    }

    /// One account that an instruction takes.
    public struct InstructionAccount: Hashable, Sendable {
        /// The name, such as `voucher_signer`.
        public var name: String
        /// Whether the instruction changes it.
        public var isWritable: Bool
        /// Whether it must sign.
        public var isSigner: Bool
        /// Whether the program's own address may stand in its place for "none".
        public var isOptional: Bool
        /// Where a client finds the address, if it follows from something.
        public var source: AccountSource?
        /// Earlier or later accounts of the instruction that hold this one's address in a field of the same name.
        public var relations: [String]
        /// What it is for.
        public var docs: [String]
    }

    /// Where a client finds the address of an account.
    public enum AccountSource: Hashable, Sendable {
        /// It is always the same.
        case fixed(Address)
        /// It is the program itself.
        case program
        /// It is a program address, under the program itself or another one.
        case derived(seeds: [Seed], program: Address?)
    }

    /// One seed of a program address.
    public enum Seed: Hashable, Sendable {
        /// These bytes of text.
        case text(String)
        /// The address of an account of the instruction.
        case account(String)
        /// An argument of the instruction.
        case argument(String)
    }

    /// An account type or an event: a discriminator, and the fields behind it.
    public struct Record: Hashable, Sendable {
        /// The name, such as `InferenceRequest`.
        public var name: String
        /// The first eight bytes, little-endian.
        public var discriminator: UInt64
        /// What it is.
        public var docs: [String]
        /// The fields in their order.
        public var fields: [Field]
    }

    /// A named value of an account, an event, an instruction or a type.
    public struct Field: Hashable, Sendable {
        /// The name, such as `stake`.
        public var name: String
        /// The type.
        public var type: FieldType
        /// The byte offset, the discriminator included; nil behind something of variable length.
        public var offset: Int?
        /// What it means.
        public var docs: [String]
    }

    /// The type of a value, encoded in Borsh.
    public indirect enum FieldType: Hashable, Sendable {
        /// An unsigned integer of 1 byte.
        case u8
        /// An unsigned integer of 2 bytes, little-endian.
        case u16
        /// An unsigned integer of 8 bytes, little-endian.
        case u64
        /// A signed integer of 8 bytes, little-endian.
        case i64
        /// A u32 length, then that many bytes of UTF-8.
        case string
        /// 32 bytes: an address.
        case publicKey
        /// So many elements, one behind the other.
        case array(FieldType, Int)
        /// A u32 length, then that many elements.
        case vector(FieldType)
        /// One of ``IDL/types``.
        case defined(String)
    }

    /// A type that fields name.
    public struct TypeDefinition: Hashable, Sendable {
        /// The name, such as `Listing`.
        public var name: String
        /// What it is.
        public var docs: [String]
        /// What it is made of.
        public var kind: Kind

        /// What a type is made of.
        public enum Kind: Hashable, Sendable {
            /// Fields in their order.
            case structure([Field])
            /// One byte: the index of a variant.
            case enumeration([String])
        }
    }

    /// One reason to refuse.
    public struct ErrorDefinition: Hashable, Sendable {
        /// The custom code.
        public var code: UInt32
        /// The name, such as `RequestNotOpen`.
        public var name: String
        /// What is wrong.
        public var message: String
    }
}

extension IDL.FieldType {
    /// How many bytes every value has; nil when that varies.
    ///
    /// - Parameter types: The types that this one may name. An unknown name counts as of variable size.
    /// - Returns: The size in Borsh.
    public func fixedSize(in types: [IDL.TypeDefinition]) -> Int? {
        switch self {
        case .u8: 1
        case .u16: 2
        case .u64, .i64: 8
        case .publicKey: 32
        case .string, .vector: nil
        case .array(let element, let count): element.fixedSize(in: types).map { $0 * count }
        case .defined(let name):
            switch types.first(where: { $0.name == name })?.kind {
            case .enumeration: 1
            case .structure(let fields): fields.fixedSize(in: types)
            case nil: nil
            }
        }
    }
}

extension [IDL.Field] {
    /// How many bytes all the fields have together; nil when that varies.
    public func fixedSize(in types: [IDL.TypeDefinition]) -> Int? {
        var sum = 0
        for field in self {
            guard let size = field.type.fixedSize(in: types) else { return nil }
            sum += size
        }
        return sum
    }
}
