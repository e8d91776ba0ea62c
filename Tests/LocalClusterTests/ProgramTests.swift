import Solana
import Testing

@testable import LocalCluster

@Suite("Native programs")
struct ProgramTests {
    @Test("Memos are logged with their signers, as the deployed program does")
    func memo() throws {
        var world = TestLedger()
        let memo = Instruction(
            program: WellKnownAddress.memo2,
            accounts: [.readonlySigner(world.alice.address)],
            data: Array("h\"é\n".utf8)
        )
        let record = try world.send([memo], by: [world.alice])
        #expect(record.error == nil)
        // What LiteSVM logs for the program that is deployed on mainnet, but for the units.
        #expect(
            record.logs.filter { !$0.contains(" consumed ") } == [
                "Program MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr invoke [1]",
                "Program log: Signed by:",
                "Program log: \(world.alice.address)",
                "Program log: Memo (len 5)",
                "Program log: h\"é\n",
                "Program MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr success",
            ]
        )
        #expect(record.memo == "[5] h\"é\n")
        let unsigned = Instruction(
            program: WellKnownAddress.memo2,
            accounts: [.readonly(world.bob.address)],
            data: Array("x".utf8)
        )
        #expect(
            try world.send([unsigned], by: [world.alice]).error
                == .instructionError(index: 0, .missingRequiredSignature)
        )
        for (program, error) in [
            (WellKnownAddress.memo2, InstructionError.programFailedToComplete),
            (WellKnownAddress.memo1, .invalidInstructionData),
        ] {
            let garbage = Instruction(program: program, accounts: [], data: [0xff])
            #expect(try world.send([garbage], by: [world.alice]).error == .instructionError(index: 0, error))
        }
    }

    @Test("The instructions sysvar shows every instruction, its flags and which one runs")
    func instructionsSysvar() throws {
        let world = TestLedger()
        let transaction = try world.transaction(
            [
                pay(world.alice, world.bob.address, 5),
                Instruction(
                    program: WellKnownAddress.memo2,
                    accounts: [.readonlySigner(world.bob.address), .readonly(WellKnownAddress.instructions)],
                    data: [0x61]
                ),
            ],
            by: [world.alice, world.bob]
        )
        let resolved = try world.ledger.resolve(transaction, wireBytes: [], atSlot: world.ledger.slot)
        let bytes = InstructionsSysvar.serialize(resolved)
        var reader = InstructionReader(bytes)
        #expect(reader.u16() == 2)
        #expect(reader.u16() == 6)
        let offset = reader.u16()
        let second = try #require(offset)
        #expect(Int(second) == 6 + 2 + 2 * 33 + 32 + 2 + 12)
        #expect(reader.u16() == 2)
        #expect(reader.u8() == 3)
        #expect(reader.address() == world.alice.address)
        // Bob is written by the first instruction and signs the second: the flags are those of the message.
        #expect(reader.u8() == 3)
        #expect(reader.address() == world.bob.address)
        #expect(reader.address() == SystemProgram.id)
        #expect(reader.u16() == 12)
        _ = reader.take(12)
        #expect(reader.offset == Int(second))
        #expect(reader.u16() == 2)
        #expect(reader.u8() == 3)
        #expect(reader.address() == world.bob.address)
        #expect(reader.u8() == 0)
        #expect(reader.address() == WellKnownAddress.instructions)
        #expect(reader.address() == WellKnownAddress.memo2)
        #expect(reader.u16() == 1)
        #expect(reader.u8() == 0x61)
        #expect(reader.u16() == 0)
        #expect(reader.u8() == nil)
    }

    @Test("Logs stop at ten kilobytes and say so")
    func logLimit() {
        var logs = LogCollector()
        for _ in 0..<30 { logs.append(String(repeating: "x", count: 999)) }
        #expect(logs.lines.count == 11)
        #expect(logs.lines.last == "Log truncated")
    }

    @Test("Rent may be left as it was, never newly broken", arguments: [0, 100])
    func rent(size: Int) {
        let rent = Rent.standard
        let minimum = rent.minimumBalance(dataLength: size).rawValue
        func state(_ lamports: UInt64, _ count: Int) -> RentState {
            let account = LedgerAccount(
                lamports: Lamports(lamports),
                data: [UInt8](repeating: 0, count: count),
                owner: SystemProgram.id
            )
            return RentState(account, rent: rent)
        }
        #expect(state(minimum, size).isAllowed(after: state(0, 0)))
        #expect(!state(minimum - 1, size).isAllowed(after: state(0, 0)))
        #expect(!state(minimum - 1, size).isAllowed(after: state(minimum, size)))
        #expect(state(minimum - 2, size).isAllowed(after: state(minimum - 1, size)))
        #expect(!state(minimum - 1, size).isAllowed(after: state(minimum - 2, size)))
        #expect(!state(minimum - 2, size + 1).isAllowed(after: state(minimum - 1, size)))
        #expect(state(0, size).isAllowed(after: state(minimum - 1, size)))
    }
}
