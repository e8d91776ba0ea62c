/// Whether `count` bytes are all printable ASCII without spaces (0x21 to 0x7e), eight at a time.
///
/// Reads up to seven bytes past the end: a string in the arguments is always followed by the 32 bytes of the program's
/// address. Model ids and peer addresses are ASCII by nature, and every check of full UTF-8 would cost ten times this.
@inline(never)
func isPrintable(_ text: UnsafeMutableRawPointer, count: UInt64) -> Bool {
    var word = text
    let end = text.advanced(by: count)
    let tail = text.advanced(by: count & ~7)
    // The highest bit of a byte is set in `faults` when the byte itself has it, or is 0x7f, or is below 0x21.
    var faults: UInt64 = 0
    while word != tail {
        faults |= unprintable(word.word(0))
        word += 8
    }
    if word != end {
        // Bytes beyond the end become 0x21.
        let mask = (UInt64(1) << ((count & 7) &* 8)) &- 1
        faults |= unprintable((word.word(0) & mask) | (0x2121_2121_2121_2121 & ~mask))
    }
    return faults & 0x8080_8080_8080_8080 == 0
}

@inline(__always)
private func unprintable(_ bytes: UInt64) -> UInt64 {
    bytes | (bytes &+ 0x0101_0101_0101_0101) | ~(bytes &+ 0x5f5f_5f5f_5f5f_5f5f)
}

extension Invocation {
    /// Refuses unless the arguments end with a model id at `offset`; returns its length.
    @inline(__always)
    func trailingModelID(at offset: Int) throws(Refusal) -> UInt64 {
        try requireSuccess(checkModelID(arguments, offset))
        return arguments.u32(offset)
    }

    /// Refuses unless the arguments end with a peer address at `offset`; returns its length.
    @inline(__always)
    func trailingPeerAddress(at offset: Int) throws(Refusal) -> UInt64 {
        try requireSuccess(checkPeerAddress(arguments, offset))
        return arguments.u32(offset)
    }
}

@inline(never)
private func checkModelID(_ arguments: UnsafeMutableRawPointer, _ offset: Int) -> UInt64 {
    guard endsWithString(arguments, offset) else { return UInt64(ErrorCode.instructionDidNotDeserialize.rawValue) }
    let count = arguments.u32(offset)
    guard count &- 1 < UInt64(MarketLimits.modelIDLength), isPrintable(arguments + (offset + 4), count: count) else {
        return UInt64(ErrorCode.modelIDInvalid.rawValue)
    }
    return 0
}

@inline(never)
private func checkPeerAddress(_ arguments: UnsafeMutableRawPointer, _ offset: Int) -> UInt64 {
    guard endsWithString(arguments, offset) else { return UInt64(ErrorCode.instructionDidNotDeserialize.rawValue) }
    let count = arguments.u32(offset)
    guard count <= UInt64(MarketLimits.peerAddressLength), isPrintable(arguments + (offset + 4), count: count) else {
        return UInt64(ErrorCode.peerAddressInvalid.rawValue)
    }
    return 0
}

/// Whether a Borsh string at `offset` reaches exactly to the end of the arguments.
@inline(__always)
private func endsWithString(_ arguments: UnsafeMutableRawPointer, _ offset: Int) -> Bool {
    let length = (arguments - 8).word(0)
    let fixed = UInt64(truncatingIfNeeded: offset) &+ 4
    return length >= fixed && length &- fixed == arguments.u32(offset)
}
