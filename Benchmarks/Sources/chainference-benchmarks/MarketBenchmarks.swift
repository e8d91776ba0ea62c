extension BenchmarkGroup {
    /// Time to first token and tokens per second through the whole market, against the bare backend.
    ///
    /// The place for it; the comparison itself follows with the kit.
    static let market = BenchmarkGroup(
        name: "market",
        title: "The whole market against the bare backend"
    ) { _, _ in
        throw BenchmarkUnavailable(reason: "not written yet")
    }
}
