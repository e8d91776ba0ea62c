import Foundation
import Testing

@testable import ProgramToolchain

/// These run the real compilers.
@Suite("Building programs")
struct ProgramBuilderTests {
    private static let prologue = """
        public typealias Pointer = UnsafeMutableRawPointer
        @_extern(c, "sol_log_64_")
        func log(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64)

        """

    private static func program(_ body: String, _ declarations: String = "") -> String {
        prologue + declarations + """

            @c(entrypoint)
            public func entrypoint(_ input: Pointer, _ instruction: Pointer) -> UInt64 {
                let a = instruction.load(as: UInt64.self)
                \(body)
            }

            """
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let construct: Construct
        let function: String?
        let source: String

        init(
            _ name: String,
            _ construct: Construct,
            in function: String? = nil,
            _ body: String,
            _ declarations: String = ""
        ) {
            testDescription = name
            self.construct = construct
            self.function = function
            source = ProgramBuilderTests.program(body, declarations)
        }
    }

    static let refusals: [Refusal] = [
        Refusal("an array", .heapAllocation, in: "entrypoint", "var x = [a]; x.append(a); return x[Int(a & 1)]"),
        Refusal("a string", .heapAllocation, "let s = \"hello \\(a)\"; return UInt64(s.utf8.count)"),
        Refusal(
            "a class",
            .heapAllocation,
            "let box = Box(a); Box.last = box; return Box.last!.value",
            """
            final class Box {
                let value: UInt64
                init(_ value: UInt64) { self.value = value }
                nonisolated(unsafe) static var last: Box? = nil
            }
            """
        ),
        Refusal(
            "an escaping closure",
            .heapAllocation,
            "kept = { a &+ $0 }; return kept!(a)",
            "nonisolated(unsafe) var kept: ((UInt64) -> UInt64)? = nil"
        ),
        Refusal(
            "a variable",
            .writableGlobal,
            "counter &+= a; return counter",
            "nonisolated(unsafe) var counter: UInt64 = 7"
        ),
        Refusal(
            "a global that is computed at its first use",
            .lazyGlobal,
            "return table.0",
            """
            @_extern(c, "sol_get_stack_height") func height() -> UInt64
            let table: (UInt64, UInt64) = (height(), 2)
            """
        ),
        Refusal("floating point", .floatingPoint, "return UInt64(Double(a) * 1.5)"),
        Refusal("printing", .printing, "print(\"x\"); return 0"),
        Refusal("random numbers", .randomness, "return UInt64.random(in: 0...a)"),
        Refusal(
            "128-bit division",
            .wideDivision,
            "return UInt64(truncatingIfNeeded: UInt128(a) &* 3 / UInt128(a &+ 1 | 1))"
        ),
        Refusal(
            "a system call that nobody knows",
            .unknownSyscall,
            "return foo(a)",
            "@_extern(c, \"sol_foo\") func foo(_ a: UInt64) -> UInt64"
        ),
        Refusal(
            "a system call that is not active",
            .inactiveSyscall,
            "return left()",
            "@_extern(c, \"sol_remaining_compute_units\") func left() -> UInt64"
        ),
        Refusal(
            "a function that is nowhere",
            .undefinedFunction,
            "return nowhere(a)",
            "@_extern(c, \"nowhere\") func nowhere(_ a: UInt64) -> UInt64"
        ),
        Refusal(
            "a system call with 32-bit parameters",
            .syscallSignature,
            "log32(UInt32(truncatingIfNeeded: a), 0, 0, 0, 0); return 0",
            """
            @_extern(c, "sol_log_pubkey") func log32(_ a: UInt32, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64)
            """
        ),
        Refusal(
            "a frame of more than 4,096 bytes",
            .frameOverflow,
            """
            var buffer = InlineArray<800, UInt64>(repeating: a)
                for i in 0..<800 { buffer[i] = a &+ UInt64(truncatingIfNeeded: i) }
                withUnsafeMutablePointer(to: &buffer) { log(UInt64(UInt(bitPattern: $0)), 0, 0, 0, 0) }
                return buffer[Int(truncatingIfNeeded: a & 511)]
            """
        ),
    ]

    @Test("refuses, with function and line,", arguments: refusals)
    func refused(_ refusal: Refusal) async throws {
        let error = await #expect(throws: BuildError.self) { try await Self.build(refusal.source) }
        guard case .unsupported(let diagnostics) = error else {
            Issue.record("another error: \(error?.description ?? "none")")
            return
        }
        let match = try #require(
            diagnostics.first { $0.construct == refusal.construct },
            "found instead: \(diagnostics.map(\.description))"
        )
        if refusal.construct != .frameOverflow {
            #expect(match.location?.file == "Program.swift")
            #expect(match.location.map { $0.line > 0 } == true)
        }
        if let function = refusal.function { #expect(match.function == function) }
    }

    @Test("passes the compiler's own errors on, with relative names")
    func invalidSource() async throws {
        let error = await #expect(throws: BuildError.self) { try await Self.build("public func f() -> Nowhere {}\n") }
        guard case .invalidSource(let messages) = error else {
            Issue.record("another error: \(error?.description ?? "none")")
            return
        }
        #expect(messages.contains("Program.swift:1:20: error: cannot find type 'Nowhere' in scope"))
    }

