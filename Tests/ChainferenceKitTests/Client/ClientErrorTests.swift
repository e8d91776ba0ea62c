import InferenceMarket
import PeerChannel
import Solana
import Testing

@testable import ChainferenceKit

@Suite("What a failed session costs, in words")
struct ClientErrorTests {
    @Test("Every reason says what happened and every cost what is certain about the money")
    func words() {
        let request = Keypair().address
        let reasons: [(ClientError.Reason, String)] = [
            (.unknownModel("org/model", offered: []), "Start a provider"),
            (.unknownModel("org/model", offered: ["org/other"]), "org/other"),
            (.noSuitableServer("org/model", offering: 2), "2 server(s)"),
            (.budgetTooSmall(budget: 1, needed: 7), "Raise it to 7 lamports"),
            (.insufficientFunds(wallet: request, balance: 1, needed: 9), "Fund the wallet"),
            (.promptTooLong(bytes: 9, limit: 3), "Shorten"),
            (.noMarket(program: request), "Check the cluster"),
            (.notLocked(within: .seconds(60)), "60.0 seconds"),
            (.implausibleCount(reported: 9, plausible: 3, what: "output tokens"), "9 output tokens"),
            (.budgetUsedUp(promised: 5, needed: 9), "larger budget"),
            (.spendLimit(.perSession, limit: 5, needed: 9), "limit for one is 5 lamports"),
            (.spendLimit(.perDay(spent: 4), limit: 5, needed: 9), "4 lamports of the day's limit"),
        ]
        for (reason, words) in reasons {
            let text = ClientError(reason).description
            #expect(text.contains(words), "\(text)")
            #expect(text.hasSuffix("Nothing was spent."))
        }
        // Causes are others' words: some say what to do and end with a full stop, some do not.
        struct Cause: Error, CustomStringConvertible { let description: String }
        let busy = PeerErrorMessage(.busy, retryAfter: .seconds(5), text: "evil\u{1b}[2J")
        for cause in ["It broke. Mend it.", "it broke"].map(Cause.init) {
            let caused: [ClientError.Reason] = [
                .unreachable(server: request, peerAddress: "/ip4/1.2.3.4/tcp/1", cause: cause),
                .interrupted(server: request, cause: cause), .serverUnfit(server: request, cause: cause), .chain(cause),
                .refused(server: request, busy), .interrupted(server: request, cause: PeerError.server(busy)),
            ]
            for reason in caused {
                let text = ClientError(reason).description
                #expect(!text.contains("..") && !text.contains(". .") && !text.contains("\u{1b}"), "\(text)")
                #expect(text.hasSuffix(". Nothing was spent."))
            }
        }
        #expect(ClientError(.refused(server: request, busy)).description.contains("Try again in 5 s."))
        let pending = ClientError(
            .budgetUsedUp(promised: 5, needed: 9),
            cost: .atMost(5, returnsAfter: UnixTime(rawValue: 1_700_000_000))
        )
        #expect(pending.description.contains("At most 5 lamports can still be charged"))
        #expect(pending.description.contains("free after 2023-11-14 22:13:20 UTC"))
    }
}
