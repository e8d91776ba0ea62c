import PeerChannel
import SodiumCrypto
import Testing

@testable import PeerRelay

@Suite("The relay's books, without sockets")
struct SwitchboardTests {
    private static let server = RelayDestination(of: X25519.PrivateKey().publicKey)
    private static let other = RelayDestination(of: X25519.PrivateKey().publicKey)
    private static let first = Switchboard.ControlID(number: 1)
    private static let second = Switchboard.ControlID(number: 2)

    private static func board(_ change: (inout RelayLimits) -> Void = { _ in }) -> Switchboard {
        var limits = RelayLimits()
        change(&limits)
        return Switchboard(limits: limits)
    }

    private static func reserve(
        _ board: inout Switchboard,
        _ destination: RelayDestination = server,
        control: Switchboard.ControlID = first,
        source: HandshakeGate.Source? = nil,
        now: Duration = .zero
    ) -> RelayRefusal.Code? {
        switch board.reserve(destination, seconds: 60, control: control, source: source, now: now) {
        case .success: nil
        case .failure(let refusal): refusal.code
        }
    }

    private static func connect(
        _ board: inout Switchboard,
        to destination: RelayDestination = server,
        token: RelayToken = RelayToken(),
        source: HandshakeGate.Source? = nil,
        now: Duration = .zero
    ) -> RelayRefusal.Code? {
        switch board.connect(to: destination, token: token, source: source, now: now) {
        case .success: nil
        case .failure(let refusal): refusal.code
        }
    }

    @Test("Unknown, offline and over the limit are told apart")
    func codes() {
        var board = Self.board { $0.circuitsPerServer = 1 }
        #expect(Self.connect(&board) == .serverUnknown)
        #expect(Self.reserve(&board) == nil)
        #expect(Self.connect(&board) == nil)
        #expect(Self.connect(&board) == .serverBusy)
        board.release(Self.server, control: Self.first, now: .seconds(1))
        #expect(Self.connect(&board, now: .seconds(2)) == .serverOffline)
        #expect(Self.connect(&board, now: .seconds(2) + .seconds(86_400)) == .serverUnknown)
    }

    @Test("A reservation lapses, and a refreshed one does not")
    func expiry() {
        var board = Self.board()
        _ = Self.reserve(&board)
        #expect(Self.connect(&board, now: .seconds(59)) == nil)
        #expect(Self.connect(&board, now: .seconds(60)) == .serverOffline)
        _ = Self.reserve(&board, now: .seconds(50))
        #expect(Self.connect(&board, now: .seconds(109)) == nil)
        #expect(board.expiry(of: Self.server, control: Self.first) == .seconds(110))
    }

    @Test("A server that connects again takes its own place; the older connection's end changes nothing")
    func supersession() throws {
        var board = Self.board { $0.reservations = 1 }
        _ = Self.reserve(&board)
        let again = try board.reserve(Self.server, seconds: 60, control: Self.second, source: nil, now: .zero).get()
        #expect(again.superseded == Self.first)
        #expect(board.expiry(of: Self.server, control: Self.first) == nil)
        board.release(Self.server, control: Self.first, now: .zero)
        let reached = try board.connect(to: Self.server, token: RelayToken(), source: nil, now: .zero).get()
        #expect(reached == Self.second)
        let refreshed = try board.reserve(Self.server, seconds: 60, control: Self.second, source: nil, now: .zero).get()
        #expect(refreshed.superseded == nil)
    }

    @Test("Limits for everybody and for each source, of reservations and circuits; what ends gives its place back")
    func limits() {
        var board = Self.board {
            $0.reservations = 3
            $0.reservationsPerSource = 1
            $0.circuits = 3
            $0.circuitsPerSource = 1
        }
        #expect(Self.reserve(&board, source: .ip4(1)) == nil)
        #expect(Self.reserve(&board, Self.other, control: Self.second, source: .ip4(1)) == .tooManyFromSource)
        #expect(Self.reserve(&board, source: .ip4(1)) == nil, "a refresh needs no second place")
        #expect(Self.reserve(&board, Self.other, control: Self.second, source: .ip4(2)) == nil)
        for (count, code) in [(3, nil), (4, RelayRefusal.Code.relayFull)] {
            let key = RelayDestination(of: X25519.PrivateKey().publicKey)
            #expect(Self.reserve(&board, key, control: .init(number: UInt64(count))) == code)
        }
        let token = RelayToken()
        #expect(Self.connect(&board, token: token, source: .ip4(9)) == nil)
        #expect(Self.connect(&board, source: .ip4(9)) == .tooManyFromSource)
        #expect(Self.connect(&board) == nil && Self.connect(&board, to: Self.other) == nil)
        #expect(Self.connect(&board) == .relayFull)
        board.end(token)
        board.end(token)
        #expect(board.circuitCount == 2)
        #expect(Self.connect(&board, source: .ip4(9)) == nil)
    }

    @Test("A token opens one circuit, once; another server can't turn it away")
    func tokens() {
        var board = Self.board()
        _ = Self.reserve(&board)
        let token = RelayToken()
        _ = Self.connect(&board, token: token)
        #expect(!board.mayDecline(token, Self.other))
        #expect(board.mayDecline(token, Self.server))
        let answers = [board.accept(RelayToken()), board.accept(token), board.accept(token)]
        #expect(answers == [false, true, false])
        #expect(!board.mayDecline(token, Self.server))
        #expect(board.openCircuitCount == 1)
    }

    @Test("Very many servers that come and go cost a bounded amount of memory")
    func memory() {
        var board = Self.board()
        for number in 0..<20_000 as Range<UInt64> {
            let control = Switchboard.ControlID(number: number)
            // Hashing a token is cheaper than making a key.
            guard
                case .connect(let destination) = try? RelayMessage(
                    decoding: [0x10] + RelayToken().bytes + [UInt8](repeating: 0, count: 31)
                )
            else { continue }
            #expect(Self.reserve(&board, destination, control: control) == nil)
            board.release(destination, control: control, now: .zero)
        }
        #expect(board.reservationCount == 0 && board.memoryCount <= Switchboard.memoryLimit)
    }

    @Test("What is granted is what was asked for, within the relay's limit")
    func terms() {
        let board = Self.board { $0.reservationDuration = .seconds(100) }
        #expect([0, 50, 1_000].map { board.terms(asked: $0).seconds } == [10, 50, 100])
        #expect(board.circuitLimits == CircuitLimits(seconds: 3_900, bytes: 1 << 30))
    }

    @Test("A circuit's meter: bytes, idleness, duration, and the time after one side has finished")
    func meter() {
        var limits = RelayLimits()
        limits.circuitBytes = 100
        limits.circuitDuration = .seconds(300)
        var meter = CircuitMeter(limits: limits, now: .zero)
        #expect(meter.deadline == (.seconds(120), .idle))
        let carried = [(60, 100), (41, 200), (40, 200), (1, 200)].map { meter.carry($0, now: .seconds($1)) }
        #expect(carried == [true, false, true, false])
        #expect(meter.carried == 100)
        #expect(meter.deadline == (.seconds(300), .duration))
        meter.finishOneSide(now: .seconds(210))
        meter.finishOneSide(now: .seconds(219))
        #expect(meter.deadline == (.seconds(220), .lingering))
    }
}