    @Test("says that an entry point is missing, and that there are no sources")
    func missing() async throws {
        let error = await #expect(throws: BuildError.self) { try await Self.build("func f() {}\n") }
        guard case .link(.missingEntrypoint("entrypoint")) = error else {
            Issue.record("another error: \(error?.description ?? "none")")
            return
        }
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let builder = ProgramBuilder(toolchain: try await .locate())
        for path in [folder.url.path, folder.url.path + "/nowhere"] {
            let error = await #expect(throws: BuildError.self) { try await builder.build(folder: path) }
            guard case .noSources = error else {
                Issue.record("another error: \(error?.description ?? "none")")
                return
            }
        }
    }

    @Test("is told when there is no compiler, and does not wait for ever")
    func toolchains() async throws {
        await #expect(throws: BuildError.self) { try await SwiftToolchain.locate(environment: ["PATH": "/nowhere"]) }
        await #expect(throws: BuildError.self) {
            try await SwiftToolchain.locate(environment: ["SWIFT_EXEC": "/bin/false"])
        }
        let slow = Subprocess(
            executable: "/bin/sh",
            arguments: ["-c", "trap '' TERM; exec sleep 60"],
            deadline: .milliseconds(50)
        )
        var error: BuildError?
        let time = await ContinuousClock().measure {
            error = await #expect(throws: BuildError.self) { try await slow.run() }
        }
        guard case .toolTimedOut("sh", _) = error else {
            Issue.record("another error: \(error?.description ?? "none")")
            return
        }
        #expect(time < .seconds(30))
    }

    @Test("makes the same bytes of the same sources, wherever they lie")
    func reproducible() async throws {
        let sources = [
            "b/Second.swift": "@inline(never) func second(_ a: UInt64) -> UInt64 { a &* 3 }\n",
            "a/First.swift": Self.program("log(a, second(a), 0, 0, 0); precondition(a != 7); return second(a &+ 1)"),
        ]
        for version in SBPFVersion.allCases {
            var configuration = ProgramBuilder.Configuration()
            configuration.version = version
            let one = try await Self.build(sources, configuration)
            let two = try await Self.build(sources, configuration)
            #expect(one.image.bytes == two.image.bytes)
            #expect(one.program.syscalls == ["abort", "sol_log_64_"])
            let text = String(decoding: one.image.bytes, as: UTF8.self)
            #expect(!text.contains("First") && !text.contains("/"))
        }
    }

    @Test("never uses 32-bit arithmetic, whose results the VM extends with the sign")
    func noArithmetic32() async throws {
        let built = try await Self.build(
            Self.program(
                "let b = UInt32(truncatingIfNeeded: a); return UInt64((b &+ 5) &* b &- 7) ^ UInt64(b / (b | 1))"
            )
        )
        var position = 0
        while position < built.program.text.count {
            let opcode = built.program.text[position]
            #expect(opcode & 7 != 4 || [0xd4, 0xdc].contains(opcode), "a 32-bit operation at \(position)")
            #expect(opcode & 7 != 6, "a 32-bit comparison at \(position)")
            position += opcode == Opcode.loadDoubleWord ? 16 : 8
        }
    }

    @Test("passes wide results and any number of arguments")
    func callingConvention() async throws {
        let built = try await Self.build(
            Self.program(
                "let p = pair(a), q = pair(a &+ 1); return six(p.0, p.1, q.2, half(a) ?? 9, 5, a) ^ six(a, 1, a, 3, a, 5)",
                """
                @inline(never) func pair(_ a: UInt64) -> (UInt64, UInt64, UInt64) { (a &+ 1, a &* 3, a ^ 5) }
                @inline(never) func half(_ a: UInt64) -> UInt64? { a & 1 == 0 ? a >> 1 : nil }
                @inline(never)
                func six(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64, _ f: UInt64) -> UInt64 {
                    a &+ b ^ c &* d ^ e &* f
                }
                """
            )
        )
        #expect(built.program.functions.count >= 4)
    }

    @Test("translates checked and wide multiplication, signed division and memory operations")
    func arithmetic() async throws {
        let built = try await Self.build(
            Self.program(
                """
                let b = (instruction + 8).load(as: UInt64.self)
                    let signed = Int64(bitPattern: a) / Int64(bitPattern: b | 1) % 1000
                    let wide = a.multipliedFullWidth(by: b)
                    (input + 8).copyMemory(from: instruction, byteCount: Int(truncatingIfNeeded: a & 0xfff))
                    return a * b ^ UInt64(bitPattern: signed * Int64(bitPattern: b)) ^ wide.high
                """
            )
        )
        #expect(built.program.syscalls == ["abort", "sol_memmove_"])
    }

    private static func build(_ source: String) async throws -> BuiltProgram {
        try await build(["Program.swift": source])
    }

    private static func build(
        _ sources: [String: String],
        _ configuration: ProgramBuilder.Configuration = .init()
    ) async throws -> BuiltProgram {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        for (name, text) in sources {
            let file = folder.url.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file)
        }
        let builder = ProgramBuilder(toolchain: try await .locate(), configuration: configuration)
        return try await builder.build(folder: folder.url.path)
    }
}
