import SodiumCrypto
import Solana
import Testing

@Suite("Instructions of the built-in programs")
struct ProgramTests {
    private struct File: Decodable {
        let instructions: [Item]
        let rent: RentItem

        struct RentItem: Decodable {
            let data: Base64
            let minimums: [Minimum]
        }

        struct Minimum: Decodable {
            let length: Int
            let lamports: UInt64

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                length = try container.decode(Int.self)
                lamports = try container.decode(Decimal64.self).value
            }
        }

        struct Item: Decodable {
            let name: String
            let arguments: [String?]
            let program: Address
            let accounts: [AccountMeta]
            let data: [UInt8]

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                name = try container.decode(String.self)
                arguments = try container.decode([String?].self)
                program = try container.decode(Address.self)
                accounts = try container.decode([Meta].self).map(\.meta)
                data = try container.decode(Base64.self).bytes
            }
        }

        struct Meta: Decodable {
            let meta: AccountMeta

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                let address = try container.decode(Address.self)
                let flags = try container.decode(Int.self)
                meta = AccountMeta(address: address, isSigner: flags & 1 != 0, isWritable: flags & 2 != 0)
            }
        }
    }

    @Test("builders and decoders are solders'")
    func golden() throws {
        let items = try Golden.load(File.self, "programs").instructions
        #expect(items.count > 300)
        for item in items {
            let built = try build(item)
            #expect(built?.data ?? [] == item.data, "\(item.name)")
            if let instruction = built?.instruction {
                #expect(instruction == Instruction(program: item.program, accounts: item.accounts, data: item.data))
            }
            if item.program == SystemProgram.id {
                let decoded = try #require(SystemInstruction(decoding: item.data))
                #expect(decoded.data == item.data)
                #expect(SystemInstruction(decoding: item.data + [1, 2]) == decoded)
                for count in 0..<item.data.count { #expect(SystemInstruction(decoding: item.data[..<count]) == nil) }
            } else {
                let decoded = try #require(ComputeBudgetInstruction(decoding: item.data))
                #expect(decoded.data == item.data)
                for count in 0..<item.data.count {
                    #expect(ComputeBudgetInstruction(decoding: item.data[..<count]) == nil)
                }
            }
        }
    }

    /// The instruction that the file describes, or at least its data.
    private func build(_ item: File.Item) throws -> (instruction: Instruction?, data: [UInt8])? {
        func address(_ index: Int) throws -> Address { try Address(base58: text(index)) }
        func text(_ index: Int) throws -> String { try #require(item.arguments[index]) }
        func number(_ index: Int) throws -> UInt64 { try #require(UInt64(text(index))) }
        func lamports(_ index: Int) throws -> Lamports { try Lamports(number(index)) }
        let instruction: Instruction
        switch item.name {
        case "createAccount":
            instruction = try SystemProgram.createAccount(
                address(0),
                funder: address(1),
                lamports: lamports(2),
                space: number(3),
                owner: address(4)
            )
        case "createAccountAllowPrefund":
            instruction = try SystemProgram.createAccountAllowPrefund(
                address(0),
                funder: item.arguments[1].map { try Address(base58: $0) },
                lamports: lamports(2),
                space: number(3),
                owner: address(4)
            )
        case "createAccountWithSeed":
            instruction = try SystemProgram.createAccountWithSeed(
                address(0),
                funder: address(1),
                base: address(2),
                seed: text(3),
                lamports: lamports(4),
                space: number(5),
                owner: address(6)
            )
        case "transfer":
            instruction = try SystemProgram.transfer(from: address(0), to: address(1), lamports: lamports(2))
        case "assign": instruction = try SystemProgram.assign(address(0), to: address(1))
        case "allocate": instruction = try SystemProgram.allocate(address(0), space: number(1))
        case "initializeNonce": instruction = try SystemProgram.initializeNonce(address(0), authority: address(1))
        case "advanceNonce": instruction = try SystemProgram.advanceNonce(address(0), authority: address(1))
        case "withdrawNonce":
            instruction = try SystemProgram.withdrawNonce(
                address(0),
                authority: address(1),
                to: address(2),
                lamports: lamports(3)
            )
        case "authorizeNonce":
            instruction = try SystemProgram.authorizeNonce(address(0), authority: address(1), to: address(2))
        case "requestHeapFrame":
            instruction = try ComputeBudgetProgram.requestHeapFrame(byteCount: UInt32(number(0)))
        case "setComputeUnitLimit": instruction = try ComputeBudgetProgram.setComputeUnitLimit(UInt32(number(0)))
        case "setComputeUnitPrice":
            instruction = try ComputeBudgetProgram.setComputeUnitPrice(MicroLamports(number(0)))
        case "allocateWithSeed":
            let data = try SystemInstruction.allocateWithSeed(
                base: address(0),
                seed: text(1),
                space: number(2),
                owner: address(3)
            ).data
            return (nil, data)
        case "assignWithSeed":
            return try (nil, SystemInstruction.assignWithSeed(base: address(0), seed: text(1), owner: address(2)).data)
        case "transferWithSeed":
            let data = try SystemInstruction.transferWithSeed(lamports: lamports(0), seed: text(1), owner: address(2))
            return (nil, data.data)
        case "upgradeNonce": return (nil, SystemInstruction.upgradeNonceAccount.data)
        default:
            Issue.record("unknown instruction \(item.name)")
            return nil
        }
        return (instruction, instruction.data)
    }

    @Test("unknown cases are refused")
    func unknown() {
        #expect(SystemInstruction(decoding: [14, 0, 0, 0] + [UInt8](repeating: 0, count: 100)) == nil)
        #expect(ComputeBudgetInstruction(decoding: [0, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
        #expect(ComputeBudgetInstruction(decoding: [5, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
        // A seed of more bytes than there are, and one that is no UTF-8.
        let start: [UInt8] = [9, 0, 0, 0] + [UInt8](repeating: 0, count: 32)
        #expect(SystemInstruction(decoding: start + [UInt8](repeating: 255, count: 80)) == nil)
        let tail = [UInt8](repeating: 0, count: 40)
        #expect(SystemInstruction(decoding: start + [1, 0, 0, 0, 0, 0, 0, 0, 0x41] + tail) != nil)
        #expect(SystemInstruction(decoding: start + [1, 0, 0, 0, 0, 0, 0, 0, 0xff] + tail) == nil)
    }

    @Test("the loaded-accounts limit has the layout of Agave's compute-budget interface")
    func loadedAccountsLimit() {
        let instruction = ComputeBudgetProgram.setLoadedAccountsDataSizeLimit(byteCount: 0x0403_0201)
        #expect(instruction.data == [4, 1, 2, 3, 4])
        let decoded = ComputeBudgetInstruction(decoding: instruction.data)
        #expect(decoded == .setLoadedAccountsDataSizeLimit(byteCount: 0x0403_0201))
    }

    @Test("memos carry the text, and the signers read-only")
    func memo() {
        let signer = Keypair().address
        let memo = MemoProgram.memo("héllo", signers: [signer])
        #expect(memo.data == Array("héllo".utf8))
        #expect(memo.accounts == [AccountMeta(address: signer, isSigner: true, isWritable: false)])
    }

    @Test("rent is solders'")
    func rent() throws {
        let golden = try Golden.load(File.self, "programs").rent
        let rent = try #require(Rent(accountData: golden.data.bytes))
        #expect(rent == .standard)
        #expect(Rent.standard.accountData == golden.data.bytes)
        for item in golden.minimums {
            #expect(rent.minimumBalance(dataLength: item.length) == Lamports(item.lamports))
        }
        // The older form of the same price: half of it, for two years.
        let older: [UInt8] = [0x98, 0x0d, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0x40] + [50]
        #expect(Rent(accountData: older) == .standard)
        #expect(Rent(accountData: older.dropLast()) == nil)
        let infinite: [UInt8] = [0x98, 0x0d, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0xf0, 0x7f] + [50]
        #expect(Rent(accountData: infinite) == nil)
        #expect(Rent(lamportsPerByte: .max).minimumBalance(dataLength: 1) == .max)
    }
}
