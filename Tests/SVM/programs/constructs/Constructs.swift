// One construct of the language after the other; the first byte of the instruction chooses. Returns a result or traps.

/// Untyped memory.
public typealias Pointer = UnsafeMutableRawPointer

@_extern(c, "sol_set_return_data")
func setReturnData(_ bytes: Pointer, _ count: UInt64)
@_extern(c, "sol_log_")
func log(_ text: UnsafePointer<UInt8>, _ count: UInt64)

enum Refusal: UInt64, Error {
    case odd = 11
    case large = 12
}

struct Squares {
    static let table: InlineArray<8, UInt64> = [0, 1, 4, 9, 16, 25, 36, 49]
}

let primes: (UInt16, UInt16, UInt16, UInt16) = (2, 3, 5, 7)

/// Where the VM starts the program.
@c(entrypoint)
public func entrypoint(_ input: Pointer, _ instruction: Pointer) -> UInt64 {
    let argument = instruction.loadUnaligned(fromByteOffset: 1, as: UInt64.self)
    var result: UInt64 = 0
    switch instruction.load(as: UInt8.self) {
    case 0: result = depth(argument)
    case 1: result = Squares.table[Int(truncatingIfNeeded: argument)]
    case 2: result = name(argument)
    case 3:
        do throws(Refusal) { result = try halve(argument) } catch { return error.rawValue }
    case 4:
        let function: @convention(c) (UInt64) -> UInt64 = argument & 1 == 0 ? twice : thrice
        result = apply(function, argument)
    case 5: result = argument + 1  // traps at the largest number
    case 6: result = 100 / argument  // traps at 0
    case 7: result = UInt64(UInt8(argument))  // traps above 255
    case 8:
        let text: StaticString = "hello from Swift"
        log(text.utf8Start, UInt64(text.utf8CodeUnitCount))
        result = argument &+ UInt64(primes.3)
    case 9: result = first(argument) ?? 77
    case 10: fatalError()
    case 11: result = sum(argument)
    case 12: result = argument * argument  // traps above 2^32
    case 13:
        do throws(Refusal) { result = try conventions(argument) } catch { return error.rawValue }
    default: return 99
    }
    setReturnData(withUnsafeMutablePointer(to: &result) { Pointer($0) }, 8)
    return 0
}

/// Recursion that is no loop in disguise: something remains to be done after the call.
@inline(never)
func depth(_ n: UInt64) -> UInt64 {
    if n == 0 { return 1 }
    return (depth(n &- 1) &* 3) ^ n
}

/// A switch that LLVM turns into a table of constants.
@inline(never)
func name(_ n: UInt64) -> UInt64 {
    switch n {
    case 0: 0x1111
    case 1: 0x2222_0000
    case 2: 0x3333
    case 3: 0x4444_4444_4444
    case 4: 0x5555
    case 5: 7
    default: 0
    }
}

@inline(never)
func halve(_ n: UInt64) throws(Refusal) -> UInt64 {
    if n & 1 == 1 { throw .odd }
    if n > 1_000 { throw .large }
    return n / 2
}

@inline(never) @c
func twice(_ n: UInt64) -> UInt64 { n &* 2 }
@inline(never) @c
func thrice(_ n: UInt64) -> UInt64 { n &* 3 }
@inline(never)
func apply(_ function: @convention(c) (UInt64) -> UInt64, _ n: UInt64) -> UInt64 { function(n) &+ function(1) }

@inline(__always)
func first(_ n: UInt64) -> UInt64? { n > 5 ? n : nil }

/// A frame of 2,000 bytes.
@inline(never)
func sum(_ n: UInt64) -> UInt64 {
    var values = InlineArray<250, UInt64>(repeating: n)
    for i in 0..<250 { values[i] = values[i] &+ UInt64(truncatingIfNeeded: i) }
    values[Int(truncatingIfNeeded: n % 250)] = 0
    var total: UInt64 = 0
    for i in 0..<250 { total &+= values[i] }
    return total
}

// Results wider than a register, and more arguments than registers.

@inline(never)
func both(_ n: UInt64) -> (UInt64, UInt64, UInt64) { (n &* 3, n ^ 0xff, n &+ 1_000) }

@inline(never)
func half(_ n: UInt64) -> UInt64? { n & 1 == 0 ? n / 2 : nil }

struct Point {
    var x: UInt64
    var y: UInt32
    var z: Bool
}

@inline(never)
func point(_ n: UInt64, _ flag: Bool) -> Point { Point(x: n, y: UInt32(truncatingIfNeeded: n), z: flag) }

@inline(never)
func eight(
    _ a: UInt64,
    _ b: UInt32,
    _ c: UInt64,
    _ d: UInt8,
    _ e: UInt64,
    _ f: Bool,
    _ g: UInt64,
    _ h: Int32
) -> UInt64 {
    (a &+ UInt64(b) &* 2 &+ c &* 3 &+ UInt64(d) &* 5 &+ e &* 7) ^ (f ? g : UInt64(bitPattern: Int64(h)))
}

@inline(never)
func wideOfMany(
    _ a: UInt64,
    _ b: UInt64,
    _ c: UInt64,
    _ d: UInt64,
    _ e: UInt64,
    _ f: UInt64
) -> (UInt64, UInt64) {
    if a == 0 { return (b &+ c, d &+ e &+ f) }
    let rest = wideOfMany(a &- 1, c, d, e, f, b)
    return (rest.0 &* 3 ^ a, rest.1 &+ b)
}

@inline(never)
func wide128(_ a: UInt128, _ b: UInt128, _ c: UInt128) -> UInt128 { (a &+ b) ^ (c << 3) }

@inline(never)
func halveOrThrow(_ n: UInt64) throws(Refusal) -> (UInt64, UInt64) {
    if n & 1 == 1 { throw .odd }
    return (n / 2, n)
}

func conventions(_ n: UInt64) throws(Refusal) -> UInt64 {
    let first = both(n)
    let second = half(first.0) ?? 5
    let third = point(n, second > 9)
    let fourth = eight(n, third.y, first.1, UInt8(truncatingIfNeeded: n), second, third.z, first.2, -7)
    let fifth = wideOfMany(n & 15, n, second, third.x, fourth, 6)
    let sixth = wide128(UInt128(fifth.0), UInt128(fourth) << 64, UInt128(n))
    let seventh = try halveOrThrow(fifth.1 & ~1)
    let eighth = both(fourth & 1 == 0 ? seventh.0 : seventh.1)
    return UInt64(truncatingIfNeeded: sixth) ^ UInt64(truncatingIfNeeded: sixth >> 64) &+ eighth.0 &+ eighth.2
}
