import ChainferenceKit
import Foundation

extension UnixTime {
    /// The time on this machine's clock and how far it is from now, for people: `14:05:33, in 10 min`.
    func moment(now: Date = .now) -> String {
        let date = Date(timeIntervalSince1970: Double(rawValue))
        let distance = Int(date.timeIntervalSince(now).rounded(.up))
        let isNear = abs(distance) < 86_400
        let clock = date.formatted(.dateTime.hour(.twoDigits(amPM: .omitted)).minute().second())
        let text = isNear ? clock : "\(date.formatted(.iso8601.year().month().day())) \(clock)"
        switch distance {
        case ..<(-60): return "\(text), \(-distance / 60) min ago"
        case ..<0: return "\(text), \(-distance) s ago"
        case ..<120: return "\(text), in \(distance) s"
        default: return "\(text), in \((distance + 59) / 60) min"
        }
    }
}
