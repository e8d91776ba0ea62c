import SodiumCrypto
import Solana

/// Inputs that depend on a label and a number, the same here as in `solders_floor.py`.
enum NumberedInputs {
    static func bytes(_ label: String, _ index: UInt64) -> [UInt8] {
        SHA256.hash(Array(label.utf8) + withUnsafeBytes(of: index.littleEndian) { Array($0) })
    }

    static func address(_ label: String, _ index: UInt64) throws -> Address {
        try Address(bytes: bytes(label, index))
    }

    /// The digest of all results in order, in hexadecimal.
    static func digest(_ count: Int, _ work: (Int) throws -> [UInt8]) rethrows -> String {
        var all: [UInt8] = []
        for index in 0..<count { all += try work(index) }
        return SHA256.hash(all).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
