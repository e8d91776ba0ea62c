import JSON

extension GenerationRequest {
    /// The same request to a model that shall go on where another one stopped: the text so far as the assistant's message,
    /// and a limit on tokens that leaves out those that have come.
    ///
    /// Engines take a conversation that ends with the assistant's words as the beginning of the answer; those that want to
    /// be told (vLLM, SGLang) are told by `continue_final_message`.
    ///
    /// - Parameters:
    ///   - text: What has been answered so far; the request itself is returned if that is nothing.
    ///   - tokens: How many tokens that was.
    /// - Returns: The request for the rest.
    /// - Throws: ``InferenceError/invalidRequest(reason:)`` when the result would be too large.
    public func continued(after text: String, tokens: Int) throws(InferenceError) -> GenerationRequest {
        guard !text.isEmpty, let messages = Self.members(of: body)?["messages"],
            let end = messages.lastIndex(of: UInt8(ascii: "]"))
        else { return self }
        let message: JSONValue = ["role": "assistant", "content": .string(text)]
        let all = Array(messages[..<end]) + [UInt8(ascii: ",")] + message.serialized() + [UInt8(ascii: "]")]
        let whole = try GenerationRequest(
            parsing: body(setting: [
                ("messages", all),
                ("add_generation_prompt", Array("false".utf8)),
                ("continue_final_message", Array("true".utf8)),
            ])
        )
        guard let maximumOutputTokens else { return whole }
        return try whole.limitingOutput(to: max(1, maximumOutputTokens - tokens))
    }
}
