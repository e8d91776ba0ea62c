public import PeerChannel

/// What each party learns in a configuration, in plain words.
///
/// Made of facts that the configuration decides; it promises nothing beyond them. What a server is told in a prompt, and
/// what a wallet has done before, no software can take back.
public struct PrivacyReport: Hashable, Sendable {
    /// Who learns something.
    public enum Party: String, Hashable, Sendable, CaseIterable {
        /// Everybody, for ever.
        case chain
        /// The node that is asked and that passes transactions on.
        case rpcNode = "rpc node"
        /// The server that answers.
        case server
        /// The relay in front of a server without a public address.
        case relay
        /// The proxy, and with Tor its first hop.
        case proxy
        /// Whoever sees the client's own network traffic.
        case network
    }

    /// What can be learned.
    public enum Fact: Hashable, Sendable {
        /// The wallet that pays, and with it whatever it is linked to.
        case wallet(isDisposable: Bool)
        /// The wallet that funded a disposable one.
        case fundingWallet
        /// The model, the stake, the charge, the server, and the times of request and claim.
        case requestAndCharge
        /// The prompt and the answer.
        case promptAndAnswer
        /// The client's network address.
        case clientAddress
        /// The proxy's address in its place.
        case proxyAddress
        /// That the client uses the proxy.
        case proxyUse
        /// That the client talks to this server or relay, and when.
        case peerAndTimes
        /// Which addresses the client asks about, which are its own.
        case queries
        /// The length of single words and the pace of the answer, from sizes and times.
        case shape
        /// That an answer is given, its duration in steps, and the rough length of the prompt.
        case outline
        /// That the server is the target, but not the request or the wallet.
        case targetServer
    }

    /// What one party learns.
    public struct Finding: Hashable, Sendable {
        /// Who.
        public let party: Party
        /// What, the most telling first.
        public let facts: [Fact]
        /// What of the most telling it does not learn in this configuration: prompt and answer, the network address, the wallet.
        public let hidden: [Fact]
    }

    /// What every party learns.
    public let findings: [Finding]

    /// Works out who learns what.
    ///
    /// - Parameters:
    ///   - isDisposable: Whether the wallet is a disposable one.
    ///   - hasProxy: Whether the node and the servers are spoken to through a proxy.
    ///   - isRelayed: Whether the server is behind a relay.
    ///   - shaping: Whether sizes and times are hidden.
    public init(isDisposable: Bool, hasProxy: Bool, isRelayed: Bool, shaping: PeerShaping) {
        let origin = hasProxy ? Fact.proxyAddress : .clientAddress
        let form = shaping == .off ? Fact.shape : .outline
        let wallet = Fact.wallet(isDisposable: isDisposable)
        let secrets = [Fact.promptAndAnswer, .clientAddress, wallet]
        func finding(_ party: Party, _ facts: [Fact]) -> Finding {
            Finding(party: party, facts: facts, hidden: secrets.filter { !facts.contains($0) })
        }
        var findings = [
            finding(.chain, [wallet] + (isDisposable ? [.fundingWallet] : []) + [.requestAndCharge]),
            finding(.rpcNode, [origin, wallet, .queries, .requestAndCharge]),
            finding(.server, [.promptAndAnswer, wallet, .requestAndCharge] + (isRelayed ? [] : [origin])),
        ]
        if isRelayed { findings.append(finding(.relay, [origin, .targetServer, form])) }
        if hasProxy { findings.append(finding(.proxy, [.clientAddress, .peerAndTimes, form])) }
        findings.append(
            finding(
                .network,
                hasProxy ? [.clientAddress, .proxyUse, form] : [.clientAddress, .peerAndTimes, form]
            )
        )
        self.findings = findings
    }

    /// What a party does not learn, of what matters most; nothing if it is not there.
    public func hidden(from party: Party) -> [Fact] {
        findings.first { $0.party == party }?.hidden ?? []
    }

    /// What a party learns; nothing if it is not there.
    public func facts(of party: Party) -> [Fact] {
        findings.first { $0.party == party }?.facts ?? []
    }
}

extension InferenceClient {
    /// What each party learns of this client's sessions.
    ///
    /// - Parameters:
    ///   - isDisposable: Whether the wallet is a disposable one.
    ///   - isRelayed: Whether the server is behind a relay; the address on the chain says it.
    /// - Returns: The report.
    public func privacyReport(isDisposable: Bool, isRelayed: Bool) -> PrivacyReport {
        PrivacyReport(
            isDisposable: isDisposable,
            hasProxy: proxy != nil,
            isRelayed: isRelayed,
            shaping: policy.shaping
        )
    }
}

extension PrivacyReport.Fact {
    /// The clause for one that is not learned.
    public var hiddenDescription: String {
        switch self {
        case .wallet: "which wallet pays"
        case .promptAndAnswer: "your prompt and the answer"
        default: description
        }
    }
}

extension PrivacyReport.Fact: CustomStringConvertible {
    /// One plain clause.
    public var description: String {
        switch self {
        case .wallet(true): "a wallet that is used for this alone"
        case .wallet(false): "your wallet, and whatever else it has done or will do"
        case .fundingWallet: "the wallet that funded it, unless that is a disposable one itself"
        case .requestAndCharge: "the model, the server, the stake, the charge, and when"
        case .promptAndAnswer: "your prompt and the answer, in full"
        case .clientAddress: "your network address"
        case .proxyUse: "that you use this proxy"
        case .proxyAddress: "the proxy's network address, not yours"
        case .peerAndTimes: "which servers and nodes you talk to, and when"
        case .queries: "which accounts you ask about, which are your own"
        case .shape: "the length of single words and the pace of the answer, which give much of the text away"
        case .outline: "that an answer is given, its duration in steps, and the rough length of the prompt"
        case .targetServer: "which server is meant, but neither request nor wallet; times can be matched with the chain"
        }
    }
}

extension PrivacyReport: CustomStringConvertible {
    /// A paragraph for each party: what it learns, and what stays hidden from it.
    public var description: String {
        findings.map { finding in
            let hidden = finding.hidden.map { "  - \($0.hiddenDescription)" }
            return "The \(finding.party.rawValue) learns:\n" + finding.facts.map { "  - \($0)" }.joined(separator: "\n")
                + (hidden.isEmpty ? "" : "\nand does not learn:\n" + hidden.joined(separator: "\n"))
        }.joined(separator: "\n")
    }
}
