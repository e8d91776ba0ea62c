import Testing

@testable import LocalCluster

@Suite("Faults")
struct FaultTests {
    @Test("A fault is read from text, or refused with what to write")
    func parsing() throws {
        let cases: [(String, Fault)] = [
            ("429", Fault(.tooManyRequests(retryAfter: nil))),
            ("429=2:0.5", Fault(.tooManyRequests(retryAfter: 2), probability: 0.5)),
            ("503:1:getSlot,getBalance", Fault(.httpStatus(503), methods: ["getSlot", "getBalance"])),
            ("delay=250", Fault(.delay(.milliseconds(250)))),
            ("drop:0", Fault(.dropConnection, probability: 0)),
            ("drop-answer", Fault(.dropAnswer)),
            ("lose:0.25", Fault(.loseTransaction, methods: ["sendTransaction"], probability: 0.25)),
            ("behind=50", Fault(.nodeBehind(slots: 50))),
        ]
        for (text, fault) in cases { #expect(try Fault(parsing: text) == fault) }
        for text in [
            "", ":", "404", "503=1", "drop=1", "delay", "delay=x", "429:2", "429:nan", "429:-1", "drop:0.5:", "lose:",
        ] {
            #expect(throws: InvalidFault(text: text)) { try Fault(parsing: text) }
        }
    }

    @Test("Faults are as frequent as they should be, and the same for the same seed")
    func frequency() {
        func run(seed: UInt64) -> [Fault.Effect?] {
            let injector = FaultInjector()
            injector.seed(seed)
            injector.inject(Fault(.dropConnection, methods: ["getSlot"], probability: 0.3))
            return (0..<10_000).map { _ in injector.effect(on: "getSlot") }
        }
        let first = run(seed: 1)
        #expect(first == run(seed: 1))
        #expect(first != run(seed: 2))
        #expect((2_800...3_200).contains(first.count { $0 != nil }))
    }
}
