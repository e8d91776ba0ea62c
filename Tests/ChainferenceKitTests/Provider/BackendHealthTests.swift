import InferenceMarket
import Testing

@testable import ChainferenceKit

@Suite("Backend health")
struct BackendHealthTests {
    let now = UnixTime(rawValue: 1_000)

    @Test("Everything is served until the backend says otherwise")
    func availability() {
        var health = BackendHealth()
        #expect(health.serves("a", at: now))
        health.observe(available: ["b"])
        #expect(!health.serves("a", at: now) && health.serves("b", at: now))
        health.observe(available: [])
        #expect(!health.serves("b", at: now))
    }

    @Test("After failures it rests for 15 s, then twice as long, at most 5 minutes, until an answer succeeds")
    func rests() {
        var health = BackendHealth()
        for rest: Int64 in [15, 30, 60, 120, 240, 300, 300] {
            health.failed(at: now)
            #expect(!health.serves("a", at: now.advanced(bySeconds: rest - 1)))
            #expect(health.serves("a", at: now.advanced(bySeconds: rest)))
        }
        for _ in 0..<100 { health.failed(at: now) }
        #expect(health.restsUntil == now.advanced(bySeconds: 300))
        health.succeeded()
        #expect(health.serves("a", at: now))
        health.failed(at: now)
        #expect(health.restsUntil == now.advanced(bySeconds: 15))
    }
}
