import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension HTTPHeaders {
    /// How long the server asks to be left alone, from `Retry-After`; nil when it does not say, or says nonsense.
    ///
    /// Takes both forms of RFC 9110, section 10.2.3: seconds, and a date, which is compared with this machine's clock.
    /// Dates in the past give zero.
    public var retryAfter: Duration? {
        retryAfter(now: Int64(time(nil)))
    }

    func retryAfter(now: Int64) -> Duration? {
        guard let text = self["Retry-After"], !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return UInt32(text).map { .seconds(Int64($0)) } ?? .seconds(Int64(UInt32.max))
        }
        let date = Int64(curl_getdate(text, nil))
        return date < 0 ? nil : .seconds(Swift.max(0, date - now))
    }
}
