public import Inference
import InferenceMarket

extension Provider {
    /// What a provider sells, who answers, and its limits: everything that can be changed while it runs.
    ///
    /// ``Provider/reload(_:)`` says which parts of the configuration only a new start can change.
    public struct Plan: Sendable {
        /// The models that are served, and their terms.
        public var offers: [Offer]

        /// What generates the answers, by the names that the offers use.
        public var backends: [BackendName: any InferenceBackend]

        /// Limits and choices.
        public var configuration: Configuration

        /// Puts a plan together.
        public init(
            offers: [Offer],
            backends: [BackendName: any InferenceBackend],
            configuration: Configuration = Configuration()
        ) {
            self.offers = offers
            self.backends = backends
            self.configuration = configuration
        }
    }
}

extension Provider.Plan {
    /// Refuses what can't work before anything is asked or spent.
    ///
    /// - Throws: ``ProviderError``.
    public func validate() throws(ProviderError) {
        guard !offers.isEmpty else { throw .noOffers }
        var seen: Set<ModelHash> = []
        for offer in offers {
            guard seen.insert(offer.model.hash).inserted else { throw .duplicateOffer(offer.model) }
            guard backends[offer.backend] != nil else {
                throw .noSuchBackend(offer.backend, of: offer.model, known: backends.keys.map(\.rawValue).sorted())
            }
            let ceiling = PricePerMillionTokens.maximum
            guard offer.terms.outputPrice > .free, offer.terms.outputPrice <= ceiling,
                offer.terms.inputPrice <= ceiling, offer.terms.minimumCharge.rawValue <= ceiling.rawValue
            else { throw .invalidTerms(offer.model) }
        }
    }

    /// Asks every backend that is used whether it serves what is offered.
    ///
    /// - Throws: ``ProviderError/backendUnavailable(_:reason:)`` and ``ProviderError/modelNotServed(_:available:)``.
    public func checkBackends() async throws {
        var available: [Provider.BackendName: [String]] = [:]
        for (name, backend) in backends where offers.contains(where: { $0.backend == name }) {
            do {
                available[name] = try await backend.models()
            } catch let error as CancellationError {
                throw error
            } catch {
                throw ProviderError.backendUnavailable(name, reason: "\(error)")
            }
        }
        for offer in offers {
            let models = available[offer.backend] ?? []
            guard models.contains(offer.backendModel) else {
                throw ProviderError.modelNotServed(offer.backendModel, available: models)
            }
        }
    }

    /// What answers for a model now; nil if it is not offered.
    func engagement(for model: ModelID) -> Engagement? {
        guard let offer = offers.first(where: { $0.model == model }), let backend = backends[offer.backend] else {
            return nil
        }
        return Engagement(offer: offer, backend: backend, limits: offer.limits ?? configuration.limits)
    }
}

/// What a lock was taken for: the offer as it stood then, and who answers, whatever becomes of the plan meanwhile.
struct Engagement: Sendable {
    let offer: Provider.Offer
    let backend: any InferenceBackend
    let limits: Provider.Limits
}

extension Provider.Configuration {
    /// What a provider that runs can't change, by the name of what is different in `other`.
    func fixedDifferences(from other: Provider.Configuration) -> [String] {
        var names: [String] = []
        if listenHost != other.listenHost || listenPort != other.listenPort { names.append("the address to listen on") }
        if advertisedHost != other.advertisedHost || advertisedPort != other.advertisedPort {
            names.append("the address that clients are sent to")
        }
        if relay != other.relay || relayProxy != other.relayProxy { names.append("the relay") }
        if maximumPromptBytes != other.maximumPromptBytes { names.append("the limit on a prompt's bytes") }
        if idleLimit != other.idleLimit { names.append("the idle limit") }
        if maximumDirectWaiters != other.maximumDirectWaiters { names.append("the number of waiting clients") }
        if shape != other.shape { names.append("the shape of the stream") }
        if stateFolder != other.stateFolder { names.append("the state folder") }
        return names
    }
}
