/// One 8-byte slot of bytecode.
///
/// `opcode` (1 byte), destination and source register (4 bits each), `offset` (i16), `immediate` (i32). The load of a
/// 64-bit constant (`lddw`) takes two slots; the second has opcode 0 and the upper half of the constant.
struct BPFInstruction: Equatable {
    static let size = 8

    var opcode: UInt8
    var destination: UInt8
    var source: UInt8
    var offset: Int16
    var immediate: Int32

    /// Reads the slot at a byte offset that the caller has checked.
    init(_ bytes: [UInt8], at position: Int) {
        opcode = bytes[position]
        destination = bytes[position + 1] & 0x0f
        source = bytes[position + 1] >> 4
        offset = bytes.littleEndian(at: position + 2)
        immediate = bytes.littleEndian(at: position + 4)
    }
}

/// The opcodes that the linker and the verifier treat by name; SBPF versions 0 and 3 agree on all of them.
enum Opcode {
    static let loadDoubleWord: UInt8 = 0x18
    static let jumpAlways: UInt8 = 0x05
    static let call: UInt8 = 0x85
    static let callRegister: UInt8 = 0x8d
    static let exit: UInt8 = 0x95
    static let move64Register: UInt8 = 0xbf
    static let add64Immediate: UInt8 = 0x07
    static let littleEndian: UInt8 = 0xd4
    static let bigEndian: UInt8 = 0xdc

    static let loads: Set<UInt8> = [0x61, 0x69, 0x71, 0x79]
    static let storesOfImmediate: Set<UInt8> = [0x62, 0x6a, 0x72, 0x7a]
    static let storesOfRegister: Set<UInt8> = [0x63, 0x6b, 0x73, 0x7b]
    static let atomics: Set<UInt8> = [0xc3, 0xdb]

    /// 32- and 64-bit arithmetic: add, sub, mul, div, or, and, lsh, rsh, mod, xor, mov, arsh, by immediate and register; neg.
    static let arithmetic: Set<UInt8> = {
        var all: Set<UInt8> = [0x84, 0x87]
        for operation: UInt8 in [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0] {
            for form: UInt8 in [0x04, 0x0c, 0x07, 0x0f] { all.insert(operation | form) }
        }
        return all
    }()
    static let divisionsByImmediate: Set<UInt8> = [0x34, 0x37, 0x94, 0x97]
    static let divisionsByRegister: Set<UInt8> = [0x3c, 0x3f, 0x9c, 0x9f]
    static let shifts32ByImmediate: Set<UInt8> = [0x64, 0x74, 0xc4]
    static let shifts64ByImmediate: Set<UInt8> = [0x67, 0x77, 0xc7]

    /// Conditional jumps that compare 64 bits: eq, gt, ge, set, ne, sgt, sge, lt, le, slt, sle.
    static let jumps64: Set<UInt8> = jumps(class: 0x05)
    /// The same comparisons of 32 bits, which only version 3 has.
    static let jumps32: Set<UInt8> = jumps(class: 0x06)

    private static func jumps(class: UInt8) -> Set<UInt8> {
        var all: Set<UInt8> = []
        for operation: UInt8 in [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0] {
            all.insert(operation | `class`)
            all.insert(operation | 0x08 | `class`)
        }
        return all
    }
}
