import Testing

@testable import PeerChannel

@Suite("The gate in front of handshakes")
struct GateTests {
    /// How many of so many attempts get in.
    private static func entries(_ gate: inout HandshakeGate, _ source: HandshakeGate.Source?, _ attempts: Int) -> Int {
        (0..<attempts).count { _ in gate.enter(source, now: .zero) != .refused }
    }

    @Test("A burst, then a rate, for each source on its own: more have to wait, far more are refused")
    func rate() throws {
        func wait(_ decision: HandshakeGate.Decision) -> Duration? {
            if case .entered(_, _, let wait) = decision { wait } else { nil }
        }
        var gate = HandshakeGate(halfOpenLimit: 1_000, halfOpenPerSource: 8, burst: 5, perSecond: 20)
        let source = HandshakeGate.Source.ip4(1)
        let waits = (0..<10).map { _ in
            let decision = gate.enter(source, now: .zero)
            if case .entered(let place, _, _) = decision { gate.leave(place) }
            return wait(decision)
        }
        #expect(waits == [0, 0, 0, 0, 0, 50, 100, 150, 200, 250].map { .milliseconds($0) })
        let other = wait(gate.enter(.ip4(2), now: .zero))
        #expect(other == .zero)
        // Eight are owed at most; what is owed is earned with time.
        let refused = (0..<10).map { _ in wait(gate.enter(source, now: .zero)) }
        #expect(refused.prefix(3).allSatisfy { $0 != nil } && refused.dropFirst(3).allSatisfy { $0 == nil })
        var passed = 0
        for tick in 0..<1_000 {
            guard case .entered(let place, _, .zero) = gate.enter(.ip4(3), now: .seconds(10) + .milliseconds(tick))
            else { continue }
            passed += 1
            gate.leave(place)
        }
        #expect((5...26).contains(passed), "five at once and at most twenty in the second: \(passed)")
    }

    @Test("A rate of nothing is a long wait, not an infinite one")
    func noRate() throws {
        var gate = HandshakeGate(halfOpenLimit: 9, halfOpenPerSource: 9, burst: 1, perSecond: 0)
        #expect(gate.enter(.ip4(1), now: .zero) == .entered(place: 1, evicting: nil, wait: .zero))
        #expect(gate.enter(.ip4(1), now: .zero) == .entered(place: 2, evicting: nil, wait: .seconds(1_000)))
    }

    @Test("When all places are taken the oldest stranger makes room, and nobody who has proved a key does")
    func eviction() {
        var gate = HandshakeGate(halfOpenLimit: 3, halfOpenPerSource: 3, burst: 100, perSecond: 100)
        #expect(gate.enter(nil, now: .zero) == .entered(place: 1, evicting: nil, wait: .zero))
        #expect(gate.enter(nil, now: .zero) == .entered(place: 2, evicting: nil, wait: .zero))
        #expect(gate.enter(.ip4(1), now: .zero) == .entered(place: 3, evicting: nil, wait: .zero))
        gate.keep(1)
        #expect(gate.enter(nil, now: .zero) == .entered(place: 4, evicting: 2, wait: .zero))
        #expect(gate.enter(nil, now: .zero) == .entered(place: 5, evicting: 3, wait: .zero))
        #expect(gate.halfOpen == 3)
        gate.leave(2)
        #expect(gate.halfOpen == 3, "the evicted one's leave comes late and changes nothing")
        gate.keep(4)
        gate.keep(5)
        #expect(gate.enter(nil, now: .zero) == .refused)
        gate.leave(1)
        #expect(gate.enter(nil, now: .zero) == .entered(place: 6, evicting: nil, wait: .zero))
    }

    @Test("One source can't take all places")
    func perSource() {
        var gate = HandshakeGate(halfOpenLimit: 100, halfOpenPerSource: 4, burst: 1_000, perSecond: 1_000)
        #expect(Self.entries(&gate, .ip4(1), 50) == 4)
        #expect(Self.entries(&gate, .ip4(2), 1) == 1)
        gate.leave(1)
        #expect(Self.entries(&gate, .ip4(1), 2) == 1)
        #expect(gate.halfOpen == 5)
    }

    @Test("An evicted connection's source may come again")
    func evictedSource() {
        var gate = HandshakeGate(halfOpenLimit: 2, halfOpenPerSource: 1, burst: 1_000, perSecond: 1_000)
        #expect(Self.entries(&gate, .ip4(1), 2) == 1)
        #expect(Self.entries(&gate, nil, 2) == 2)
        #expect(Self.entries(&gate, .ip4(1), 1) == 1)
    }

    @Test("Very many sources cost a bounded amount of memory")
    func sources() {
        var gate = HandshakeGate(halfOpenLimit: 100, halfOpenPerSource: 5, burst: 5, perSecond: 20)
        for source in 0..<100_000 as Range<UInt64> { _ = gate.enter(.ip6(source), now: .zero) }
        #expect(gate.sourceCount <= HandshakeGate.sourceLimit)
        #expect(gate.halfOpen == 100)
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
