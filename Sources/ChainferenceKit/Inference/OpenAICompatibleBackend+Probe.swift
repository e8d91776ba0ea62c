public import CurlHTTP

extension OpenAICompatibleBackend {
    /// An OpenAI-compatible server that runs on this machine.
    public struct LocalEngine: Hashable, Sendable {
        /// The address to make a backend with.
        public let baseURL: String
        /// The models that it lists; may be empty.
        public let models: [String]
    }

    /// The ports that engines listen on unless told otherwise: Ollama, llama.cpp, vLLM, LM Studio.
    public static let commonPorts: [UInt16] = [11_434, 8_080, 8_000, 1_234]

    /// Looks for OpenAI-compatible servers on this machine.
    ///
    /// Asks 127.0.0.1 for `/v1/models` at each port, all at once. No key is sent. What does not answer in time, or answers
    /// something else than a list of models, is not listed.
    ///
    /// - Parameters:
    ///   - ports: Where to look.
    ///   - limit: How long to wait in all.
    ///   - client: What requests are sent with.
    /// - Returns: The servers found, in the order of `ports`.
    public static func probe(
        ports: [UInt16] = commonPorts,
        within limit: Duration = .milliseconds(250),
        client: HTTPClient = .shared
    ) async -> [LocalEngine] {
        await withTaskGroup(of: (Int, LocalEngine?).self) { group in
            for (index, port) in ports.enumerated() {
                group.addTask {
                    let backend = OpenAICompatibleBackend(baseURL: "http://127.0.0.1:\(port)", client: client)
                    guard let models = try? await backend.engineModels(within: limit) else { return (index, nil) }
                    return (index, LocalEngine(baseURL: backend.baseURL, models: models))
                }
            }
            var found: [(Int, LocalEngine)] = []
            for await case (let index, let engine?) in group { found.append((index, engine)) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
