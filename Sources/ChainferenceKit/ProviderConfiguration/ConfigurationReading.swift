import ChainferenceKit
import CurlHTTP
import Foundation
import Inference
import InferenceMarket
import PeerChannel
import Solana
import SolanaRPC

/// Turns the sections of a file into what a provider is made of.
struct ConfigurationReading {
    let root: ConfigurationSection
    /// Where relative paths start.
    let folder: String
    let environment: [String: String]

    /// A path as the file writes it: `~` is the home folder, and relative paths start from the file's folder.
    func path(_ text: String) -> String? {
        if text.hasPrefix("~/") {
            guard let home = environment["HOME"], !home.isEmpty else { return nil }
            return home + text.dropFirst(1)
        }
        return text.hasPrefix("/") || folder.isEmpty ? text : folder + "/" + text
    }

    // MARK: The network

    /// The nodes of the cluster, the preferred one first.
    func nodes() -> [Cluster] {
        let expectation = "localnet, devnet, testnet, mainnet-beta, the URL of a node, or a list of URLs"
        return (root.texts("cluster", expectation) ?? []).compactMap { text, _ in
            do {
                return try Cluster(urlOrMoniker: text)
            } catch {
                root.fault("cluster", "\(error)")
                return nil
            }
        }
    }

    /// The market's deployment.
    func market(isLocal: Bool) -> Market {
        let program = root.value("program", "the address of the market program") { try? Address(base58: $0) }
        if program == nil, !root.has("program"), !isLocal {
            root.fault("cluster", "“program” is missing: a public cluster needs the address of the market program.")
        }
        return program.map { Market(program: $0) } ?? .localnet
    }

    // MARK: The provider

    func configuration(isLocal: Bool) -> Provider.Configuration {
        var configuration = isLocal ? Provider.Configuration.localnet : Provider.Configuration()
        func set<Value>(_ target: inout Value, _ value: Value?) {
            if let value { target = value }
        }
        let lamports = "a whole number of lamports"
        let time = "a time such as 500ms, 30s, 10m or 2h"
        if let listen = root.value("listen", "a port, or host:port", ConfigurationValue.endpoint) {
            set(&configuration.listenHost, listen.host)
            configuration.listenPort = Int(listen.port)
        }
        if let endpoint = root.value("advertise", "host:port, or a port alone", advertised) {
            configuration.advertisedHost = endpoint.host
            configuration.advertisedPort = endpoint.port
        }
        configuration.relay = root.value(
            "relay",
            "a relay's address, such as /dns/relay.example.org/tcp/3819/nnk/<key>"
        ) { try? RelayAddress(parsing: $0) }
        if let proxy = root.value("relay-proxy", "the URL of a proxy, such as socks5h://127.0.0.1:9050", { $0 }) {
            // It may hold a password, so that it is never repeated.
            configuration.relayProxy = try? HTTPProxy(url: proxy)
            if configuration.relayProxy == nil { root.fault("relay-proxy", "\(HTTPProxy.InvalidURL())") }
        }
        if root.has("relay-proxy"), !root.has("relay") {
            root.fault("relay-proxy", "There is no “relay” that this proxy could lead to.")
        }
        if root.has("relay"), root.has("advertise") {
            root.fault("advertise", "Clients are sent to the relay: leave either “relay” or “advertise” out.")
        }
        configuration.stateFolder = root.value("state", "the path of a folder") { path($0) }
        set(&configuration.concurrency, root.value("concurrency", "from 1 to 4096", small(1, 4_096)))
        set(&configuration.profitFloor, root.value("profit-floor", lamports, ConfigurationValue.lamports))
        set(
            &configuration.voucherWindow,
            root.value("voucher-window", "a number of tokens from 1", ConfigurationValue.count(from: 1, to: 1 << 32))
        )
        set(&configuration.voucherTimeout, root.value("voucher-timeout", time, ConfigurationValue.duration))
        set(&configuration.idleLimit, root.value("idle-limit", time, ConfigurationValue.duration))
        set(&configuration.claimDelay, root.value("claim-delay", time, ConfigurationValue.duration))
        set(&configuration.shutdownLimit, root.value("shutdown-limit", time, ConfigurationValue.duration))
        set(
            &configuration.peerKeyAge,
            root.value("peer-key-age", "a time from 1h to 366d", ConfigurationValue.age)
        )
        set(&configuration.directRequestWait, root.value("direct-wait", time, ConfigurationValue.duration))
        set(&configuration.maximumDirectWaiters, root.value("direct-waiters", "from 0 to 4096", small(0, 4_096)))
        if let usage = root.section("expected-usage") {
            let tokens = "a number of tokens"
            set(&configuration.expectedUsage.input, usage.value("input", tokens, ConfigurationValue.count))
            set(&configuration.expectedUsage.output, usage.value("output", tokens, ConfigurationValue.count))
            usage.finish()
        }
        if let section = root.section("limits") {
            set(
                &configuration.maximumPromptBytes,
                section.value("prompt-bytes", "from 1024 to 16777216", small(1_024, 16_777_216))
            )
            configuration.limits = limits(section, over: configuration.limits)
            section.finish()
        }
        return configuration
    }

