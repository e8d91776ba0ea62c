import Foundation

/// The programs of a Swift toolchain that building needs: `swiftc`, and the `clang` that comes with it.
public struct SwiftToolchain: Sendable, Hashable {
    /// The Swift compiler.
    public let swiftc: String
    /// The C compiler of the same toolchain.
    ///
    /// Those of swift.org have the BPF back end; Apple's has not.
    public let clang: String
    /// Makes Swift's mangled names readable; messages do without if it is missing.
    public let demangler: String?

    /// A toolchain at known paths.
    public init(swiftc: String, clang: String, demangler: String? = nil) {
        self.swiftc = swiftc
        self.clang = clang
        self.demangler = demangler
    }

    /// Finds `swiftc` in an environment, by default the process's: by the variable `SWIFT_EXEC`, else on `PATH`, and asks it where its toolchain is.
    public static func locate(
        environment: [String: String]? = nil
    ) async throws(BuildError) -> SwiftToolchain {
        let environment = environment ?? ProcessInfo.processInfo.environment
        guard let swiftc = find("swiftc", override: environment["SWIFT_EXEC"], path: environment["PATH"]) else {
            throw .toolNotFound(name: "swiftc", searched: "SWIFT_EXEC and PATH")
        }
        let target = try await Subprocess(executable: swiftc, arguments: ["-print-target-info"]).run()
        struct TargetInformation: Decodable {
            struct Paths: Decodable { let runtimeResourcePath: String }
            let paths: Paths
        }
        let information = try? JSONDecoder().decode(TargetInformation.self, from: Data(target.standardOutput.utf8))
        guard target.status == 0, let information else {
            throw .toolNotFound(name: "a working swiftc", searched: swiftc)
        }
        // …/usr/lib/swift is beside …/usr/bin
        let tools = URL(fileURLWithPath: information.paths.runtimeResourcePath)
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("bin").path
        guard let clang = find("clang", override: nil, path: tools) else {
            throw .toolNotFound(name: "clang", searched: tools)
        }
        return SwiftToolchain(
            swiftc: swiftc,
            clang: clang,
            demangler: find("swift-demangle", override: nil, path: tools)
        )
    }

    /// Swift's mangled names as they read in the source, without the words that every name would have.
    ///
    /// Empty if the toolchain has no demangler.
    public func readableNames(of names: some Sequence<String>) async -> [String: String] {
        let names = Set(names).sorted()
        guard let demangler, !names.isEmpty,
            let outcome = try? await Subprocess(
                executable: demangler,
                arguments: ["--compact", "--simplified"],
                input: names.joined(separator: "\n") + "\n",
                deadline: .seconds(60)
            ).run()
        else { return [:] }
        let readable = outcome.standardOutput.split(separator: "\n").map(String.init)
        guard readable.count == names.count else { return [:] }
        return Dictionary(uniqueKeysWithValues: zip(names, readable))
    }

    private static func find(_ name: String, override: String?, path: String?) -> String? {
        if let override, FileManager.default.isExecutableFile(atPath: override) { return override }
        return (path ?? "").split(separator: ":")
            .map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
