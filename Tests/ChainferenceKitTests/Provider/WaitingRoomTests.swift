import InferenceMarket
import Solana
import Testing

@testable import ChainferenceKit

@Suite("Clients that wait for their request", .timeLimit(.minutes(1)))
struct WaitingRoomTests {
    let time = ChainTime(clock: ContinuousClock(), now: UnixTime(rawValue: 1_000))
    let caps = Terms(outputPrice: .lamports(1))

    @Test("Whoever waits for a request hears of it, and nobody else does")
    func announces() async throws {
        let room = WaitingRoom(capacity: 4)
        let (mine, other) = (Keypair().address, Keypair().address)
        let request = try AccountBytes.request(caps: caps)
        var arrivals = room.arrivals.makeAsyncIterator()
        try await withThrowingTaskGroup(of: (Address, RequestAccount?).self) { group in
            for address in [mine, mine] {
                group.addTask { (address, try await room.wait(for: address, within: .seconds(30), time: time)) }
            }
            group.addTask { (other, try await room.wait(for: other, within: .milliseconds(300), time: time)) }
            while room.awaited != [mine, other] { _ = await arrivals.next() }
            // Both places for the same address count once in a lookup.
            #expect(room.awaited.count == 2)
            var answers = 0
            while let (address, account) = try await group.next() {
                #expect((account != nil) == (address == mine))
                answers += 1
                // The stranger's wait has ended by its limit; now the others hear.
                if address == other { room.announce(request, at: mine) }
            }
            #expect(answers == 3)
        }
        #expect(room.awaited.isEmpty)
    }

    @Test("Places are limited, given back, and gone when the room is closed")
    func places() async throws {
        let room = WaitingRoom(capacity: 1)
        let address = Keypair().address
        var arrivals = room.arrivals.makeAsyncIterator()
        for _ in 0..<3 { #expect(try await room.wait(for: address, within: .zero, time: time) == nil) }
        _ = await arrivals.next()
        try await withThrowingTaskGroup(of: RequestAccount?.self) { group in
            group.addTask { try await room.wait(for: address, within: .seconds(30), time: time) }
            _ = await arrivals.next()
            await #expect(throws: WaitingRoom.Full.self) {
                try await room.wait(for: Keypair().address, within: .seconds(30), time: time)
            }
            room.close()
            let sentAway = try await group.next()
            #expect(sentAway == .some(nil))
        }
        await #expect(throws: WaitingRoom.Full.self) { try await room.wait(for: address, within: .zero, time: time) }
    }

    @Test("A cancelled wait gives its place back")
    func cancelled() async throws {
        let room = WaitingRoom(capacity: 1)
        var arrivals = room.arrivals.makeAsyncIterator()
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await room.wait(for: Keypair().address, within: .seconds(30), time: time) }
            _ = await arrivals.next()
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(room.awaited.isEmpty)
    }
}
