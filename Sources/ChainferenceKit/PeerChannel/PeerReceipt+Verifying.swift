import SodiumCrypto

/// Why a receipt proves nothing.
public enum PeerReceiptFault: Error, Hashable, Sendable {
    /// The signature is not that of the server's wallet over this receipt.
    case signature
    /// The prompt is not the one that was answered.
    case prompt
    /// The answer is not the one that was given: other bytes, or more or fewer.
    case answer
}

extension PeerReceiptFault: CustomStringConvertible {
    /// What is wrong, and what that means.
    public var description: String {
        switch self {
        case .signature: "The signature is not the server's: the receipt was made up or changed, and proves nothing."
        case .prompt: "The receipt is genuine, but for another prompt."
        case .answer: "The receipt is genuine, but for another answer."
        }
    }
}

extension PeerReceipt {
    /// Checks the receipt, offline.
    ///
    /// - Parameters:
    ///   - wallet: The server's wallet, 32 bytes.
    ///   - prompt: The prompt's bytes as they were sent, if they are to be checked, too.
    ///   - answer: The answer's bytes as they arrived, if they are to be checked, too.
    /// - Throws: What is wrong. A signature is checked strictly, as libsodium does: no key of low order signs anything.
    public func verify(
        by wallet: [UInt8],
        prompt: [UInt8]? = nil,
        answer: [UInt8]? = nil
    ) throws(PeerReceiptFault) {
        guard wallet.count == 32, signature.count == FinMessage.signatureSize,
            Ed25519.verify(signature: signature, message: signedMessage, publicKey: wallet)
        else { throw .signature }
        if let prompt, SHA256.hash(prompt) != promptDigest { throw .prompt }
        if let answer, UInt64(answer.count) != outputLength || SHA256.hash(answer) != outputDigest { throw .answer }
    }
}
