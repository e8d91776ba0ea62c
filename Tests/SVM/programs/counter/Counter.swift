// A counter in an account: the smallest useful program, and a template for others.
//
// Accounts: 0 the counter (writable, owned by this program, 40 bytes: owner's address, count u64); 1 its owner (signer).
// Instruction: one byte, 0 to begin a counter, 1 to count.

/// Untyped memory.
public typealias Pointer = UnsafeMutableRawPointer

/// What the program answers when it refuses, as a custom error.
enum Refusal: UInt64, Error {
    case badInstruction = 1
    case badAccount = 2
    case notOwner = 3
    case alreadyBegun = 4
}

/// One account in the VM's input region: a header of 88 bytes, then its data.
struct Account {
    let base: Pointer

    var isDuplicate: Bool { base.load(as: UInt8.self) != 0xff }
    var isSigner: Bool { base.load(fromByteOffset: 1, as: UInt8.self) != 0 }
    var isWritable: Bool { base.load(fromByteOffset: 2, as: UInt8.self) != 0 }
    var key: Pointer { base + 8 }
    var owner: Pointer { base + 40 }
    var dataLength: UInt64 { base.load(fromByteOffset: 80, as: UInt64.self) }
    var data: Pointer { base + 88 }
    /// The next account, after the data, 10 KiB of room to grow, alignment, and the rent epoch.
    var next: Account {
        Account(base: base + (88 + 10_240 + 8) + Int(truncatingIfNeeded: (dataLength &+ 7) & ~7))
    }
}

/// Compares addresses as four words; byte by byte would cost eight times as much.
@inline(__always)
func areEqual(_ a: Pointer, _ b: Pointer) -> Bool {
    word(a, 0) == word(b, 0) && word(a, 8) == word(b, 8) && word(a, 16) == word(b, 16) && word(a, 24) == word(b, 24)
}

@inline(__always)
func word(_ bytes: Pointer, _ offset: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }

@inline(__always)
func process(_ input: Pointer, _ instruction: Pointer) throws(Refusal) {
    let length = (instruction - 8).load(as: UInt64.self)
    guard input.load(as: UInt64.self) == 2, length == 1 else { throw .badInstruction }
    let program = instruction + 1
    let counter = Account(base: input + 8)
    guard !counter.isDuplicate, counter.isWritable, counter.dataLength == 40, areEqual(counter.owner, program) else {
        throw .badAccount
    }
    let owner = counter.next
    guard !owner.isDuplicate, owner.isSigner else { throw .notOwner }
    let count = (counter.data + 32)
    switch instruction.load(as: UInt8.self) {
    case 0:
        guard count.load(as: UInt64.self) == 0 else { throw .alreadyBegun }
        counter.data.copyMemory(from: owner.key, byteCount: 32)
        count.storeBytes(of: 1, as: UInt64.self)
    case 1:
        guard areEqual(counter.data, owner.key) else { throw .notOwner }
        // Stops the program at the largest number, like all arithmetic that overflows.
        count.storeBytes(of: count.load(as: UInt64.self) + 1, as: UInt64.self)
    default: throw .badInstruction
    }
}

/// Where the VM starts the program.
@c(entrypoint)
public func entrypoint(_ input: Pointer, _ instruction: Pointer) -> UInt64 {
    do throws(Refusal) {
        try process(input, instruction)
        return 0
    } catch {
        return error.rawValue
    }
}
