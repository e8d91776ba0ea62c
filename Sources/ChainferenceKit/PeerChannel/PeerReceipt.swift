/// What a server signs at the end of an answer, so that anybody can later check who answered what, offline.
///
/// The signature is Ed25519 by the server's wallet over ``signedMessage``; making and checking it is up to the layer that
/// knows wallets. A receipt proves that the session took place: keep it private, or don't ask for one.
public struct PeerReceipt: Hashable, Sendable {
    /// The handshake hash, which ties the receipt to one session; 32 bytes.
    public var channelBinding: [UInt8]
    /// The address of the request's account; 32 bytes.
    public var request: [UInt8]
    /// Which prompt of the session.
    public var promptNumber: UInt32
    /// SHA-256 of the prompt's bytes.
    public var promptDigest: [UInt8]
    /// SHA-256 of the answer's bytes.
    public var outputDigest: [UInt8]
    /// How many bytes the answer has.
    public var outputLength: UInt64
    /// How many tokens the prompt had.
    public var inputTokens: UInt32
    /// How many tokens were generated.
    public var outputTokens: UInt32
    /// Why the answer ended.
    public var reason: PeerFinishReason
    /// The signature, 64 bytes; empty as long as the receipt is not signed.
    public var signature: [UInt8]

    /// The bytes that the server's wallet signs.
    ///
    /// `"chainference/receipt/1" ‖ 00 ‖ channel binding ‖ request ‖ number u32 ‖ prompt digest ‖ output digest ‖
    /// output length u64 ‖ input tokens u32 ‖ output tokens u32 ‖ reason u8`, integers little-endian. The text in front
    /// keeps the message from being anything else that a wallet may be asked to sign.
    public var signedMessage: [UInt8] {
        var message = Array("chainference/receipt/1".utf8)
        message.append(0)
        message += channelBinding
        message += request
        message.appendLittleEndian(promptNumber)
        message += promptDigest
        message += outputDigest
        message.appendLittleEndian(outputLength)
        message.appendLittleEndian(inputTokens)
        message.appendLittleEndian(outputTokens)
        message.append(reason.rawValue)
        return message
    }

    /// Puts the parts together.
    ///
    /// - Precondition: binding, request and digests have 32 bytes each.
    public init(
        channelBinding: [UInt8],
        request: [UInt8],
        promptNumber: UInt32,
        promptDigest: [UInt8],
        outputDigest: [UInt8],
        outputLength: UInt64,
        inputTokens: UInt32,
        outputTokens: UInt32,
        reason: PeerFinishReason,
        signature: [UInt8] = []
    ) {
        precondition(
            channelBinding.count == 32 && request.count == 32 && promptDigest.count == 32 && outputDigest.count == 32,
            "binding, request and digests have 32 bytes each"
        )
        self.channelBinding = channelBinding
        self.request = request
        self.promptNumber = promptNumber
        self.promptDigest = promptDigest
        self.outputDigest = outputDigest
        self.outputLength = outputLength
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
        self.reason = reason
        self.signature = signature
    }
}
