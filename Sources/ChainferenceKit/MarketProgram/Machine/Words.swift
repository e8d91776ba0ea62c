// Loads and stores of any alignment, little-endian as every machine that runs this program. The Solana VM permits them at
// any address, and the toolchain turns each into one instruction.

extension UnsafeMutableRawPointer {
    @inline(__always)
    func word(_ offset: Int) -> UInt64 { loadUnaligned(fromByteOffset: offset, as: UInt64.self) }

    @inline(__always)
    func setWord(_ offset: Int, _ value: UInt64) { storeBytes(of: value, toByteOffset: offset, as: UInt64.self) }

    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

    @inline(__always)
    func setByte(_ offset: Int, _ value: UInt8) { storeBytes(of: value, toByteOffset: offset, as: UInt8.self) }

    @inline(__always)
    func u16(_ offset: Int) -> UInt64 { UInt64(loadUnaligned(fromByteOffset: offset, as: UInt16.self)) }

    @inline(__always)
    func setU16(_ offset: Int, _ value: UInt64) {
        storeBytes(of: UInt16(truncatingIfNeeded: value), toByteOffset: offset, as: UInt16.self)
    }

    @inline(__always)
    func u32(_ offset: Int) -> UInt64 { UInt64(loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }

    @inline(__always)
    func setU32(_ offset: Int, _ value: UInt64) {
        storeBytes(of: UInt32(truncatingIfNeeded: value), toByteOffset: offset, as: UInt32.self)
    }

    /// A signed word: a Unix time.
    @inline(__always)
    func time(_ offset: Int) -> Int64 { Int64(bitPattern: word(offset)) }

    @inline(__always)
    func setTime(_ offset: Int, _ value: Int64) { setWord(offset, UInt64(bitPattern: value)) }

    /// A pointer `count` bytes further.
    @inline(__always)
    func advanced(by count: UInt64) -> UnsafeMutableRawPointer { self + Int(truncatingIfNeeded: count) }
}

/// Whether two keys or hashes of 32 bytes are equal.
@inline(__always)
func areEqualKeys(_ left: UnsafeMutableRawPointer, _ right: UnsafeMutableRawPointer) -> Bool {
    left.word(0) == right.word(0) && left.word(8) == right.word(8)
        && left.word(16) == right.word(16) && left.word(24) == right.word(24)
}

/// Refuses with `code` unless two keys or hashes of 32 bytes are equal.
@inline(__always)
func requireEqual(
    _ left: UnsafeMutableRawPointer,
    _ right: UnsafeMutableRawPointer,
    else code: ErrorCode
) throws(Refusal) {
    try requireSuccess(compareKeys(left, right, UInt64(code.rawValue)))
}

/// Whether two keys or hashes of 32 bytes are equal: a call, where ``areEqualKeys(_:_:)`` would take more room.
@inline(__always)
func equalKeys(_ left: UnsafeMutableRawPointer, _ right: UnsafeMutableRawPointer) -> Bool {
    compareKeys(left, right, 1) == 0
}

/// 0 when two keys are equal, else `code`.
@inline(never)
func compareKeys(
    _ left: UnsafeMutableRawPointer,
    _ right: UnsafeMutableRawPointer,
    _ code: UInt64
) -> UInt64 {
    areEqualKeys(left, right) ? 0 : code
}

/// Whether 32 bytes are all zero.
@inline(__always)
func isZeroKey(_ key: UnsafeMutableRawPointer) -> Bool {
    key.word(0) | key.word(8) | key.word(16) | key.word(24) == 0
}

/// Whether 32 bytes are these four little-endian words.
@inline(__always)
func isKey(
    _ key: UnsafeMutableRawPointer,
    _ first: UInt64,
    _ second: UInt64,
    _ third: UInt64,
    _ fourth: UInt64
) -> Bool {
    key.word(0) == first && key.word(8) == second
        && key.word(16) == third && key.word(24) == fourth
}

/// Copies 32 bytes.
@inline(__always)
func copyKey(from source: UnsafeMutableRawPointer, to destination: UnsafeMutableRawPointer) {
    destination.setWord(0, source.word(0))
    destination.setWord(8, source.word(8))
    destination.setWord(16, source.word(16))
    destination.setWord(24, source.word(24))
}

/// Writes 32 zero bytes.
@inline(__always)
func clearKey(_ key: UnsafeMutableRawPointer) {
    key.setWord(0, 0)
    key.setWord(8, 0)
    key.setWord(16, 0)
    key.setWord(24, 0)
}
