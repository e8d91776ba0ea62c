public import Inference
public import InferenceMarket
public import Solana

/// A conversation with a server: one stake, one settlement, no transactions between the prompts.
///
/// Lent by ``InferenceClient/withSession(_:budget:for:onEvent:_:)``; one prompt at a time. When the server breaks off,
/// stalls or lies, another one goes on where it stopped, within the same budget; see ``ClientPolicy/maximumServers``.
public final class ChatSession: Sendable {
    private let host: SessionHost

    init(host: SessionHost) { self.host = host }

    /// Who answers now, on which terms, until when.
    public var lock: RequestLock { host.newestLine.lock }

    /// The request that pays the server which answers now.
    public var request: Address { host.newestLine.request.address }

    /// What has been promised so far, to all servers of the session; together they can charge no more than the budget.
    public var vouched: Lamports { host.vouched }

    /// What has been used so far, over all prompts and servers.
    public var usage: TokenCount { host.usage }

    /// Sends a prompt and receives its answer, vouching on the way.
    ///
    /// Pieces of the answer go to the session's `onEvent` as they arrive. Cancelling the task stops the model; what came
    /// until then is paid for. An answer that the stake ends arrives with the finish reason `limit`.
    ///
    /// - Throws: ``ClientError`` when there is no complete answer. The session can't be used any more then.
    @discardableResult
    public func ask(_ prompt: GenerationRequest) async throws -> Answer {
        try await host.ask(prompt)
    }

    /// Tells the chain that the answers of the present server are bad; once, and it costs a transaction fee.
    ///
    /// The flag counts against the server when it claims. It can't be taken back.
    ///
    /// - Throws: ``ClientError``.
    public func flag() async throws {
        try await host.flag()
    }
}
