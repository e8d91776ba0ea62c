/// Why a program could not be built.
public enum BuildError: Error, Sendable {
    /// The folder has no Swift sources, or can't be read.
    case noSources(path: String)
    /// A program of the toolchain is missing.
    case toolNotFound(name: String, searched: String)
    /// A program of the toolchain could not be run.
    case toolFailed(name: String, reason: String)
    /// A program of the toolchain did not end in time.
    case toolTimedOut(name: String, limit: Duration)
    /// The toolchain lacks the BPF back end or the Embedded standard library.
    case unsuitableToolchain(reason: String)
    /// The sources don't compile as Embedded Swift; the compiler's messages.
    case invalidSource(messages: String)
    /// The sources use what can't run on the chain.
    case unsupported([Diagnostic])
    /// The back end failed in a way that nobody has described yet; its messages.
    case backEnd(messages: String)
    /// The object is not what the linker expects.
    case object(ObjectError)
    /// The object can't be linked.
    case link(LinkError)
    /// The linked program breaks a rule of the VM.
    case verification(VerificationError)
    /// A file can't be read or written.
    case fileSystem(String)
    /// The task was cancelled.
    case cancelled
}

extension BuildError: CustomStringConvertible {
    /// What happened and what to do about it.
    public var description: String {
        switch self {
        case .noSources(let path): "no Swift sources in \(path)"
        case .toolNotFound(let name, let searched):
            "\(name) was not found (searched: \(searched)). Install a toolchain from swift.org, or set SWIFT_EXEC to its swiftc"
        case .toolFailed(let name, let reason): "\(name) could not be run: \(reason)"
        case .toolTimedOut(let name, let limit): "\(name) did not end within \(limit)"
        case .unsuitableToolchain(let reason):
            "this toolchain can't build programs: \(reason). Install one from swift.org (Apple's lacks the BPF back end)"
        case .invalidSource(let messages): messages
        case .unsupported(let diagnostics): diagnostics.map(\.description).joined(separator: "\n")
        case .backEnd(let messages): "the back end failed:\n\(messages)"
        case .object(let error): "the compiled object is unusable: \(error)"
        case .link(let error): "linking failed: \(error)"
        case .verification(let error): "the program breaks a rule of the VM: \(error)"
        case .fileSystem(let reason): reason
        case .cancelled: "cancelled"
        }
    }
}
