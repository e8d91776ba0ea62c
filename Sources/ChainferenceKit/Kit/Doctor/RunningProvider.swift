import CurlHTTP
import Foundation
import InferenceMarket
import JSON
import PeerChannel
import Solana
import SolanaRPC

/// Looks at whether a provider runs, how it is, and whether the chain shows what its configuration says.
struct RunningProvider: Sendable {
    let plan: Provider.Plan
    let chain: ChainExamination
    let wallet: Address
    /// Where a running provider tells its health; nil when it does not.
    let healthURL: String?
    let http: HTTPClient

    /// Whether a process on this machine works with the provider's store now.
    var isRunning: Bool {
        let path = try? ProviderStore.standardPath(
            wallet: wallet,
            market: chain.market,
            folder: plan.configuration.stateFolder
        )
        return path.map { ProviderStore.isInUse(path: $0) } ?? false
    }

    func findings() async -> [Finding] {
        let isRunning = isRunning
        guard isRunning else {
            let idle = Finding(.provider, .good, "it does not run on this machine now")
            return [idle] + (await offers(isRunning: false))
        }
        return [await health()] + (await offers(isRunning: true))
    }

    private func health() async -> Finding {
        guard let healthURL else {
            return Finding(.provider, .good, "it runs; it would tell more with “monitoring” in its configuration")
        }
        do {
            let response = try await within(chain.limit) { [http] in
                try await http.send(HTTPRequest(url: healthURL, maximumBodySize: 64 << 10))
            }
            let report = try? JSONValue(parsing: response.body)
            guard let problems = report?["problems"]?.elements?.compactMap(\.text) else {
                return Finding(
                    .provider,
                    .failure,
                    "it runs, but something else answers at \(healthURL)",
                    advice: "Restart it if its configuration has changed, or choose another port for “monitoring”."
                )
            }
            guard !problems.isEmpty else { return Finding(.provider, .good, "it runs and takes requests") }
            return Finding(
                .provider,
                .failure,
                "it runs, but takes no requests: \(problems.joined(separator: "; "))",
                advice: "Mend that; its log says more. It goes on by itself then."
            )
        } catch {
            return Finding(
                .provider,
                .failure,
                "it runs, but does not tell its health at \(healthURL): \(error)",
                advice: "Restart it if its configuration has changed since it began."
            )
        }
    }

    // MARK: What the chain shows

    private func offers(isRunning: Bool) async -> [Finding] {
        let account: ServerAccount?
        let now: UnixTime
        do {
            (account, now) = try await within(chain.limit) { [chain, wallet] in
                let info = try await chain.rpc.getAccountInfo(chain.market.server(of: wallet)).value
                let account = try info.flatMap { info in
                    info.owner == chain.market.program ? try ServerAccount(decoding: info.data) : nil
                }
                return (account, try await MarketChain.now(chain.rpc))
            }
        } catch {
            return [Finding(.offers, .warning, "the server's account can't be read: \(error)")]
        }
        guard let account else {
            return [
                isRunning
                    ? Finding(
                        .offers,
                        .failure,
                        "the provider runs, but is not registered on the chain",
                        advice: "Its log says why; most often its wallet is too empty, or the node is another."
                    )
                    : Finding(.offers, .good, "nothing is on the chain yet; the provider registers when it begins")
            ]
        }
        var findings = [
            Self.compare(account, plan, isRunning: isRunning),
            Self.judgeLife(account, now: now, isRunning: isRunning),
        ]
        if isRunning { findings.append(await reach(account)) }
        return findings
    }

    /// Whether the chain lists what the configuration offers.
    static func compare(_ account: ServerAccount, _ plan: Provider.Plan, isRunning: Bool) -> Finding {
        let listed = Dictionary(account.listings.map { ($0.model, $0.terms) }) { first, _ in first }
        let offered = Dictionary(plan.offers.map { ($0.model, $0.terms) }) { first, _ in first }
        var differences: [String] = []
        for (model, terms) in offered.sorted(by: { $0.key.name < $1.key.name }) {
            switch listed[model] {
            case nil: differences.append("\(model) is not listed")
            case .some(let other) where other != terms: differences.append("\(model) is listed at other prices")
            default: break
            }
        }
        for model in listed.keys.sorted(by: { $0.name < $1.name }) where offered[model] == nil {
            differences.append("\(model) is listed, but not in the configuration")
        }
        guard !differences.isEmpty else {
            return Finding(.offers, .good, "the chain lists what the configuration offers, \(listed.count) model(s)")
        }
        return Finding(
            .offers,
            isRunning ? .warning : .good,
            differences.joined(separator: "; "),
            advice: isRunning
                ? "Let the provider read its configuration again: kill -HUP its process, or restart it."
                : "The provider changes that when it begins."
        )
    }

    /// Whether the chain takes the server for alive, and whether it is.
    static func judgeLife(_ account: ServerAccount, now: UnixTime, isRunning: Bool) -> Finding {
        let minutes = max(0, account.heartbeatAt.seconds(until: now)) / 60
        switch (account.isAlive(at: now), isRunning) {
        case (true, true): return Finding(.offers, .good, "its last sign of life is \(minutes) min old")
        case (false, true):
            return Finding(
                .offers,
                .failure,
                "its last sign of life is \(minutes) min old, so that the market passes it over",
                advice: "Its log says why; most often its wallet is empty, or the node does not take transactions."
            )
        case (true, false):
            return Finding(
                .offers,
                account.listings.isEmpty ? .good : .warning,
                "the chain takes it for alive for up to \(max(1, 15 - minutes)) min more, though it does not run here",
                advice:
                    "Start it, unless it runs on another machine: clients come in vain until then, which costs them time."
            )
        case (false, false):
            return Finding(
                .offers,
                .good,
                "the market passes it over until it runs: its last sign of life is \(minutes) min old"
            )
        }
    }

    /// Whether the address on the chain leads anywhere.
    private func reach(_ account: ServerAccount) async -> Finding {
        do {
            let address = try PeerAddress(parsing: account.peerAddress)
            try await within(chain.limit) { [chain] in
                let dialer = Dialer(policy: .anywhere, timeout: chain.limit, clock: SessionClock(ContinuousClock()))
                try await dialer.connect(to: address.endpoint).close()
            }
            return Finding(
                .address,
                .good,
                "\(address.endpoint), which clients are sent to, accepts connections from here"
            )
        } catch {
            return Finding(
                .address,
                .failure,
                "clients are sent to “\(account.peerAddress)”, which does not answer from here: \(error)",
                advice: "Check the port, the router and the firewall; some routers don't let a machine reach itself."
            )
        }
    }
}
