public import InferenceMarket
public import Solana

extension Provider {
    /// The name of a backend among those of a provider; for the operator alone, clients never see it.
    public struct BackendName: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
        /// The one of a provider that has only one.
        public static let main: BackendName = "main"

        /// The name.
        public let rawValue: String

        /// Takes a name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Takes a name that is written in the source.
        public init(stringLiteral value: String) { rawValue = value }
    }

    /// The bounds of one answer.
    public struct Limits: Hashable, Sendable {
        /// The most input tokens, as the engine counts them or as they are estimated; nil for no bound but the prompt's
        /// bytes.
        public var maximumInputTokens: UInt64?

        /// The most output tokens, where the client sets no lower limit.
        public var maximumOutputTokens: Int

        /// How long an answer may take, if less than the lock lasts; what is there by then is the answer.
        public var maximumDuration: Duration?

        /// Sets the bounds.
        public init(
            maximumInputTokens: UInt64? = nil,
            maximumOutputTokens: Int = 16_384,
            maximumDuration: Duration? = nil
        ) {
            self.maximumInputTokens = maximumInputTokens
            self.maximumOutputTokens = maximumOutputTokens
            self.maximumDuration = maximumDuration
        }
    }

    /// A model that is offered, its terms, and who answers.
    public struct Offer: Hashable, Sendable {
        /// A minimum charge that pays for the lock (5,000 lamports), the claim (10,000) and a little more.
        public static let standardMinimumCharge: Lamports = 20_000

        /// The model, under the name that clients ask for.
        public var model: ModelID

        /// What it costs.
        public var terms: Terms

        /// The backend that answers.
        public var backend: BackendName

        /// The model's name at the backend: the one place where a model is renamed.
        public var backendModel: String

        /// The bounds of one answer; nil for the provider's.
        public var limits: Limits?

        /// Offers a model.
        ///
        /// - Parameters:
        ///   - model: The name that clients ask for, normally the Hugging Face id.
        ///   - pricePerMillionTokens: What a million output tokens cost.
        ///   - pricePerMillionInputTokens: What a million input tokens cost; free unless given.
        ///   - minimumCharge: What a session costs at least, however short.
        ///   - backend: The backend that answers.
        ///   - backendModel: The model's name at the backend, where that differs.
        ///   - limits: The bounds of one answer, where they are not the provider's.
        public init(
            model: ModelID,
            pricePerMillionTokens: PricePerMillionTokens,
            pricePerMillionInputTokens: PricePerMillionTokens = .free,
            minimumCharge: Lamports = standardMinimumCharge,
            backend: BackendName = .main,
            backendModel: String? = nil,
            limits: Limits? = nil
        ) {
            self.model = model
            self.terms = Terms(
                outputPrice: pricePerMillionTokens,
                inputPrice: pricePerMillionInputTokens,
                minimumCharge: minimumCharge
            )
            self.backend = backend
            self.backendModel = backendModel ?? model.name
            self.limits = limits
        }
    }
}

extension Provider.BackendName: CustomStringConvertible {
    /// The name.
    public var description: String { rawValue }
}
