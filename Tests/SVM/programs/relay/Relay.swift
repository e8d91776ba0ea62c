// Calls the program of its first account with its other accounts and its own data: for tests of what may be called by
// other programs.

/// Untyped memory.
public typealias Pointer = UnsafeMutableRawPointer

@_extern(c, "sol_invoke_signed_c")
func invoke(
    _ instruction: Pointer,
    _ accounts: Pointer,
    _ accountCount: UInt64,
    _ signers: Pointer,
    _ signerCount: UInt64
) -> UInt64

@inline(__always)
func word(_ pointer: Pointer, _ offset: Int) -> UInt64 { pointer.load(fromByteOffset: offset, as: UInt64.self) }

@inline(__always)
func set(_ pointer: Pointer, _ offset: Int, _ value: UInt64) {
    pointer.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
}

@inline(__always)
func address(_ pointer: Pointer) -> UInt64 { UInt64(UInt(bitPattern: pointer)) }

/// Passes the call on; accounts must not repeat.
@c(entrypoint)
public func entrypoint(_ input: Pointer, _ data: Pointer) -> UInt64 {
    let heap = Pointer(bitPattern: 0x3_0000_0000 as UInt).unsafelyUnwrapped
    let infos = heap + 64
    let metas = heap + 4_096
    let count = word(input, 0)
    var account = input + 8
    let program = account + 8
    var info = infos
    var meta = metas
    var index: UInt64 = 0
    while index < count {
        set(info, 0, address(account + 8))
        set(info, 8, address(account + 72))
        set(info, 16, word(account, 80))
        set(info, 24, address(account + 88))
        set(info, 32, address(account + 40))
        set(info, 40, 0)
        set(info, 48, (word(account, 0) >> 8) & 0x00ff_ffff)
        info += 56
        if index != 0 {
            set(meta, 0, address(account + 8))
            // u8 writable, u8 signer.
            let flags = word(account, 0)
            set(meta, 8, (flags >> 16) & 1 | ((flags >> 8) & 1) << 8)
            meta += 16
        }
        let length = (word(account, 80) &+ 7) & ~7
        account = account + (88 + 10_240 + 8) + Int(truncatingIfNeeded: length)
        index = index &+ 1
    }
    set(heap, 0, address(program))
    set(heap, 8, address(metas))
    set(heap, 16, count &- 1)
    set(heap, 24, address(data))
    set(heap, 32, word(data - 8, 0))
    return invoke(heap, infos, count, heap, 0)
}
