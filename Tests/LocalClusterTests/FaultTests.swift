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
            ("stall:0.1", Fault(.stall, probability: 0.1)),
            ("expired-blockhash:0.5", Fault(.expiredBlockhash, methods: ["getLatestBlockhash"], probability: 0.5)),
            ("silence:1:accountNotification", Fault(.silence, methods: ["accountNotification"])),
            ("drop-socket:0.01", Fault(.dropSocket, probability: 0.01)),
            ("late=10:0.2", Fault(.lateConfirmations(slots: 10), probability: 0.2)),
        ]
        for (text, fault) in cases { #expect(try Fault(parsing: text) == fault) }
        for text in [
            "", ":", "late", "stall=1", "404", "503=1", "drop=1", "delay", "delay=x", "429:2", "429:nan", "429:-1",
            "drop:0.5:", "lose:",
        ] {
            #expect(throws: InvalidFault(text: text)) { try Fault(parsing: text) }
        }
    }

    @Test("Late confirmations hold so many slots, make up for them, and may come again")
    func lateConfirmations() {
        let injector = FaultInjector()
        injector.inject(Fault(.lateConfirmations(slots: 3)))
        #expect(
            (0..<8).map { _ in injector.holdsConfirmations() } == [true, true, true, false, true, true, true, false]
        )
        #expect(injector.counts[.lateConfirmations(slots: 3)] == 2)
        injector.clear()
        #expect(!injector.holdsConfirmations())
        injector.areConfirmationsHeld = true
        #expect(injector.holdsConfirmations())
    }

    @Test("What happens to notifications and slots does not happen to calls, and the other way round")
    func places() {
        let injector = FaultInjector()
        injector.inject(Fault(.silence))
        injector.inject(Fault(.lateConfirmations(slots: 1)))
        #expect(injector.effect(on: "getSlot") == nil)
        #expect(injector.effect(onNotification: "slotNotification") == .silence)
        injector.inject(Fault(.dropConnection))
        #expect(injector.effect(on: "getSlot") == .dropConnection)
        #expect(injector.effect(onNotification: "slotNotification") == .silence)
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
