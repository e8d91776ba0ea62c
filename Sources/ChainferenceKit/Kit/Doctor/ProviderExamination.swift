import Foundation
import Inference
import PeerChannel

/// Looks at what a provider needs besides a chain and a wallet.
struct ProviderExamination: Sendable {
    let plan: Provider.Plan
    let isLocal: Bool
    /// Whether the provider runs on this machine now.
    let isRunning: Bool
    let limit: Duration

    func findings() async -> [Finding] {
        var findings = await backends()
        findings.append(await port())
        // Of one that runs the address on the chain is looked at instead.
        if !isRunning { findings.append(address()) }
        if let relay = plan.configuration.relay { findings.append(await reach(relay)) }
        findings.append(state())
        return findings
    }

    private func backends() async -> [Finding] {
        var findings: [Finding] = []
        for (name, backend) in plan.backends.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let offers = plan.offers.filter { $0.backend == name }
            do {
                let models = try await within(limit) { try await backend.models() }
                let missing = offers.map(\.backendModel).filter { !models.contains($0) }
                guard missing.isEmpty else {
                    findings.append(
                        Finding(
                            .backend,
                            .failure,
                            "“\(name.rawValue)” does not have \(missing.joined(separator: ", "))",
                            advice:
                                "It lists: \(models.prefix(10).joined(separator: ", ")). Load the model, or name one of these."
                        )
                    )
                    continue
                }
                findings.append(Finding(.backend, .good, "“\(name.rawValue)” answers for \(offers.count) offer(s)"))
            } catch {
                findings.append(
                    Finding(
                        .backend,
                        .failure,
                        "“\(name.rawValue)”: \(error)",
                        advice: "Start it, or check its address."
                    )
                )
            }
        }
        return findings
    }

    private func port() async -> Finding {
        let configuration = plan.configuration
        let target = "\(configuration.listenHost):\(configuration.listenPort)"
        guard configuration.relay == nil else {
            return Finding(.port, .good, "none is needed: clients come through the relay")
        }
        guard !isRunning else { return await answering(target) }
        do {
            let (host, port) = (configuration.listenHost, Int(configuration.listenPort))
            try await within(limit) { try await ListeningProbe.listen(host: host, port: port) }
            return Finding(.port, .good, "\(target) is free")
        } catch {
            return Finding(
                .port,
                .failure,
                "can't listen at \(target): \(error)",
                advice: "Stop what uses the port, or choose another one; this provider itself does not run here."
            )
        }
    }

    /// Whether the port of a provider that runs is open.
    private func answering(_ target: String) async -> Finding {
        let configuration = plan.configuration
        guard configuration.listenPort != 0 else {
            return Finding(.port, .good, "the provider that runs has chosen one itself")
        }
        // Who listens at every address also does at this machine's own.
        let host = ["0.0.0.0", "::"].contains(configuration.listenHost) ? "127.0.0.1" : configuration.listenHost
        do {
            guard let host = PeerHost(host) else { throw PeerAddressError.host }
            let endpoint = try PeerAddress.Endpoint(host: host, port: UInt16(clamping: configuration.listenPort))
            try await within(limit) {
                let dialer = Dialer(policy: .anywhere, timeout: limit, clock: SessionClock(ContinuousClock()))
                try await dialer.connect(to: endpoint).close()
            }
            return Finding(.port, .good, "the provider that runs listens at \(target)")
        } catch {
            return Finding(
                .port,
                .failure,
                "a provider runs, but nobody listens at \(target): \(error)",
                advice: "Restart it: its configuration has changed since it began, or it is just ending."
            )
        }
    }

    private func address() -> Finding {
        let configuration = plan.configuration
        guard let host = configuration.advertisedHost else {
            if configuration.relay != nil { return Finding(.address, .good, "clients come through the relay") }
            return isLocal
                ? Finding(.address, .good, "clients on this machine alone, as fits a local cluster")
                : Finding(
                    .address,
                    .failure,
                    "no address is configured that clients could reach",
                    advice: "Name this machine's public host name or address, or a relay."
                )
        }
        return Self.judge(host, isLocal: isLocal)
    }

    /// Clients refuse to dial what is not public.
    static func judge(_ host: PeerHost, isLocal: Bool) -> Finding {
        let isPublic =
            switch host {
            case .ip4(let address): DialPolicy.publicOnly.allows(address)
            case .ip6(let address): DialPolicy.publicOnly.allows(address)
            // What a name means is for each client to find out.
            case .dns: true
            }
        guard !isPublic else { return Finding(.address, .good, "clients are sent to \(host)") }
        return isLocal
            ? Finding(.address, .good, "clients are sent to \(host), which a local cluster allows")
            : Finding(
                .address,
                .failure,
                "clients are sent to \(host), which is not public: they refuse to dial it",
                advice: "Name a public address, or a relay."
            )
    }

    private func reach(_ relay: RelayAddress) async -> Finding {
        do {
            try await within(limit) {
                let dialer = Dialer(policy: .anywhere, timeout: limit, clock: SessionClock(ContinuousClock()))
                try await dialer.connect(to: relay.endpoint).close()
            }
            return Finding(.relay, .good, "\(relay.endpoint) accepts connections")
        } catch {
            return Finding(.relay, .failure, "\(error)", advice: "Check the relay's address, or whether it runs.")
        }
    }

    private func state() -> Finding {
        let folder: String
        do {
            folder = try Provider.stateFolder(plan.configuration.stateFolder)
        } catch {
            return Finding(.state, .failure, "\(error)", advice: "Name a folder that this user may write to.")
        }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            return Finding(
                .state,
                .failure,
                "\(folder) is not writable",
                advice: "Give this user the folder, or name another."
            )
        }
        return Finding(.state, .good, folder)
    }
}
