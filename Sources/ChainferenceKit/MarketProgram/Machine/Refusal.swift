/// Why an instruction ends without effect: the number that `MarketProgram.process` returns.
struct Refusal: Error {
    let result: UInt64

    @inline(__always)
    init(_ code: ErrorCode) {
        result = UInt64(code.rawValue)
    }

    @inline(__always)
    init(result: UInt64) {
        self.result = result
    }
}

/// Refuses with `code` unless the condition holds.
@inline(__always)
func require(_ condition: Bool, else code: ErrorCode) throws(Refusal) {
    guard condition else { throw Refusal(code) }
}

/// Refuses with the status of a runtime requirement unless it is success.
@inline(__always)
func requireSuccess(_ status: UInt64) throws(Refusal) {
    guard status == 0 else { throw Refusal(result: status) }
}
