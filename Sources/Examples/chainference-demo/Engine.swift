import ChainferenceKit
import Foundation

/// What answers in the demo: a server that somebody runs on this machine, or the embedded toy.
struct Engine: Sendable {
    let backend: any InferenceBackend
    let model: String

    /// Takes the named server, or offers one that listens, or falls back to the toy and says so.
    static func choose(named url: String?, stage: Stage) async throws -> Engine {
        if let url {
            let backend = OpenAICompatibleBackend(baseURL: url)
            guard let model = try await backend.models().first else {
                throw Unusable(url: url)
            }
            stage.phase("engine", "\(model) at \(url)")
            return Engine(backend: backend, model: model)
        }
        if let found = await OpenAICompatibleBackend.probe().first, let model = found.models.first {
            stage.phase("found", "\(model) at \(found.baseURL), an OpenAI-compatible server on this machine")
            if stage.confirms("Answer with it?") {
                return try await choose(named: found.baseURL, stage: stage)
            }
            stage.phase("", "to answer with it: ./Scripts/demo --backend \(found.baseURL)")
        }
        stage.phase("engine", "the embedded n-gram model, a toy: it babbles, so look at the money, not at the words")
        return Engine(backend: NGramBackend(tokensPerSecond: 60), model: NGramBackend.modelName)
    }

    struct Unusable: Error, CustomStringConvertible {
        let url: String
        var description: String { "The server at \(url) serves no model. Load one, or leave --backend out." }
    }
}
