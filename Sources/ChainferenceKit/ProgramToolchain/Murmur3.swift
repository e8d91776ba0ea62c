/// The 32-bit MurmurHash3 with seed 0, by which the Solana VM names system calls.
///
/// Source: Austin Appleby's public-domain description (`MurmurHash3_x86_32`); its use for calls is described in SIMD-0178.
public enum Murmur3 {
    /// The hash of `bytes`.
    public static func hash(_ bytes: some Collection<UInt8>) -> UInt32 {
        var state: UInt32 = 0
        var block: UInt32 = 0
        var filled: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            block |= UInt32(byte) << (8 * filled)
            filled += 1
            count &+= 1
            if filled == 4 {
                state ^= scramble(block)
                state = rotate(state, 13) &* 5 &+ 0xe654_6b64
                block = 0
                filled = 0
            }
        }
        if filled > 0 { state ^= scramble(block) }
        state ^= count
        state ^= state >> 16
        state &*= 0x85eb_ca6b
        state ^= state >> 13
        state &*= 0xc2b2_ae35
        state ^= state >> 16
        return state
    }

    private static func scramble(_ block: UInt32) -> UInt32 {
        rotate(block &* 0xcc9e_2d51, 15) &* 0x1b87_3593
    }

    private static func rotate(_ value: UInt32, _ distance: UInt32) -> UInt32 {
        value << distance | value >> (32 - distance)
    }
}
