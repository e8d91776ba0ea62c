import InferenceMarket
import MarketProgram
import SodiumCrypto
import Solana
import Testing

@Suite("Accounts")
struct AccountTests {
    @Test("Every field of a request is read from its place")
    func request() throws {
        let account = try RequestAccount(decoding: AccountBytes.request())
        #expect(account.requester.bytes == [UInt8](repeating: 1, count: 32))
        #expect(account.voucherSigner.bytes == [UInt8](repeating: 3, count: 32))
        #expect(account.clientKey.bytes == [UInt8](repeating: 4, count: 32))
        #expect(account.model == "org/model")
        #expect(account.stake == 101)
        #expect(account.caps == Terms(outputPrice: .lamports(102), inputPrice: .lamports(103), minimumCharge: 104))
        #expect(account.credit == 108)
        #expect(account.createdSlot == 110)
        #expect(account.createdAt.rawValue == 111)
        #expect(account.expiresAt.rawValue == 112)
        #expect(account.lastLockedAt?.rawValue == 113)
        #expect(account.criteria.minimumCompleted == 116)
        #expect(account.maximumFee.rawValue == 201)
        #expect(account.criteria.minimumSuccess.rawValue == 202)
        #expect(account.criteria.minimumPreference.rawValue == 203)
        #expect(account.flags == [.closing, .vouched])
        guard case .locked(let lock) = account.state else {
            Issue.record("not locked: \(account.state)")
            return
        }
        #expect(lock.server.bytes == [UInt8](repeating: 2, count: 32))
        #expect(lock.terms == Terms(outputPrice: .lamports(105), inputPrice: .lamports(106), minimumCharge: 107))
        #expect(lock.fee.rawValue == 204)
        #expect(lock.lockedAt.rawValue == 113)
        #expect(lock.voucherExpiry.rawValue == 3_713)
        #expect(lock.deadline.rawValue == 114)
        #expect(lock.peerAddress == "/dns/a")

        let claimed = try RequestAccount(decoding: AccountBytes.request(state: .claimed))
        #expect(claimed.state == .claimed(lock, charge: 109, at: UnixTime(rawValue: 115)))
        #expect(try RequestAccount(decoding: AccountBytes.request(state: .open)).state == .open)
        #expect(RequestAccount.dataLength(for: "org/model") == AccountBytes.request().count)
    }

