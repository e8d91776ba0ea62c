/// Which way a request takes.
public enum RequestFlow: Hashable, Sendable, CaseIterable {
    /// Any server that meets the criteria may lock the request; three transactions until the claim, and a wait for the lock.
    case open
    /// The client chooses a server, connects, and publishes a request that names it: two transactions, and no wait.
    case direct
}