    private func small(_ least: UInt64, _ most: UInt64) -> (String) -> Int? {
        { ConfigurationValue.count(from: least, to: most)($0).map { Int($0) } }
    }

    private func advertised(_ text: String) -> (host: PeerHost?, port: UInt16?)? {
        if let endpoint = ConfigurationValue.endpoint(text) {
            guard let host = endpoint.host else { return (nil, endpoint.port) }
            return PeerHost(host).map { ($0, endpoint.port) }
        }
        return PeerHost(text).map { ($0, nil) }
    }

    private func limits(_ section: ConfigurationSection, over limits: Provider.Limits) -> Provider.Limits {
        var limits = limits
        let tokens = "a number of tokens from 1"
        if let value = section.value("input-tokens", tokens, ConfigurationValue.count(from: 1, to: 1 << 32)) {
            limits.maximumInputTokens = value
        }
        if let value = section.value("output-tokens", tokens, ConfigurationValue.count(from: 1, to: 1 << 32)) {
            limits.maximumOutputTokens = Int(value)
        }
        if let value = section.value("duration", "a time such as 90s or 10m", ConfigurationValue.duration) {
            limits.maximumDuration = value
        }
        return limits
    }

    // MARK: What is sold

    func offers(backends: [Provider.BackendName], limits: Provider.Limits) -> [Provider.Offer] {
        guard root.has("models") else {
            root.fault("models", "“models” is missing: name at least one model and its price.")
            return []
        }
        var seen: Set<ModelID> = []
        return (root.sections("models", of: "models") ?? []).compactMap { section in
            defer { section.finish() }
            let offer = offer(section, backends: backends, limits: limits)
            if let offer, !seen.insert(offer.model).inserted {
                section.fault("model", "\(offer.model) is offered twice. Leave one of the offers out.")
            }
            return offer
        }
    }

    private func offer(
        _ section: ConfigurationSection,
        backends: [Provider.BackendName],
        limits: Provider.Limits
    ) -> Provider.Offer? {
        let model = section.required("model", "the id that clients ask for, such as org/model") {
            try? ModelID(validating: $0)
        }
        let most = PricePerMillionTokens.maximum.rawValue
        let price = section.required(
            "price",
            "lamports for a million output tokens, from 1 to \(most)",
            ConfigurationValue.price(from: 1)
        )
        let inputPrice = section.value(
            "input-price",
            "lamports for a million input tokens, up to \(most)",
            ConfigurationValue.price(from: 0)
        )
        let minimum = section.value(
            "minimum-charge",
            "lamports for a session at least, up to \(most)",
            ConfigurationValue.count(from: 0, to: most)
        )
        let backendModel = section.value("backend-model", "the model's name at the backend") { $0 }
        let backend = backend(section, of: backends)
        var own: Provider.Limits?
        if let bounds = section.section("limits") {
            own = self.limits(bounds, over: limits)
            bounds.finish()
        }
        guard let model, let price, let backend else { return nil }
        return Provider.Offer(
            model: model,
            pricePerMillionTokens: price,
            pricePerMillionInputTokens: inputPrice ?? .free,
            minimumCharge: minimum.map(Lamports.init(rawValue:)) ?? Provider.Offer.standardMinimumCharge,
            backend: backend,
            backendModel: backendModel,
            limits: own
        )
    }

    private func backend(
        _ section: ConfigurationSection,
        of backends: [Provider.BackendName]
    ) -> Provider.BackendName? {
        let known = backends.map(\.rawValue).sorted().joined(separator: ", ")
        if let name = section.value("backend", "the name of one of the backends", Provider.BackendName.init(rawValue:))
        {
            guard backends.contains(name) || backends.isEmpty else {
                section.fault("backend", "There is no backend “\(name)”. There are: \(known).")
                return nil
            }
            return name
        }
        guard !section.has("backend"), backends.count > 1 else { return backends.first }
        section.fault("model", "“backend” is missing: say which of \(known) answers for this model.")
        return nil
    }
}
