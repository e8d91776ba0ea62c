import InferenceMarket
import Solana

@testable import ChainferenceKit

/// One session between two traders, with the meters that real sessions use and nothing else of them.
struct SimulatedConversation {
    /// How many tokens the server lets a client run ahead.
    static let window: UInt64 = 128
    /// Tokens that arrive between two looks at the meters.
    static let chunk: UInt64 = 16

    private(set) var server: ServerMeter
    private(set) var client: ClientMeter
    /// What the server really computed.
    private(set) var generated: UInt64 = 0
    /// The client found out that it was lied to.
    private(set) var isRefused = false
    /// The server is gone, and will not claim.
    private(set) var hasServerVanished = false
    private(set) var isComplete = false

    init(terms: Terms, stake: Lamports, credit: Lamports) {
        server = ServerMeter(terms: terms, stake: stake, credit: credit, window: Self.window)
        client = ClientMeter(terms: terms, stake: stake)
    }

    mutating func run(
        _ serverKind: ServerKind,
        _ clientKind: ClientKind,
        promptBytes: UInt64,
        answerTokens: UInt64,
        using generator: inout SplitMix64
    ) {
        if serverKind == .vanishing, Bool.random(using: &generator) {
            hasServerVanished = true
            return
        }
        let input = (promptBytes + 3) / 4
        let reportedInput = serverKind == .lying && Bool.random(using: &generator) ? input * 8 + 64 : input
        do {
            try client.accept(inputTokens: reportedInput, promptBytes: promptBytes)
        } catch {
            isRefused = true
            return
        }
        vouch(clientKind)
        guard server.secured >= server.neededToBegin(inputTokens: reportedInput) else { return }
        server.begin(inputTokens: reportedInput)
        let leaving = clientKind == .vanishing ? UInt64.random(in: 0...answerTokens, using: &generator) : .max
        let dying = serverKind == .vanishing ? UInt64.random(in: 0...answerTokens, using: &generator) : .max
        while generated < answerTokens {
            if generated >= dying {
                hasServerVanished = true
                return
            }
            guard case .generate(let allowed) = server.permission else { break }
            let tokens = min(allowed, Self.chunk, answerTokens - generated)
            generated += tokens
            let reported = serverKind == .lying ? tokens * 3 : tokens
            server.deliver(outputTokens: reported)
            if generated >= leaving { continue }
            do {
                try client.receive(outputTokens: reported, bytes: tokens * 4)
            } catch {
                isRefused = true
                return
            }
            vouch(clientKind)
        }
        isComplete = generated == answerTokens
    }

    /// A voucher arrives, if one is due and the client sends any.
    private mutating func vouch(_ kind: ClientKind) {
        guard kind != .nonVouching, let amount = client.nextVoucher() else { return }
        if (try? server.check(voucher: amount)) != nil { server.count(voucher: amount) }
    }

    /// Output tokens that the server has computed and neither voucher nor credit pays for.
    var unpaidTokens: UInt64 {
        let covered = server.terms.affordableOutput(within: server.secured, inputTokens: server.usage.input) ?? 0
        return generated - min(generated, covered)
    }

    /// The most that what the client has received can be worth, rounded up as vouchers are.
    var worth: Lamports {
        let output = ClientMeter.plausibleTokens(bytes: client.answerBytes)
        let bucket = ClientMeter.bucket
        return server.terms.charge(
            for: TokenCount(
                input: ClientMeter.plausibleTokens(bytes: client.promptBytes),
                output: (output + bucket - 1) / bucket * bucket
            )
        )
    }
}
