import Subprocess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The environment of commands.
enum ProcessEnvironment {
    /// Some variables of this process, and others; never the rest.
    static func passingOn(_ names: [String], adding variables: [String: String]) -> Environment {
        let own = ProcessInfo.processInfo.environment
        var result: [Environment.Key: String] = [:]
        for name in names {
            if let key = Environment.Key(rawValue: name), let value = own[name] { result[key] = value }
        }
        for (name, value) in variables {
            if let key = Environment.Key(rawValue: name) { result[key] = value }
        }
        return .custom(result)
    }
}
