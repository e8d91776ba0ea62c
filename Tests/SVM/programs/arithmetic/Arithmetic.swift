// Computes with pairs of numbers from the instruction and returns what came out, so that Python can compare.
//
// Instruction: operation u64, then pairs (a u64, b u64). Result: for each pair two u64.

/// Untyped memory.
public typealias Pointer = UnsafeMutableRawPointer

@_extern(c, "sol_set_return_data")
func setReturnData(_ bytes: Pointer, _ count: UInt64)

/// Where the VM starts the program.
@c(entrypoint)
public func entrypoint(_ input: Pointer, _ instruction: Pointer) -> UInt64 {
    let count = (instruction - 8).load(as: UInt64.self)
    let operation = instruction.load(as: UInt64.self)
    guard let scratch = Pointer(bitPattern: 0x3_0000_0000) else { return 1 }
    var offset = 0
    let end = Int(truncatingIfNeeded: count) &- 8
    while offset < end {
        let a = instruction.loadUnaligned(fromByteOffset: 8 &+ offset, as: UInt64.self)
        let b = instruction.loadUnaligned(fromByteOffset: 16 &+ offset, as: UInt64.self)
        var first: UInt64 = 0
        var second: UInt64 = 0
        compute(operation, a, b, &first, &second)
        scratch.storeBytes(of: first, toByteOffset: offset, as: UInt64.self)
        scratch.storeBytes(of: second, toByteOffset: offset &+ 8, as: UInt64.self)
        offset &+= 16
    }
    setReturnData(scratch, UInt64(end))
    return 0
}

@inline(__always)
func compute(_ operation: UInt64, _ a: UInt64, _ b: UInt64, _ first: inout UInt64, _ second: inout UInt64) {
    switch operation {
    case 0:  // 32-bit sum and product, widened without sign
        first = UInt64(UInt32(truncatingIfNeeded: a) &+ UInt32(truncatingIfNeeded: b))
        second = UInt64(UInt32(truncatingIfNeeded: a) &* UInt32(truncatingIfNeeded: b))
    case 1:  // unsigned product, checked
        let product = a.multipliedReportingOverflow(by: b)
        first = product.partialValue
        second = product.overflow ? 1 : 0
    case 2:  // full product
        let product = a.multipliedFullWidth(by: b)
        first = product.low
        second = product.high
    case 3:  // signed product, checked
        let product = Int64(bitPattern: a).multipliedReportingOverflow(by: Int64(bitPattern: b))
        first = UInt64(bitPattern: product.partialValue)
        second = product.overflow ? 1 : 0
    case 4:  // signed quotient and remainder
        let divisor = Int64(bitPattern: b)
        if divisor == 0 || (divisor == -1 && Int64(bitPattern: a) == .min) { return }
        first = UInt64(bitPattern: Int64(bitPattern: a) / divisor)
        second = UInt64(bitPattern: Int64(bitPattern: a) % divisor)
    case 5:  // 32-bit signed quotient and remainder
        let dividend = Int32(truncatingIfNeeded: a)
        let divisor = Int32(truncatingIfNeeded: b)
        if divisor == 0 || (divisor == -1 && dividend == .min) { return }
        first = UInt64(bitPattern: Int64(dividend / divisor))
        second = UInt64(bitPattern: Int64(dividend % divisor))
    case 6:  // unsigned quotient and remainder
        if b == 0 { return }
        first = a / b
        second = a % b
    case 7:  // 128-bit product and difference
        let product = UInt128(a) &* UInt128(b) &* UInt128(a ^ b) &- UInt128(b)
        first = UInt64(truncatingIfNeeded: product)
        second = UInt64(truncatingIfNeeded: product >> 64)
    case 8:  // shifts and bytes
        first = (a >> (b & 63)) ^ (a << (b & 63)) ^ a.byteSwapped
        second = UInt64(bitPattern: Int64(bitPattern: a) >> Int64(b & 63))
    case 9:  // a product by constants, checked
        let product = a.multipliedReportingOverflow(by: 1_000_000_007)
        let power = Int64(bitPattern: b).multipliedReportingOverflow(by: 4_096)
        first = product.overflow ? .max : product.partialValue
        second = power.overflow ? .max : UInt64(bitPattern: power.partialValue)
    default:
        first = a
        second = b
    }
}
