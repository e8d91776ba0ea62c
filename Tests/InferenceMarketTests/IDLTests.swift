import Foundation
import InferenceMarket
import MarketProgram
import SodiumCrypto
import Solana
import Testing

/// The IDL is what strangers' clients are generated from, so it must be the program, down to the byte.
@Suite("Anchor IDL")
struct IDLTests {
    let idl = IDL.market(.localnet)

    private func digest(_ text: String) -> UInt64 {
        SHA256.hash(Array(text.utf8)).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    @Test("The files in the documentation are what would be generated now")
    func files() throws {
        let advice: Comment = "run `swift run market-idl` and commit the result"
        let folder = "Documentation/idl/\(idl.name)"
        #expect(try ProgramSources.text("\(folder).json") == idl.specification, advice)
        #expect(try ProgramSources.text("\(folder).legacy.json") == idl.legacy, advice)
    }

    @Test("Every discriminator of the program is there, under the name that it is the digest of")
    func discriminators() throws {
        for (type, prefix, records) in [
            ("InstructionDiscriminator", "global", idl.instructions.map { ($0.name, $0.discriminator) }),
            ("AccountDiscriminator", "account", idl.accounts.map { ($0.name, $0.discriminator) }),
            ("EventDiscriminator", "event", idl.events.map { ($0.name, $0.discriminator) }),
        ] {
            for (name, discriminator) in records { #expect(digest("\(prefix):\(name)") == discriminator, "\(name)") }
            let constants = try ProgramSources.constants(of: type, in: "Layout/Discriminators").map(\.value)
            #expect(!constants.isEmpty && constants.sorted() == records.map(\.1).sorted(), "\(type)")
        }
    }

    @Test("Fields follow each other without a gap, from the discriminator to the end of the account")
    func offsets() throws {
        var ends: [String: Int] = [:]
        let records = (idl.accounts + idl.events).map { ($0.name, 8, $0.fields) }
        let arguments = idl.instructions.map { ($0.name, 8, $0.arguments) }
        let structures = idl.types.compactMap { definition -> (String, Int, [IDL.Field])? in
            guard case .structure(let fields) = definition.kind else { return nil }
            return (definition.name, 0, fields)
        }
        for (name, start, fields) in records + arguments + structures {
            var end: Int? = start
            for field in fields {
                #expect(field.offset == end, "\(name).\(field.name)")
                end = end.flatMap { offset in field.type.fixedSize(in: idl.types).map { offset + $0 } }
            }
            ends[name] = end
            #expect(Set(fields.map(\.name)).count == fields.count, "\(name) has a name twice")
        }
        #expect(ends["Market"] == MarketLayout.size)
        #expect(ends["Listing"] == ListingLayout.size)
        #expect(ends["initialize_market"] == InitializeMarket.Arguments.end)
        #expect(ends["update_market"] == UpdateMarket.Arguments.end)
        #expect(ends["remove_listing"] == RemoveListing.Arguments.end)
        #expect(ends["claim_payment"] == ClaimPayment.Arguments.end)
        let listings = idl.accounts.first { $0.name == "Server" }?.fields.first { $0.name == "listings" }
        #expect(listings?.offset == ServerLayout.listingCount && ServerLayout.listings == ServerLayout.listingCount + 4)
    }

    @Test("Fields have the names of the program's constants")
    func names() throws {
        let listing = try #require(idl.types.first { $0.name == "Listing" })
        guard case .structure(let listingFields) = listing.kind else {
            Issue.record("a listing is a structure")
            return
        }
        let records = Dictionary(uniqueKeysWithValues: idl.accounts.map { ($0.name, $0.fields) })
        for (type, file, fields) in [
            ("MarketLayout", "MarketLayout", records["Market"]),
            ("ServerLayout", "ServerLayout", records["Server"]),
            ("RequestLayout", "RequestLayout", records["InferenceRequest"]),
            ("ListingLayout", "ServerLayout", listingFields),
        ] {
            let constants = try ProgramSources.constants(of: type, in: "Layout/\(file)")
                .filter { !["discriminator", "size", "listings"].contains($0.name) }
                .map { constant in
                    // The length of a vector is where Borsh has the vector.
                    let name = constant.name == "listingCount" ? "listings" : constant.name
                    return "\(ProgramSources.snakeCased(name)) \(constant.value)"
                }
            let fixed = try #require(fields).compactMap { field in field.offset.map { "\(field.name) \($0)" } }
            #expect(fixed == constants)
        }
    }

    @Test("Enumerations count as the program counts")
    func enumerations() {
        let variants = Dictionary(
            uniqueKeysWithValues: idl.types.compactMap { definition -> (String, [String])? in
                guard case .enumeration(let variants) = definition.kind else { return nil }
                return (definition.name, variants)
            }
        )
        #expect(variants["RequestState"]?.count == 3 && RequestState(rawValue: 3) == nil)
        for (index, name) in (variants["RequestState"] ?? []).enumerated() {
            #expect(RequestState(rawValue: UInt8(index)).map { "\($0)" } == name.lowercased())
        }
        #expect(variants["RequestMode"] == ["Open", "Direct"])
    }

    @Test("Accounts and arguments are those that the program documents", arguments: IDL.market(.localnet).instructions)
    func documentation(instruction: IDL.Instruction) throws {
        let documented = try DocumentedInstruction(instruction.name)
        #expect(
            instruction.accounts.map {
                DocumentedInstruction.Account(name: $0.name, isWritable: $0.isWritable, isSigner: $0.isSigner)
            } == documented.accounts
        )
        let arguments = instruction.arguments.map { argument in
            let type =
                switch argument.type {
                case .publicKey, .array(.u8, 32): "[u8; 32]"
                case .defined("RequestMode"): "u8"
                default: "\(argument.type)"
                }
            return DocumentedInstruction.Argument(name: argument.name, type: type, offset: argument.offset ?? -1)
        }
        #expect(arguments == documented.arguments)
    }

    @Test("Every own code is there, with the words of the program")
    func errors() throws {
        let source = try ProgramSources.program("ErrorCode")
        let documented = source.matches(of: #/\/\/\/ (.+)\n    case (\w+) = ([0-9_]+)\n/#)
        #expect(documented.count == ErrorCode.allCases.count)
        for match in documented {
            let code = try #require(UInt32(match.3.replacing("_", with: "")).flatMap(ErrorCode.init(rawValue:)))
            #expect(MarketError(code).message == match.1)
        }
        #expect(idl.errors.map(\.code) == ErrorCode.allCases.map(\.rawValue).filter { $0 >= 6_000 })
        let specification = try ProgramSources.text("Documentation/market-program.md")
        for code in ErrorCode.allCases {
            let error = MarketError(code)
            let row = "| \(code.rawValue) | `\(error.anchorName)` | \(error.message) |"
            #expect(specification.contains(row), "\(row)")
        }
    }

    @Test("Events are those of the specification")
    func events() throws {
        let specification = try ProgramSources.text("Documentation/market-program.md")
        let section = try #require(specification.components(separatedBy: "\n## Events\n").last)
            .components(separatedBy: "\n## ")[0]
        let rows = section.matches(of: #/\| `(\w+)` \| `([0-9a-f]{16})` \| (.+) \|/#)
        #expect(rows.count == idl.events.count)
        for (row, event) in zip(rows, idl.events) {
            #expect(row.1 == event.name)
            let discriminator = (0..<8).map { UInt8(truncatingIfNeeded: event.discriminator >> UInt64(8 * $0)) }
            #expect(bytes(hex: String(row.2)) == discriminator)
            let fields = row.3.replacing(#/ \(.*?\)/#, with: "").split(separator: ", ").map { text -> String in
                let match = text.wholeMatch(of: #/(.+?)(?: (\[u8; 32\]|u\d+|i\d+))?/#)
                let name = (match?.1).map { $0.replacing(" ", with: "_") } ?? ""
                return "\(name) \(match?.2 ?? "[u8; 32]")"
            }
            let expected = event.fields.map { field -> String in
                switch field.type {
                case .publicKey, .array(.u8, 32): "\(field.name) [u8; 32]"
                default: "\(field.name) \(field.type)"
                }
            }
            #expect(fields == expected, "\(event.name)")
        }
    }
}
