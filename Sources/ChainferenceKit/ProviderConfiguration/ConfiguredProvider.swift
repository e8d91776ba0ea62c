public import ChainferenceKit
public import Logging
import ProviderMonitoring
public import ServiceLifecycle
import Synchronization
import UnixSignals

/// A provider that runs as its configuration file says, with health and metrics, and reads the file again on SIGHUP.
///
/// ```swift
/// let configured = try ConfiguredProvider(path: "provider.yaml")
/// try await configured.runUntilStopped()
/// ```
///
/// A file that can't be read, is wrong, or changes what only a restart can change leaves everything as it was; the reason
/// goes to the log and to `onReload`.
public final class ConfiguredProvider: Service {
    /// How a reload ended.
    public enum Reload: Sendable {
        /// The file's plan holds now.
        case done
        /// Everything stays as it was.
        case refused(any Error)
    }

    /// The file as it was read at the start.
    public let file: ProviderConfigurationFile

    /// The provider.
    public let provider: Provider

    private let logger: Logger
    private let onReload: @Sendable (Reload) -> Void
    private let onMonitoring: @Sendable (Int) -> Void

    /// Reads the file and puts everything together; nothing runs yet.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - logger: Gets what happens, at the level that the file sets; nil for swift-log's own.
    ///   - onEvent: Is told what the provider does, in order; must not block.
    ///   - onReload: Is told how each reload ended.
    ///   - onMonitoring: Is told the port of health and metrics, if the file asks for them.
    /// - Throws: ``ProviderConfigurationError``, or what is wrong with the wallet's file.
    public init(
        path: String,
        logger: Logger? = nil,
        onEvent: @escaping @Sendable (ProviderEvent) -> Void = { _ in },
        onReload: @escaping @Sendable (Reload) -> Void = { _ in },
        onMonitoring: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        let file = try ProviderConfigurationFile(contentsOf: path)
        var logger = logger ?? Logger(label: "chainference.provider")
        logger.logLevel = file.logLevel
        self.file = file
        self.logger = logger
        self.onReload = onReload
        self.onMonitoring = onMonitoring
        provider = Provider(
            wallet: try file.wallet(),
            cluster: file.cluster,
            fallbacks: file.fallbacks,
            market: file.market,
            plan: file.plan,
            logger: logger,
            onEvent: onEvent
        )
    }

    /// Runs until graceful shutdown is done or the task is cancelled.
    ///
    /// Health and metrics are served to the end of it.
    ///
    /// - Throws: What ``Provider/run()`` throws, or `MonitoringError`.
    public func run() async throws {
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await self.provider.run()
                return true
            }
            group.addTask {
                for await _ in hangUps { await self.reload() }
                return false
            }
            if let monitoring = file.monitoring {
                let server = MonitoringServer(
                    host: monitoring.host,
                    port: monitoring.port,
                    logger: logger,
                    onListening: onMonitoring,
                    status: { [provider] in provider.status }
                )
                group.addTask {
                    try await server.run()
                    return false
                }
            }
            defer { group.cancelAll() }
            // A graceful shutdown ends the monitoring by itself; the provider's end is what counts.
            while let isProvider = try await group.next(), !isProvider {}
        }
    }

    /// Runs until SIGINT or SIGTERM: the first one drains, a second one ends everything at once, as a crash would.
    ///
    /// - Throws: What ``run()`` throws; ``StoppedBeforeSettled`` after the second signal.
    public func runUntilStopped() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let services = ServiceGroup(configuration: .init(services: [.init(service: self)], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            group.addTask {
                var count = 0
                for await _ in signals {
                    count += 1
                    guard count == 1 else { throw StoppedBeforeSettled() }
                    await services.triggerGracefulShutdown()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Reads the file again, and lets its plan take the place of the present one.
    ///
    /// - Returns: How it ended.
    @discardableResult
    public func reload() async -> Reload {
        let outcome: Reload
        do {
            let new = try ProviderConfigurationFile(contentsOf: file.path)
            let fixed = file.fixedDifferences(from: new)
            guard fixed.isEmpty else { throw ProviderError.needsRestart(fixed) }
            try await provider.reload(new.plan)
            outcome = .done
        } catch {
            logger.error("the configuration stays as it was: \(error)")
            outcome = .refused(error)
        }
        onReload(outcome)
        return outcome
    }
}

extension ProviderConfigurationFile {
    /// What only a restart can change, by the name of what is different in `other`.
    func fixedDifferences(from other: ProviderConfigurationFile) -> [String] {
        var names: [String] = []
        if cluster != other.cluster || fallbacks != other.fallbacks { names.append("the cluster's nodes") }
        if market != other.market { names.append("the market program") }
        if walletPath != other.walletPath { names.append("the wallet") }
        if monitoring != other.monitoring { names.append("the address of health and metrics") }
        return names
    }
}
