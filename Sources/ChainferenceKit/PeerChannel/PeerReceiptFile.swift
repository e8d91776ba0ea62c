/// A receipt as it is kept in a file, with the wallet that signed it: everything that a check needs but prompt and answer.
///
/// Ten lines of ASCII, each a name, a space and a value, each ended by a line feed; every receipt has exactly one
/// spelling. See Documentation/peer-protocol.md.
public struct PeerReceiptFile: Hashable, Sendable {
    /// The wallet of the server, 32 bytes.
    public var serverWallet: [UInt8]
    /// The receipt.
    public var receipt: PeerReceipt

    /// Puts the parts together.
    ///
    /// - Precondition: the wallet has 32 bytes and the receipt is signed.
    public init(serverWallet: [UInt8], receipt: PeerReceipt) {
        precondition(serverWallet.count == 32, "a wallet has 32 bytes")
        precondition(receipt.signature.count == FinMessage.signatureSize, "the receipt is not signed")
        self.serverWallet = serverWallet
        self.receipt = receipt
    }

    /// Checks the receipt, offline.
    ///
    /// - Parameters:
    ///   - prompt: The prompt's bytes as they were sent, if they are to be checked, too.
    ///   - answer: The answer's bytes as they arrived, if they are to be checked, too.
    /// - Throws: What is wrong.
    public func verify(prompt: [UInt8]? = nil, answer: [UInt8]? = nil) throws(PeerReceiptFault) {
        try receipt.verify(by: serverWallet, prompt: prompt, answer: answer)
    }

    private static let title = "chainference-receipt 1"

    /// The file's text.
    public var text: String {
        let lines = [
            Self.title,
            "server \(Base58Key.encode(serverWallet))",
            "request \(Base58Key.encode(receipt.request))",
            "session \(receipt.channelBinding.hexadecimal)",
            "prompt \(receipt.promptNumber) \(receipt.promptDigest.hexadecimal)",
            "answer \(receipt.outputLength) \(receipt.outputDigest.hexadecimal)",
            "input-tokens \(receipt.inputTokens)",
            "output-tokens \(receipt.outputTokens)",
            "finish \(receipt.reason.rawValue)",
            "signature \(receipt.signature.hexadecimal)",
        ]
        return lines.map { $0 + "\n" }.joined()
    }

    /// Reads a file's text.
    ///
    /// - Throws: ``Fault`` with the line. The signature is not checked by this.
    public init(parsing text: String) throws(Fault) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        var number = 0
        func fields(_ name: String, _ count: Int) throws(Fault) -> [Substring] {
            number += 1
            guard let line = lines.popFirst() else { throw Fault(line: number) }
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == count + 1, parts[0] == name else { throw Fault(line: number) }
            return Array(parts.dropFirst())
        }
        func key(_ text: Substring) throws(Fault) -> [UInt8] {
            guard let key = Base58Key.decode(String(text)) else { throw Fault(line: number) }
            return key
        }
        func bytes(_ text: Substring, _ count: Int) throws(Fault) -> [UInt8] {
            guard let bytes = [UInt8](hexadecimal: text), bytes.count == count else { throw Fault(line: number) }
            return bytes
        }
        func integer<Value: FixedWidthInteger>(_ text: Substring) throws(Fault) -> Value {
            guard let value = Value(text), String(value) == text else { throw Fault(line: number) }
            return value
        }
        number += 1
        guard lines.popFirst() == Self.title[...] else { throw Fault(line: number) }
        serverWallet = try key(fields("server", 1)[0])
        let request = try key(fields("request", 1)[0])
        let session = try bytes(fields("session", 1)[0], 32)
        let prompt = try fields("prompt", 2)
        let (promptNumber, promptDigest): (UInt32, [UInt8]) = (try integer(prompt[0]), try bytes(prompt[1], 32))
        let answer = try fields("answer", 2)
        let (outputLength, outputDigest): (UInt64, [UInt8]) = (try integer(answer[0]), try bytes(answer[1], 32))
        let inputTokens: UInt32 = try integer(fields("input-tokens", 1)[0])
        let outputTokens: UInt32 = try integer(fields("output-tokens", 1)[0])
        let reason: UInt8 = try integer(fields("finish", 1)[0])
        let signature = try bytes(fields("signature", 1)[0], FinMessage.signatureSize)
        number += 1
        // What the last line feed ends is nothing.
        guard lines.count == 1, lines.first?.isEmpty == true else { throw Fault(line: number) }
        receipt = PeerReceipt(
            channelBinding: session,
            request: request,
            promptNumber: promptNumber,
            promptDigest: promptDigest,
            outputDigest: outputDigest,
            outputLength: outputLength,
            inputTokens: inputTokens,
            outputTokens: outputTokens,
            reason: PeerFinishReason(rawValue: reason),
            signature: signature
        )
    }

    /// A text that is not a receipt.
    public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// The first line that is wrong, from 1.
        public let line: Int

        /// What is wrong.
        public var description: String { "This is not a receipt: line \(line) is not what it should be." }
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String {
        let digits = [UInt8]("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Lower-case digits only: every text has one spelling.
    fileprivate init?(hexadecimal text: Substring) {
        func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        let digits = [UInt8](text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        self = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            append(high << 4 | low)
        }
    }
}
