import Foundation
import ProgramToolchain

extension BenchmarkGroup {
    /// The size of the market program.
    ///
    /// Its compute units are measured in the real VM, by the SVM suite.
    static let program = BenchmarkGroup(
        name: "program",
        title: "The market program for the Solana VM"
    ) { stopwatch, context in
        let folder = context.root.appendingPathComponent("Sources/ChainferenceKit/MarketProgram").path
        let toolchain: SwiftToolchain
        do { toolchain = try await .locate() } catch { throw BenchmarkUnavailable(reason: "\(error)") }
        for version in SBPFVersion.allCases.reversed() {
            var configuration = ProgramBuilder.Configuration()
            configuration.version = version
            let built = try await ProgramBuilder(toolchain: toolchain, configuration: configuration).build(
                folder: folder
            )
            let count = built.image.bytes.count
            // An account of the loader holds 45 bytes more; rent is 6,960 lamports for each byte and 128 besides.
            let rent = Double((count + 45 + 128) * 6_960) / 1_000_000_000
            let goal = version == .v3 ? "; goal: 24 KiB, \(count <= 24 * 1_024 ? "met" : "MISSED")" : ""
            print("  SBPF \(version.name): \(count) bytes, \(rent) SOL of rent\(goal)")
            if version == .v3 {
                let report = ProgramReport(built.program)
                let frame = report.functions.map(\.frameSize).max() ?? 0
                print("      \(report.codeSize) bytes of code, largest stack frame \(frame) bytes (of 4,096)")
                if count > 24 * 1_024 { stopwatch.miss("program size") }
            }
        }
        print("  compute units of each instruction: Documentation/compute-units.md, made by Tests/SVM in the real VM")
    }
}
