import Testing

@testable import PeerChannel

@Suite("A server's reservation at a relay")
struct RelayReservationTests {
    private static func terms(_ seconds: UInt32) -> RelayTerms {
        RelayTerms(seconds: seconds, circuits: 4, limits: .init(seconds: 1, bytes: 1))
    }

    @Test("It is announced once, refreshed at half of its time, and asked for only once until answered")
    func refresh() {
        var reservation = RelayReservation(now: .zero)
        #expect(reservation.request == .reserve(seconds: 1_800))
        #expect(reservation.receive(.reserved(Self.terms(20)), now: .seconds(1)) == [.announce(Self.terms(20))])
        #expect(reservation.nextTick == .seconds(11))
        #expect(reservation.tick(now: .seconds(10)).isEmpty)
        #expect(reservation.tick(now: .seconds(11)) == [.send(.reserve(seconds: 1_800))])
        #expect(reservation.tick(now: .seconds(12)).isEmpty)
        #expect(reservation.receive(.reserved(Self.terms(20)), now: .seconds(12)).isEmpty)
        #expect(reservation.nextTick == .seconds(22))
    }

    @Test("Silence: a sign of life is asked for at 15 s, and at 45 s the relay is gone")
    func silence() {
        var reservation = RelayReservation(now: .zero)
        _ = reservation.receive(.reserved(Self.terms(1_800)), now: .zero)
        #expect(reservation.nextTick == .seconds(15))
        #expect(reservation.tick(now: .seconds(15)) == [.send(.ping(1))])
        #expect(reservation.nextTick == .seconds(30))
        #expect(reservation.tick(now: .seconds(30)) == [.send(.ping(2))])
        #expect(reservation.nextTick == .seconds(45))
        #expect(reservation.tick(now: .seconds(45)) == [.end(.deadlineExceeded(.silence))])
        var answered = RelayReservation(now: .zero)
        _ = answered.receive(.reserved(Self.terms(1_800)), now: .zero)
        _ = answered.tick(now: .seconds(15))
        _ = answered.receive(.pong(1), now: .seconds(16))
        #expect(answered.nextTick == .seconds(31))
    }

    @Test("Callers are taken up, pings answered, refusals and nonsense end it")
    func messages() {
        var reservation = RelayReservation(now: .zero)
        let token = RelayToken()
        #expect(reservation.receive(.incoming(token), now: .zero) == [.end(PeerError(RelayFault.unexpected))])
        _ = reservation.receive(.reserved(Self.terms(60)), now: .zero)
        #expect(reservation.receive(.incoming(token), now: .zero) == [.takeUp(token)])
        #expect(reservation.receive(.ping(9), now: .zero) == [.send(.pong(9))])
        let refusal = RelayRefusal(.superseded, retryAfter: .seconds(60))
        #expect(reservation.receive(.refused(refusal), now: .zero) == [.end(.relayRefused(refusal))])
        #expect(reservation.receive(.accept(token), now: .zero) == [.end(PeerError(RelayFault.unexpected))])
    }

    @Test("A relay that grants next to nothing is not asked without pause")
    func tinyTerms() {
        var reservation = RelayReservation(now: .zero)
        _ = reservation.receive(.reserved(Self.terms(0)), now: .zero)
        #expect(reservation.nextTick == .seconds(1))
    }

    @Test("Pauses double from one second to a minute, are jittered, heed the relay, and begin anew after a success")
    func backOff() {
        var backOff = BackOff()
        let pauses = (0..<8).map { _ in backOff.next(jitter: 1) }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
        #expect(backOff.next(jitter: 0) == .seconds(30))
        backOff.succeed()
        #expect(backOff.next(jitter: 1) == .seconds(1))
        #expect(backOff.next(retryAfter: .seconds(20), jitter: 1) == .seconds(20))
        #expect(backOff.next(retryAfter: .seconds(86_400), jitter: 1) == .seconds(60))
        for _ in 0..<200 { #expect(backOff.next(jitter: .random(in: 0...1)) <= .seconds(60)) }
    }
}
