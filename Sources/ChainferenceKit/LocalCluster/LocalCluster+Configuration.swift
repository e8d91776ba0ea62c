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

        /// A second node on the same ledger, which hears of everything late; nil for none.
        public var laggingNode: LaggingNode?

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

    /// A node that knows less than the others: it answers, and notifies, as the cluster was some slots ago.
    ///
    /// What it is sent lands at once, like on any other node. It calls itself unhealthy from 128 slots on.
    public struct LaggingNode: Sendable, Hashable {
        /// How many slots it lags, at least 1.
        public var slots: UInt64

        /// The JSON-RPC port; 0 for any free one.
        public var rpcPort = 0

        /// The PubSub port; nil for the one after ``rpcPort``, or any free one if that is 0.
        public var pubSubPort: Int?

        /// A node on free ports.
        ///
        /// - Parameter slots: How many slots it lags, at least 1.
        public init(slots: UInt64) {
            self.slots = max(1, slots)
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

extension LocalCluster.Configuration {
    /// The ledger's parameters; it remembers the slots that the lagging node still sees.
    var ledgerParameters: LedgerParameters {
        var parameters = ledger
        parameters.retainedSlots = max(parameters.retainedSlots, laggingNode?.slots ?? 0)
        return parameters
    }

    /// The front ends to open, the one that knows everything first.
    func nodes(of cluster: LocalCluster) -> [ClusterNode] {
        var nodes = [ClusterNode(cluster: cluster, lag: 0, rpcPort: rpcPort, pubSubPort: pubSubPort)]
        if let laggingNode {
            nodes.append(
                ClusterNode(
                    cluster: cluster,
                    lag: max(1, laggingNode.slots),
                    rpcPort: laggingNode.rpcPort,
                    pubSubPort: laggingNode.pubSubPort
                )
            )
        }
        return nodes
    }
}
