import Testing

@testable import PeerChannel

@Suite("The gate in front of handshakes")
struct GateTests {
    @Test("A burst, then a rate, for each source on its own")
    func rate() {
        var gate = HandshakeGate(halfOpenLimit: 1_000, halfOpenPerSource: 1_000, burst: 5, perSecond: 20)
        let source = HandshakeGate.Source.ip4(1)
        var passed = 0
        for _ in 0..<10 where gate.enter(source, now: .zero) { passed += 1 }
        #expect(passed == 5)
        let others = [
            gate.enter(.ip4(2), now: .zero),
            gate.enter(source, now: .milliseconds(49)),
            gate.enter(source, now: .milliseconds(100)),
        ]
        #expect(others == [true, false, true])
        passed = 0
        for tick in 0..<1_000 where gate.enter(source, now: .seconds(10) + .milliseconds(tick)) {
            passed += 1
            gate.leave(source)
        }
        #expect((24...26).contains(passed), "five at once and twenty in the second: \(passed)")
    }

    @Test("No more than the limit at a time, whatever the source")
    func halfOpen() {
        var gate = HandshakeGate(halfOpenLimit: 3, halfOpenPerSource: 3, burst: 100, perSecond: 100)
        let answers = [nil, nil, .ip4(1), nil].map { gate.enter($0, now: .zero) }
        #expect(answers == [true, true, true, false])
        gate.leave(nil)
        let again = gate.enter(nil, now: .zero)
        #expect(again)
    }

    @Test("One source can't take all places")
    func perSource() {
        var gate = HandshakeGate(halfOpenLimit: 100, halfOpenPerSource: 4, burst: 1_000, perSecond: 1_000)
        var passed = 0
        for _ in 0..<50 where gate.enter(.ip4(1), now: .zero) { passed += 1 }
        #expect(passed == 4)
        let other = gate.enter(.ip4(2), now: .zero)
        #expect(other)
        gate.leave(.ip4(1))
        let again = [gate.enter(.ip4(1), now: .zero), gate.enter(.ip4(1), now: .zero)]
        #expect(again == [true, false])
        let open = gate.halfOpen
        #expect(open == 5)
    }

    @Test("Very many sources cost a bounded amount of memory")
    func sources() {
        var gate = HandshakeGate(halfOpenLimit: .max, halfOpenPerSource: 5, burst: 5, perSecond: 20)
        for source in 0..<100_000 as Range<UInt64> { _ = gate.enter(.ip6(source), now: .zero) }
        #expect(gate.sourceCount <= HandshakeGate.sourceLimit)
    }

    @Test("One IPv6 customer is one source; mapped addresses are IPv4; this machine has no rate")
    func sourceKeys() throws {
        func source(_ text: String) -> HandshakeGate.Source? { PeerHost(text).flatMap(HandshakeGate.Source.init) }
        #expect(source("2a00:1:2:3::1") == source("2a00:1:2:3:ffff::9"))
        #expect(source("2a00:1:2:3::1") != source("2a00:1:2:4::1"))
        #expect(source("::ffff:808:808") == source("8.8.8.8"))
        #expect(source("127.0.0.1") == nil && source("::1") == nil && source("::ffff:7f00:1") == nil)
    }
}
