import Solana
import Testing

@Suite("The Ed25519 program")
struct Ed25519ProgramTests {
    private let keypair: Keypair
    private let message = Array("voucher".utf8)
    private let instruction: Instruction

    init() throws {
        keypair = try Keypair(seed: [UInt8](repeating: 9, count: 32))
        instruction = Ed25519Program.verify(signature: keypair.sign(message), by: keypair.address, message: message)
    }

    @Test("the layout is the canonical one: two words that programs compare")
    func layout() {
        let words = (0..<2).map { word in
            (0..<8).reduce(UInt64(0)) { $0 | UInt64(instruction.data[word * 8 + $1]) << (8 * UInt64($1)) }
        }
        #expect(words[0] == 0x0010_ffff_0030_0001)
        #expect(words[1] == 0xffff_0007_0070_ffff)
        #expect(instruction.data.count == 112 + message.count)
        #expect(instruction.accounts.isEmpty)
    }

    @Test("what was written is read back, and is valid")
    func roundTrip() throws {
        let read = try #require(SingleEd25519Signature(decoding: instruction.data))
        #expect(read.address == keypair.address)
        #expect(read.message == message)
        #expect(read.isValid)
        try Ed25519Program.verify(instruction.data, instructions: [instruction.data])
    }

    @Test("every bit of the header is checked: with other offsets, another message could be verified")
    func header() {
        for bit in 0..<(16 * 8) {
            var data = instruction.data
            data[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(SingleEd25519Signature(decoding: data) == nil, "bit \(bit)")
        }
        #expect(SingleEd25519Signature(decoding: instruction.data + [0]) == nil)
        for count in 0..<instruction.data.count {
            #expect(SingleEd25519Signature(decoding: instruction.data[..<count]) == nil)
        }
    }

    @Test("a changed key, signature or message does not verify")
    func forged() throws {
        for place in 16..<instruction.data.count {
            var data = instruction.data
            data[place] ^= 1
            let read = try #require(SingleEd25519Signature(decoding: data))
            #expect(!read.isValid)
            #expect(throws: PrecompileError.self) { try Ed25519Program.verify(data, instructions: [data]) }
        }
    }

    @Test("as the runtime: parts may lie in other instructions, must exist, and a bad signature is code 2")
    func precompile() throws {
        let data = instruction.data
        func fields(_ values: [UInt16], count: UInt8 = 1) -> [UInt8] {
            [count, 0] + values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        }
        let other = Array(data[16...])
        // Key at 0, signature at 32, message at 96 of instruction 1.
        let pointing = fields([32, 1, 0, 1, 96, UInt16(message.count), 1])
        try Ed25519Program.verify(pointing, instructions: [pointing, other])
        #expect(throws: PrecompileError.invalidDataOffsets) {
            try Ed25519Program.verify(pointing, instructions: [pointing])
        }
        let beyond = fields([32, 1, 0, 1, 96, UInt16(message.count + 1), 1])
        #expect(throws: PrecompileError.invalidDataOffsets) {
            try Ed25519Program.verify(beyond, instructions: [beyond, other])
        }
        let wrong = fields([32, 1, 0, 1, 96, UInt16(message.count - 1), 1])
        #expect(throws: PrecompileError.invalidSignature) {
            try Ed25519Program.verify(wrong, instructions: [wrong, other])
        }
        #expect(PrecompileError.invalidSignature.rawValue == 2)
        #expect(throws: PrecompileError.invalidInstructionDataSize) { try Ed25519Program.verify([1], instructions: []) }
        #expect(throws: PrecompileError.invalidInstructionDataSize) {
            try Ed25519Program.verify([0, 0, 1], instructions: [])
        }
        #expect(throws: PrecompileError.invalidInstructionDataSize) {
            try Ed25519Program.verify(fields([], count: 1), instructions: [])
        }
        try Ed25519Program.verify([0, 0], instructions: [])
    }
}
