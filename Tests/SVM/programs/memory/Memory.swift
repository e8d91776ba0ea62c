// Copies, moves, fills and compares blocks of all lengths and alignments on the VM's heap.
//
// Instruction: operation u8, source offset u8, destination offset u8, byte u8, length u16. Returns 512 bytes of heap that
// began as 0, 1, 2, … modulo 251.

/// Untyped memory.
public typealias Pointer = UnsafeMutableRawPointer

@_extern(c, "sol_set_return_data")
func setReturnData(_ bytes: Pointer, _ count: UInt64)

/// Where the VM starts the program.
@c(entrypoint)
public func entrypoint(_ input: Pointer, _ instruction: Pointer) -> UInt64 {
    guard let heap = Pointer(bitPattern: 0x3_0000_0000) else { return 1 }
    for index in 0..<512 {
        heap.storeBytes(of: UInt8(truncatingIfNeeded: index % 251), toByteOffset: index, as: UInt8.self)
    }
    let source = heap + Int(instruction.load(fromByteOffset: 1, as: UInt8.self))
    let destination = heap + Int(instruction.load(fromByteOffset: 2, as: UInt8.self))
    let byte = instruction.load(fromByteOffset: 3, as: UInt8.self)
    let length = Int(instruction.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
    switch instruction.load(as: UInt8.self) {
    case 0: destination.copyMemory(from: source, byteCount: length)
    case 1:
        for index in 0..<length { destination.storeBytes(of: byte, toByteOffset: index, as: UInt8.self) }
    case 2:
        for index in 0..<length { destination.storeBytes(of: 0, toByteOffset: index, as: UInt8.self) }
    case 3: destination.copyMemory(from: source, byteCount: 7)
    case 4: destination.copyMemory(from: source, byteCount: 32)
    case 5: destination.copyMemory(from: source, byteCount: 64)
    case 6: destination.copyMemory(from: source, byteCount: 100)
    case 7: destination.initializeMemory(as: UInt8.self, repeating: byte, count: 41)
    case 8: destination.storeBytes(of: source.loadUnaligned(as: UInt64.self) &+ 1, as: UInt64.self)
    case 9: destination.storeBytes(of: source.loadUnaligned(as: UInt32.self) &+ 1, as: UInt32.self)
    case 10: destination.storeBytes(of: source.loadUnaligned(as: UInt16.self) &+ 1, as: UInt16.self)
    default: return 2
    }
    setReturnData(heap, 512)
    return 0
}
