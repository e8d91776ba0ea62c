import Foundation
import InferenceMarket
import Solana
import Testing

@Suite("Events in logs")
struct MarketLogTests {
    let market = Market.localnet
    let server = Keypair().address
    let foreign = Keypair().address

    private var heartbeat: String {
        get throws {
            let record = try #require(IDL.market(market).events.first { $0.name == "Heartbeat" })
            let data = record.discriminator.littleEndianBytes + server.bytes
            return "Program data: " + Data(data).base64EncodedString()
        }
    }

    private func invoke(_ program: Address, _ depth: Int = 1) -> String { "Program \(program) invoke [\(depth)]" }

    private func success(_ program: Address) -> String { "Program \(program) success" }

    @Test("What the program wrote is found, among everything else")
    func found() throws {
        let logs = [
            invoke(foreign), "Program log: hello", "Program \(foreign) consumed 5 of 200000 compute units",
            success(foreign),
            invoke(market.program), invoke(SystemProgram.id, 2), success(SystemProgram.id), try heartbeat,
            "Program \(market.program) consumed 900 of 200000 compute units", success(market.program),
        ]
        let found = market.events(in: logs)
        #expect(found.events == [.heartbeat(server: server)])
        #expect(found.unreadable.isEmpty && !found.isTruncated && !found.isFailed)
    }

    @Test("A call by another program counts, that program's own lines do not")
    func callers() throws {
        let inner = [invoke(foreign), try heartbeat, invoke(market.program, 2), try heartbeat]
        let logs = inner + [success(market.program), try heartbeat, success(foreign), try heartbeat]
        #expect(market.events(in: logs).events == [.heartbeat(server: server)])
        #expect(market.events(in: [try heartbeat]).events.isEmpty)
        #expect(Market(program: foreign).events(in: inner).events == [.heartbeat(server: server)])
    }

    @Test("A program cannot write the cluster's lines")
    func forgery() throws {
        for text in [
            "Program log: \(invoke(market.program))", "Program log: Program \(market.program) invoke [1]",
            "Program data: \(invoke(market.program))", "Program return: \(market.program) invoke [1]",
            "Program log: x\nProgram \(market.program) invoke [2]", "\(invoke(market.program)) ",
            "Program \(market.program) invoke [0]", "Program \(market.program) invoke [-1]",
            "Program \(market.program) invoke []", "Program \(market.program) invoke", "Program ", "",
        ] {
            #expect(market.events(in: [invoke(foreign), text, try heartbeat]).events.isEmpty, "\(text)")
        }
    }

    @Test("Nothing happened in a transaction that failed")
    func failure() throws {
        let logs = [
            invoke(market.program), try heartbeat, success(market.program),
            invoke(foreign), "Program \(foreign) failed: custom program error: 0x1",
        ]
        let found = market.events(in: logs)
        #expect(found.isFailed && found.events.isEmpty)
    }

    @Test("Logs that were cut off say so")
    func truncation() throws {
        let found = market.events(in: [invoke(market.program), try heartbeat, "Log truncated"])
        #expect(found.isTruncated && found.events.count == 1)
        let gap = market.events(in: [invoke(market.program, 3), try heartbeat])
        #expect(gap.isTruncated && gap.events.isEmpty)
    }

    @Test("Data that is no known event is kept as it is")
    func unreadable() throws {
        for text in [
            "", "AAAA", "AAA", "A===", "AA=A", "AAAAAAAAAAA=", "AAAAAAAAAAB=", "AA==AA==", "AAAA AAAA", "é===",
        ] {
            let found = market.events(in: [invoke(market.program), "Program data: \(text)"])
            #expect(found.unreadable == [text] && found.events.isEmpty)
        }
    }

    @Test("No lines make the reader trap")
    func fuzz() throws {
        var generator = SplitMix64(seed: 0x106)
        let lines = [
            invoke(market.program), invoke(market.program, 2), invoke(foreign), invoke(foreign, 2), success(foreign),
            success(market.program), try heartbeat, "Program data: !", "Program log: x", "Log truncated",
            "Program \(foreign) failed: x",
        ]
        for _ in 0..<5_000 {
            let logs = (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
                var line = Array(lines.randomElement(using: &generator) ?? "")
                if Bool.random(using: &generator), !line.isEmpty {
                    line.remove(at: Int.random(in: 0..<line.count, using: &generator))
                }
                return String(line)
            }
            let found = market.events(in: logs)
            #expect(found.events.allSatisfy { $0 == .heartbeat(server: server) })
        }
    }
}
