import CSodium

/// The library's one-time initialisation.
enum Sodium {
    private static let result = sodium_init()

    /// Makes libsodium ready; cheap and safe to call from any thread, any number of times.
    static func initialize() {
        precondition(result >= 0, "libsodium could not be initialised")
    }
}
