import ChainferenceKit
import Foundation
import Logging

/// One of the demo's providers.
struct Seller: Sendable {
    let name: String
    let wallet = Keypair()
    let price: PricePerMillionTokens
    let backend: any InferenceBackend

    /// The provider, with a store of its own that is gone after the demo.
    func provider(on cluster: Cluster, model: String, stage: Stage) throws -> Provider {
        let name = name
        return try Provider(
            wallet: .keypair(wallet),
            cluster: cluster,
            offers: [
                Provider.Offer(
                    model: ModelID(validating: model),
                    pricePerMillionTokens: price,
                    minimumCharge: .lamports(price.rawValue / 20)
                )
            ],
            backend: backend,
            store: ProviderStore(),
            configuration: .localnet,
            logger: Logger(label: "chainference.demo") { _ in SwiftLogNoOpLogHandler() },
            onEvent: { stage.show($0, from: name) }
        )
    }
}
