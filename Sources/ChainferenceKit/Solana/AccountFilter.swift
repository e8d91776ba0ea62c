/// What an account must look like to be found by a node: a condition of `getProgramAccounts` and `programSubscribe`.
public enum AccountFilter: Hashable, Sendable {
    /// The data has exactly that many bytes.
    case dataSize(UInt64)
    /// The data has these bytes at that offset; nodes take 128 bytes at most.
    case bytes([UInt8], at: UInt64)

    /// Whether an account with this data would be found.
    public func matches(_ data: some RandomAccessCollection<UInt8>) -> Bool {
        switch self {
        case .dataSize(let size):
            return UInt64(data.count) == size
        case .bytes(let bytes, let offset):
            guard let offset = Int(exactly: offset), offset <= data.count, bytes.count <= data.count - offset else {
                return false
            }
            return data.dropFirst(offset).prefix(bytes.count).elementsEqual(bytes)
        }
    }
}
