import Foundation
import InferenceMarket
import Solana
import Testing

/// What the two forms of the IDL look like to a JSON parser.
@Suite("Forms of the Anchor IDL")
struct IDLFormTests {
    typealias Object = [String: Any]

    let idl = IDL.market(.localnet)

    private func parse(_ text: String) throws -> Object {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Object)
    }

    private func named(_ name: String, in list: Any?) throws -> Object {
        try #require((list as? [Object])?.first { $0["name"] as? String == name })
    }

    @Test("The specification's form names its version, and every record has its type")
    func specification() throws {
        let json = try parse(idl.specification)
        #expect(json["address"] as? String == Market.localnet.program.base58)
        #expect((json["metadata"] as? Object)?["spec"] as? String == "0.1.0")
        let types = try #require(json["types"] as? [Object]).compactMap { $0["name"] as? String }
        #expect(types.count == Set(types).count)
        for list in ["accounts", "events"] {
            for record in try #require(json[list] as? [Object]) {
                #expect(types.contains(record["name"] as? String ?? ""))
                #expect((record["discriminator"] as? [Int])?.count == 8)
            }
        }
        let request = try named("request_inference", in: json["instructions"])
        let mode = try named("mode", in: request["args"])
        #expect((mode["type"] as? Object)?["defined"] as? [String: String] == ["name": "RequestMode"])
        let account = try named("request", in: request["accounts"])
        #expect(account["writable"] as? Bool == true && account["signer"] == nil)
        let seeds = try #require((account["pda"] as? Object)?["seeds"] as? [Object])
        #expect(seeds.map { $0["kind"] as? String } == ["const", "account", "arg"])
        #expect(seeds[0]["value"] as? [Int] == Array("request".utf8).map(Int.init))
        #expect(seeds[2]["path"] as? String == "voucher_signer")
    }

    @Test("The legacy form is in camel case and has its types inline")
    func legacy() throws {
        let json = try parse(idl.legacy)
        #expect((json["metadata"] as? Object)?["address"] as? String == Market.localnet.program.base58)
        let claim = try named("claimPayment", in: json["instructions"])
        let accounts = try #require(claim["accounts"] as? [Object])
        #expect(accounts.map { $0["isOptional"] as? Bool } == [nil, nil, nil, nil, true])
        #expect(accounts.map { $0["isSigner"] as? Bool } == [false, false, true, false, false])
        let server = try named("Server", in: json["accounts"])
        let listings = try named("listings", in: (server["type"] as? Object)?["fields"])
        #expect((listings["type"] as? Object)?["vec"] as? [String: String] == ["defined": "Listing"])
        let owner = try named("owner", in: (server["type"] as? Object)?["fields"])
        #expect(owner["type"] as? String == "publicKey")
        let types = try #require(json["types"] as? [Object]).compactMap { $0["name"] as? String }
        #expect(types == ["Listing", "RequestMode", "RequestState"])
    }

    @Test("Another deployment has another address and the same interface")
    func deployment() throws {
        let market = Market(program: Keypair().address)
        var other = IDL.market(market)
        #expect(other.specification.contains(market.program.base58))
        #expect(!other.specification.contains(Market.localnet.program.base58))
        other.address = idl.address
        #expect(other == idl)
    }

    @Test("A seed that is an account or an argument of the instruction exists there")
    func seeds() throws {
        for instruction in idl.instructions {
            for account in instruction.accounts {
                for holder in account.relations {
                    #expect(instruction.accounts.contains { $0.name == holder })
                    let type = holder == "market" ? "Market" : holder == "request" ? "InferenceRequest" : "Server"
                    let fields = try #require(idl.accounts.first { $0.name == type }).fields
                    #expect(fields.contains { $0.name == account.name && $0.type == .publicKey }, "\(account.name)")
                }
                guard case .derived(let seeds, _) = account.source else { continue }
                for seed in seeds {
                    switch seed {
                    case .text: break
                    case .account(let name): #expect(instruction.accounts.contains { $0.name == name })
                    case .argument(let name): #expect(instruction.arguments.contains { $0.name == name })
                    }
                }
            }
        }
    }
}
