public import InferenceMarket
public import Solana

/// Why a provider can't run.
public enum ProviderError: Error, Hashable, Sendable {
    /// There is nothing to offer.
    case noOffers
    /// A model is offered twice.
    case duplicateOffer(ModelID)
    /// An offer's terms are outside of what the program accepts.
    case invalidTerms(ModelID)
    /// The backend does not serve an offered model.
    case modelNotServed(String, available: [String])
    /// A backend can't be asked.
    case backendUnavailable(Provider.BackendName, reason: String)
    /// An offer names a backend that there is not.
    case noSuchBackend(Provider.BackendName, of: ModelID, known: [String])
    /// A reload came while the provider did not run.
    case notRunning
    /// A reload would change what only a new start can change.
    case needsRestart([String])
    /// The market was not initialised on this cluster, or the program is another.
    case noMarket(program: Address)
    /// The wallet can't pay for registering.
    case insufficientFunds(wallet: Address, balance: Lamports, needed: Lamports)
    /// The port for clients can't be had.
    case cannotListen(at: String, reason: String)
    /// The address that clients would be sent to is no peer address.
    case invalidAdvertisedAddress(reason: String)
    /// There is no folder for the store.
    case noStateFolder(reason: String)
    /// Claims were still outstanding when the time for the shutdown had passed; they go out at the next start.
    case unsettledAtShutdown(count: Int)
}

extension ProviderError: CustomStringConvertible {
    /// What happened and what to do.
    public var description: String {
        switch self {
        case .noOffers:
            "There is nothing to offer. Name at least one model and its price."
        case .duplicateOffer(let model):
            "The model \(model) is offered twice. Leave one of the offers out."
        case .invalidTerms(let model):
            "The terms of \(model) are outside of what the market accepts: output must cost at least 1 lamport per million "
                + "tokens, and no price or minimum more than \(PricePerMillionTokens.maximum.rawValue)."
        case .modelNotServed(let model, let available):
            available.isEmpty
                ? "The backend serves no model at all, so not \(model) either. Load it first."
                : "The backend does not serve \(model). It serves: \(available.joined(separator: ", ")). Name one of these as "
                    + "the backend's model."
        case .backendUnavailable(let name, let reason):
            "The backend “\(name)” can't be asked for its models: \(reason). Start it first."
        case .noSuchBackend(let name, let model, let known):
            "The offer of \(model) names the backend “\(name)”, which there is not. "
                + (known.isEmpty ? "Name at least one backend." : "There are: \(known.joined(separator: ", ")).")
        case .notRunning:
            "The provider does not run, so there is nothing to change. Start it with the new plan."
        case .needsRestart(let names):
            "A running provider can't change \(names.joined(separator: ", ")). Everything stays as it was; stop it with "
                + "SIGTERM, which finishes what runs, and start it anew."
        case .noMarket(let program):
            "There is no market at the program \(program) on this cluster. Check the cluster and the program's address."
        case .insufficientFunds(let wallet, let balance, let needed):
            "The wallet \(wallet) holds \(balance), but registering needs \(needed), most of it rent that comes back. "
                + "Fund the wallet."
        case .cannotListen(let place, let reason):
            "Clients can't be listened for at \(place): \(reason). Stop the program that has the port, which may be another "
                + "provider, or name another one."
        case .invalidAdvertisedAddress(let reason):
            "Clients can't be sent to the advertised address: \(reason). Name another host."
        case .noStateFolder(let reason):
            "There is no folder for the provider's store: \(reason). Name one in the configuration."
        case .unsettledAtShutdown(let count):
            "\(count) claims were still outstanding when the shutdown's time had passed. Nothing is lost: start the provider "
                + "again before their deadlines, and it claims them."
        }
    }
}
