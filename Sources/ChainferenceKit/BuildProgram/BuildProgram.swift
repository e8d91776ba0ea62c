import ArgumentParser
import Foundation
import ProgramToolchain

@main
struct BuildProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-program",
        abstract: "Compiles a folder of Embedded Swift to a Solana program.",
        discussion: """
            The sources must keep to the subset of Swift that Documentation/program-toolchain.md describes. What does \
            not fit is reported with its function and line. Needs a toolchain from swift.org (SWIFT_EXEC or PATH).
            """
    )

    @Argument(help: "The folder with the program's sources.", completion: .directory)
    var sources: String?

    @Option(name: [.short, .long], help: "The file to write.", completion: .file(extensions: ["so"]))
    var output = "program.so"

    @Option(help: "The format: v3, or v0 for clusters without it.")
    fileprivate var elf = Format.v3

    @Option(help: "What to prefer: size or speed.")
    fileprivate var optimize = Goal.size

    @Option(name: .customShort("D"), parsing: .singleValue, help: "A conditional compilation flag.")
    var conditions: [String] = []

    @Option(help: "Keep the intermediate files in this folder.", completion: .directory)
    var keep: String?

    @Flag(help: "Allow system calls that mainnet has not activated, for test clusters with all features.")
    var allFeatures = false

    @Flag(help: "List the functions with their sizes and the system calls.")
    var report = false

    @Flag(help: "List the system calls that the linker knows, with their status on mainnet, and stop.")
    var syscalls = false

    func validate() throws {
        if sources == nil, !syscalls { throw ValidationError("Name the folder with the program's sources.") }
    }

    func run() async throws {
        if syscalls { return listSyscalls() }
        do {
            var configuration = ProgramBuilder.Configuration()
            configuration.version = elf.version
            configuration.optimization = optimize.optimization
            configuration.conditions = conditions
            configuration.intermediates = keep
            if allFeatures { configuration.syscalls = SyscallTable.mainnet.withAllFeatures }
            let builder = ProgramBuilder(toolchain: try await .locate(), configuration: configuration)
            let built = try await builder.build(folder: sources ?? "")
            let file = URL(fileURLWithPath: output)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(built.image.bytes).write(to: file)
            print("\(output): SBPF \(elf.rawValue), \(built.image.bytes.count) bytes")
            if report {
                let names = await builder.toolchain.readableNames(of: built.program.functions.map(\.name))
                print(ProgramReport(built.program, names: names))
            }
        } catch let error as BuildError {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode.failure
        }
    }

    private func listSyscalls() {
        for (name, status) in SyscallTable.mainnet.statuses.sorted(by: { $0.key < $1.key }) {
            print("\(name) \(status)")
        }
    }
}

private enum Format: String, ExpressibleByArgument, CaseIterable {
    case v0
    case v3

    var version: SBPFVersion {
        switch self {
        case .v0: .v0
        case .v3: .v3
        }
    }
}

private enum Goal: String, ExpressibleByArgument, CaseIterable {
    case size
    case speed

    var optimization: ProgramBuilder.Configuration.Optimization {
        switch self {
        case .size: .size
        case .speed: .speed
        }
    }
}
