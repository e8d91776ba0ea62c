import Foundation

/// Compiles a folder of Embedded Swift to a Solana program.
///
/// The sources must keep to the subset that `Documentation/program-toolchain.md` describes. The same sources give the
/// same bytes, wherever they lie and whenever they are built with the same toolchain.
public struct ProgramBuilder: Sendable {
    /// What can be chosen.
    public struct Configuration: Sendable {
        /// What the compiler prefers.
        public enum Optimization: String, Sendable, CaseIterable {
            /// A smaller file, which costs less rent.
            case size
            /// Fewer instructions executed, often by a larger file.
            case speed
        }

        /// The format of the file.
        public var version: SBPFVersion = .v3
        /// The system calls that are allowed.
        public var syscalls: SyscallTable = .mainnet
        /// The function at which the program starts.
        public var entrypoint = "entrypoint"
        /// What the compiler prefers.
        public var optimization = Optimization.size
        /// Conditional compilation flags, as after `-D`.
        public var conditions: [String] = []
        /// A folder that keeps the intermediate files, for the curious; `nil` keeps none.
        public var intermediates: String?
        /// How long each run of a compiler may take.
        public var deadline: Duration = .seconds(300)

        /// The usual choices.
        public init() {}
    }

    /// The compilers.
    public var toolchain: SwiftToolchain
    /// What was chosen.
    public var configuration: Configuration

    /// A builder that uses `toolchain`.
    public init(toolchain: SwiftToolchain, configuration: Configuration = Configuration()) {
        self.toolchain = toolchain
        self.configuration = configuration
    }

    /// Builds all Swift files in `folder` and the folders in it as one program.
    public func build(folder: String) async throws(BuildError) -> BuiltProgram {
        let sources = try Self.sources(in: folder)
        let scratch = try TemporaryDirectory()
        defer { scratch.remove() }
        let work = configuration.intermediates.map { URL(fileURLWithPath: $0, isDirectory: true) } ?? scratch.url
        do {
            try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        } catch {
            throw .fileSystem("can't make the folder \(work.path): \(error.localizedDescription)")
        }
        let object = try await compile(sources, in: folder, work: work)
        return try link(object)
    }

    /// Links and verifies an object that ``build(folder:)`` or another compiler has made.
    public func link(_ object: [UInt8]) throws(BuildError) -> BuiltProgram {
        let program: LinkedProgram
        do {
            let parsed = try ELFObject(parsing: object)
            do {
                program = try Linker(
                    syscalls: configuration.syscalls,
                    entrypoint: configuration.entrypoint
                ).link(parsed)
            } catch { throw BuildError.link(error) }
        } catch let error as ObjectError {
            throw .object(error)
        } catch let error as BuildError {
            throw error
        } catch {
            throw .fileSystem("\(error)")
        }
        do {
            try Verifier(version: configuration.version, syscalls: configuration.syscalls).verify(program)
        } catch { throw .verification(error) }
        return BuiltProgram(image: ProgramImage(program, version: configuration.version), program: program)
    }

