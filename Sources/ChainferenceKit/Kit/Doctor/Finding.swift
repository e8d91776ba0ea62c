/// What one check of ``Doctor`` found.
public struct Finding: Hashable, Sendable {
    /// What was looked at.
    public enum Subject: String, Hashable, Sendable, CaseIterable {
        /// This machine's clock against the chain's.
        case clock
        /// The node's calls.
        case node
        /// The node's subscriptions.
        case subscriptions
        /// The market program's account.
        case market
        /// The wallet's key file and money.
        case wallet
        /// A backend and its models.
        case backend
        /// The port that peers connect to.
        case port
        /// The address that clients are sent to.
        case address
        /// The relay.
        case relay
        /// The folder for what must survive a crash.
        case state
        /// The provider itself: whether it runs, and how it is.
        case provider
        /// What the chain shows of the provider, beside its configuration.
        case offers
    }

    /// How it is.
    public enum Status: String, Hashable, Sendable {
        /// As it should be.
        case good
        /// It works, but not well or not for everybody.
        case warning
        /// It does not work.
        case failure
        /// It could not be looked at, because something before it failed.
        case skipped
    }

    /// What was looked at.
    public let subject: Subject
    /// How it is.
    public let status: Status
    /// What was seen.
    public let detail: String
    /// What to do about it; nil when there is nothing to do.
    public let advice: String?

    /// Puts a finding together.
    public init(_ subject: Subject, _ status: Status, _ detail: String, advice: String? = nil) {
        self.subject = subject
        self.status = status
        self.detail = detail
        self.advice = advice
    }
}