    @Test("Every field of a server is read from its place")
    func server() throws {
        let account = try ServerAccount(decoding: AccountBytes.server())
        #expect(account.owner.bytes == [UInt8](repeating: 1, count: 32))
        #expect(account.peerKey.bytes == [UInt8](repeating: 2, count: 32))
        #expect(account.heartbeatAt.rawValue == 101)
        #expect(account.registeredAt.rawValue == 102)
        #expect(account.openLocks == 103)
        #expect(
            account.reputation == Reputation(completed: 104, failed: 105, flagged: 106, compared: 107, preferred: 108)
        )
        #expect(account.earned == 109)
        #expect(account.feesOwed == 110)
        #expect(account.peerAddress == "/dns/a")
        let second = Listing(
            model: "b",
            terms: Terms(outputPrice: .lamports(11), inputPrice: .lamports(12), minimumCharge: 13),
            raisedSlot: 14
        )
        #expect(account.listings.map(\.model.name) == ["org/model", "b"])
        #expect(account.listings[1] == second)
        let model: ModelID = "b"
        #expect(account.listing(for: model.hash)?.index == 1)
        #expect(account.isAlive(at: UnixTime(rawValue: 101 + 900)))
        #expect(!account.isAlive(at: UnixTime(rawValue: 101 + 901)))
        #expect(!account.isAlive(at: UnixTime(rawValue: .max)))
    }

    @Test("Every field of the market is read from its place")
    func market() throws {
        let account = try MarketAccount(decoding: AccountBytes.market())
        #expect(account.authority.bytes == [UInt8](repeating: 1, count: 32))
        #expect(account.pendingAuthority == nil)
        #expect(account.treasury.bytes == [UInt8](repeating: 2, count: 32))
        #expect(account.minimumComparedCharge == 1_000)
        #expect(account.fee.rawValue == 250)
    }

    @Test("Another type, a newer layout, a lying hash and hidden bytes are refused by name")
    func refusals() throws {
        #expect(throws: AccountDecodingError.wrongType(expected: "Server")) {
            try ServerAccount(decoding: AccountBytes.request())
        }
        var request = AccountBytes.request()
        request[RequestLayout.version] = 2
        #expect(throws: AccountDecodingError.unsupportedVersion(type: "InferenceRequest", version: 2)) {
            try RequestAccount(decoding: request)
        }
        request = AccountBytes.request()
        request[RequestLayout.modelHash] ^= 1
        #expect(throws: AccountDecodingError.invalidField(type: "InferenceRequest", field: "model id")) {
            try RequestAccount(decoding: request)
        }
        request = AccountBytes.request()
        request[request.count - 1] = 1
        #expect(throws: AccountDecodingError.invalidField(type: "InferenceRequest", field: "padding")) {
            try RequestAccount(decoding: request)
        }
        request = AccountBytes.request()
        request[RequestLayout.state] = 3
        #expect(throws: AccountDecodingError.invalidField(type: "InferenceRequest", field: "state")) {
            try RequestAccount(decoding: request)
        }
        request = AccountBytes.request(peerAddress: "/\u{1B}[2J")
        #expect(throws: AccountDecodingError.invalidField(type: "InferenceRequest", field: "peer address")) {
            try RequestAccount(decoding: request)
        }
        var server = AccountBytes.server()
        server[ServerLayout.listings + ListingLayout.modelHash] ^= 1
        #expect(throws: AccountDecodingError.invalidField(type: "Server", field: "model ids")) {
            try ServerAccount(decoding: server)
        }
        server = AccountBytes.server()
        server.replaceSubrange(
            ServerLayout.listingCount..<ServerLayout.listings,
            with: [0xFF, 0xFF, 0xFF, 0xFF]
        )
        #expect(throws: AccountDecodingError.invalidField(type: "Server", field: "listings")) {
            try ServerAccount(decoding: server)
        }
        #expect(throws: AccountDecodingError.wrongLength(type: "Server", count: AccountBytes.server().count + 1)) {
            try ServerAccount(decoding: AccountBytes.server() + [0])
        }
    }

    @Test("Every truncation of every account is refused")
    func truncation() {
        for count in 0..<AccountBytes.request().count {
            #expect(throws: AccountDecodingError.self) {
                try RequestAccount(decoding: Array(AccountBytes.request().prefix(count)))
            }
        }
        for count in 0..<AccountBytes.server().count {
            #expect(throws: AccountDecodingError.self) {
                try ServerAccount(decoding: Array(AccountBytes.server().prefix(count)))
            }
        }
        for count in 0..<AccountBytes.market().count {
            #expect(throws: AccountDecodingError.self) {
                try MarketAccount(decoding: Array(AccountBytes.market().prefix(count)))
            }
        }
    }

    @Test("Random and mutated bytes never trap, and what decodes says so again")
    func fuzz() {
        var random = SplitMix64(seed: 3)
        var decoded = 0
        for round in 0..<30_000 {
            var data: [UInt8]
            switch round % 4 {
            case 0: data = AccountBytes.request()
            case 1: data = AccountBytes.server(models: ["a", "b", "org/model"])
            case 2: data = AccountBytes.market()
            default: data = random.bytes(Int.random(in: 0...700, using: &random))
            }
            if !data.isEmpty {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    data[Int.random(in: 0..<data.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                if Bool.random(using: &random) {
                    data.removeLast(Int.random(in: 0...2, using: &random).clamped(to: data.count))
                }
            }
            if let first = try? RequestAccount(decoding: data) {
                decoded += 1
                #expect(first == (try? RequestAccount(decoding: data)))
                _ = first.state.lock?.voucherExpiry
            }
            if let server = try? ServerAccount(decoding: data) {
                decoded += 1
                _ = server.isAlive(at: UnixTime(rawValue: .min))
                _ = server.reputation.successLowerBound()
            }
            if (try? MarketAccount(decoding: data)) != nil { decoded += 1 }
        }
        #expect(decoded > 1_000)
    }

    @Test("Queries put the discriminator first and the field at its offset")
    func queries() {
        let model: ModelID = "org/model"
        let data = AccountBytes.request(state: .open)
        for query in [MarketQuery.requests, .openRequests(for: model.hash), .requests(for: model.hash)] {
            #expect(query.filters.allSatisfy { $0.matches(data) })
        }
        #expect(!MarketQuery.servers.filters.allSatisfy { $0.matches(data) })
        #expect(MarketQuery.servers.filters.allSatisfy { $0.matches(AccountBytes.server()) })
        #expect(
            !MarketQuery.openRequests(for: model.hash).filters.allSatisfy { $0.matches(AccountBytes.request()) }
        )
    }
}

extension Int {
    fileprivate func clamped(to maximum: Int) -> Int { Swift.min(self, maximum) }
}
