import Foundation
public import Logging

/// Writes each log message as one line of JSON, for software that collects logs.
///
/// `{"time":"2026-11-23T03:04:05.678Z","level":"info","logger":"chainference.provider","message":"claimed","request":"…"}`;
/// metadata stand beside, as text.
public struct JSONLogHandler: LogHandler {
    /// The least that is written.
    public var logLevel = Logger.Level.info

    /// What is written with every message.
    public var metadata: Logger.Metadata = [:]

    private let label: String
    private let write: @Sendable (String) -> Void

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - label: The logger's name.
    ///   - write: Takes a line with its line break; nil for standard error.
    public init(label: String, write: (@Sendable (String) -> Void)? = nil) {
        self.label = label
        self.write = write ?? { FileHandle.standardError.write(Data($0.utf8)) }
    }

    /// A value of the handler's metadata.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes a message.
    public func log(event: LogEvent) {
        var fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.mapValues { "\($0)" }
        fields["time"] = Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
        fields["level"] = event.level.rawValue
        fields["logger"] = label
        fields["message"] = "\(event.message)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let line = try? encoder.encode(fields) { write(String(decoding: line, as: UTF8.self) + "\n") }
    }
}
