public import Logging

extension LocalCluster {
    /// How a cluster runs.
    public struct Configuration: Sendable {
        /// What makes slots pass.
        public enum Pace: Sendable, Hashable {
            /// The time of day: a slot every `ledger.slotDuration`.
            case realTime

            /// Nothing but calls of ``LocalCluster/advanceSlot()`` and ``LocalCluster/advance(by:)``, for tests.
            case manual
        }

        /// The address to listen at; anything but a loopback address lets the network in, and there is no protection.
        public var host = "127.0.0.1"

        /// The JSON-RPC port; 0 for any free one.
        public var rpcPort = 8_899

        /// The PubSub port; nil for the one after ``rpcPort``, or any free one if that is 0.
        public var pubSubPort: Int?

        /// What makes slots pass.
        public var pace = Pace.realTime

        /// The constants of the ledger.
        public var ledger = LedgerParameters()

        /// Where to log.
        public var logger = Logger(label: "chainference.local-cluster") { _ in SwiftLogNoOpLogHandler() }

        /// A cluster on the usual ports, 8899 and 8900, in real time.
        public init() {}

        /// A cluster for tests: free ports, short slots, quick finality.
        ///
        /// - Parameters:
        ///   - slot: How long a slot lasts.
        ///   - pace: What makes slots pass.
        /// - Returns: The configuration.
        public static func testing(slot: Duration = .milliseconds(20), pace: Pace = .realTime) -> Configuration {
            var configuration = Configuration()
            configuration.rpcPort = 0
            configuration.pace = pace
            configuration.ledger.slotDuration = slot
            configuration.ledger.finalizationSlots = 4
            return configuration
        }
    }

    /// Where a running cluster listens.
    public struct Endpoints: Sendable, Hashable {
        /// The JSON-RPC endpoint, as `http://host:port`.
        public var rpcURL: String

        /// The PubSub endpoint, as `ws://host:port`.
        public var webSocketURL: String
    }
}