    /// The paths of the Swift files, relative to `folder`, in an order that does not depend on the file system.
    static func sources(in folder: String) throws(BuildError) -> [String] {
        guard let paths = FileManager.default.enumerator(atPath: folder) else { throw .noSources(path: folder) }
        let sources = paths.compactMap { $0 as? String }
            .filter { $0.hasSuffix(".swift") && !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard !sources.isEmpty else { throw .noSources(path: folder) }
        return sources
    }

    // MARK: Compiling

    private func compile(_ sources: [String], in folder: String, work: URL) async throws(BuildError) -> [UInt8] {
        let rewriter = IRRewriter(entrypoint: configuration.entrypoint)
        func path(_ name: String) -> String { work.appendingPathComponent(name).path }

        let swift = try await run(
            toolchain.swiftc,
            swiftArguments(output: path("1-swift.ll")) + sources,
            directory: folder
        )
        guard swift.status == 0 else { throw Self.swiftFailure(swift) }

        try Self.write(rewriter.retarget(Self.read(path("1-swift.ll"))), to: path("2-retargeted.ll"))
        let optimized = try await run(
            toolchain.clang,
            Self.clangArguments + ["-emit-llvm", "-S", path("2-retargeted.ll"), "-o", path("3-optimized.ll")]
        )
        guard optimized.status == 0 else { throw await clangFailure(optimized) }

        let ir = try Self.read(path("3-optimized.ll"))
        let found = IRInspector(syscalls: configuration.syscalls, entrypoint: configuration.entrypoint).inspect(ir)
        guard found.isEmpty else { throw .unsupported(await demangled(found)) }
        try Self.write(rewriter.lower(ir), to: path("4-lowered.ll"))
        let generated = try await run(
            toolchain.clang,
            Self.clangArguments + [
                // Without a larger limit the back end refuses frames of more than 512 bytes.
                "-mllvm", "-bpf-stack-size=\(Verifier.frameSize)",
                // Step 2 raised alignments; no pass may draw conclusions from them.
                "-Xclang", "-disable-llvm-passes",
                "-c", path("4-lowered.ll"), "-o", path("5-program.o"),
            ]
        )
        guard generated.status == 0 else { throw await clangFailure(generated) }
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path("5-program.o"))))
        } catch {
            throw .fileSystem("can't read the object: \(error.localizedDescription)")
        }
    }

    private func swiftArguments(output: String) -> [String] {
        [
            // This machine's code is free of calling conventions that BPF lacks.
            "-target", "riscv64-none-none-eabi",
            "-enable-experimental-feature", "Embedded",
            "-enable-experimental-feature", "Extern",
            "-enable-upcoming-feature", "ExistentialAny",
            "-enable-upcoming-feature", "InternalImportsByDefault",
            "-enable-upcoming-feature", "MemberImportVisibility",
            "-swift-version", "6",
            "-module-name", "Program",
            "-package-name", "program",
            "-wmo", "-parse-as-library",
            configuration.optimization == .size ? "-Osize" : "-O",
            "-Xfrontend", "-assume-single-threaded",
            "-enforce-exclusivity=unchecked",
            // For the lines in messages; the linker drops it.
            "-g",
            "-emit-ir", "-o", output,
        ] + configuration.conditions.flatMap { ["-D", $0] }
    }

    private static let clangArguments = [
        "-target", "bpfel",
        // Version 3 of the instruction set has 32-bit operations that zero the upper half. The VM's extend the sign.
        "-mcpu=v2",
        "-O2", "-x", "ir", "-Wno-override-module", "-fno-crash-diagnostics", "-fno-color-diagnostics",
    ]

    private func run(
        _ executable: String,
        _ arguments: [String],
        directory: String? = nil
    ) async throws(BuildError) -> Subprocess.Outcome {
        try await Subprocess(
            executable: executable,
            arguments: arguments,
            directory: directory,
            deadline: configuration.deadline
        ).run()
    }

    // MARK: Failures

    private static func swiftFailure(_ outcome: Subprocess.Outcome) -> BuildError {
        let messages = outcome.standardError + outcome.standardOutput
        if messages.contains("unable to load standard library") || messages.contains("riscv64-none-none-eabi'") {
            return .unsuitableToolchain(reason: "it has no Embedded standard library for 64-bit RISC-V")
        }
        return .invalidSource(messages: messages)
    }

    private func clangFailure(_ outcome: Subprocess.Outcome) async -> BuildError {
        let messages = outcome.standardError
        if messages.contains("unable to create target") || messages.contains("unknown target triple") {
            return .unsuitableToolchain(reason: "its clang has no BPF back end")
        }
        let diagnostics = ClangOutput(messages).diagnostics
        guard !diagnostics.isEmpty else { return .backEnd(messages: messages) }
        return .unsupported(await demangled(diagnostics))
    }

    /// The same diagnostics with names as in the source.
    private func demangled(_ diagnostics: [Diagnostic]) async -> [Diagnostic] {
        let names = await toolchain.readableNames(
            of: diagnostics.flatMap { [$0.function, $0.symbol].compactMap(\.self) }
        )
        return diagnostics.map { diagnostic in
            var diagnostic = diagnostic
            diagnostic.function = diagnostic.function.map { names[$0] ?? $0 }
            diagnostic.symbol = diagnostic.symbol.map { names[$0] ?? $0 }
            return diagnostic
        }
    }

    // MARK: Files

    private static func read(_ path: String) throws(BuildError) -> String {
        do {
            return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        } catch {
            throw .fileSystem("can't read \(path): \(error.localizedDescription)")
        }
    }

    private static func write(_ text: String, to path: String) throws(BuildError) {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw .fileSystem("can't write \(path): \(error.localizedDescription)")
        }
    }
}
