import Testing

@testable import ProgramToolchain

@Suite("Diagnostics")
struct DiagnosticTests {
    private static let debugInformation = """
        !1 = !DIFile(filename: "Counter.swift", directory: "/somewhere")
        !2 = distinct !DISubprogram(name: "add", linkageName: "$e7Program3addyyF", scope: !1, file: !1, line: 4)
        !3 = !DILocation(line: 12, column: 9, scope: !4, inlinedAt: !5)
        !4 = distinct !DILexicalBlock(scope: !2, file: !1, line: 11, column: 3)
        !5 = distinct !DILocation(line: 30, column: 1, scope: !2)
        !6 = !DILocation(line: 99, scope: !7, inlinedAt: !3)
        !7 = distinct !DISubprogram(name: "append", linkageName: "$eSa6append", scope: !8, file: !8)
        !8 = !DIFile(filename: "<compiler-generated>", directory: "/")
        """

    private func inspect(_ body: String, signature: String = "i64 @entrypoint(ptr %0, ptr %1)") -> [Diagnostic] {
        IRInspector().inspect("define \(signature) !dbg !2 {\n\(body)\n}\n\(Self.debugInformation)")
    }

    @Test(
        "name the construct behind an instruction",
        arguments: [
            ("  %1 = fadd double %a, %b, !dbg !3", .floatingPoint),
            ("  %1 = uitofp i64 %a to double, !dbg !3", .floatingPoint),
            ("  %1 = sitofp i64 %a to double, !dbg !3", .floatingPoint),
            ("  %1 = call double @llvm.sqrt.f64(double %a), !dbg !3", .floatingPoint),
            ("  %1 = udiv i128 %a, %b, !dbg !3", .wideDivision),
            ("  %1 = srem i128 %a, %b, !dbg !3", .wideDivision),
            ("  %1 = load atomic i64, ptr %a acquire, align 8, !dbg !3", .atomicOperation),
            ("  store atomic i64 1, ptr %a release, align 8, !dbg !3", .atomicOperation),
            ("  %1 = atomicrmw add ptr %a, i64 1 seq_cst, align 8, !dbg !3", .atomicOperation),
            ("  %1 = cmpxchg ptr %a, i64 1, i64 2 seq_cst seq_cst, !dbg !3", .atomicOperation),
            ("  fence seq_cst, !dbg !3", .atomicOperation),
            ("  %1 = load atomic i64, ptr @\"$e1x_Wz\" acquire, align 8, !dbg !3", .lazyGlobal),
            ("  %1 = call ptr @swift_allocObject(ptr %a, i64 24, i64 7), !dbg !3", .heapAllocation),
            ("  %1 = call signext i32 @posix_memalign(ptr %a, i64 8, i64 %b), !dbg !3", .heapAllocation),
            ("  call void @swift_once(ptr %a, ptr %b, ptr null), !dbg !3", .lazyGlobal),
            ("  call void @swift_nonatomic_release(ptr %a), !dbg !3", .referenceCounting),
            ("  tail call void @putchar(i32 %a), !dbg !3", .printing),
            ("  call void @arc4random_buf(ptr %a, i64 8), !dbg !3", .randomness),
            ("  %1 = call i16 @_swift_stdlib_getNormData(i32 %a), !dbg !3", .unicode),
            ("  %1 = call i64 @sol_misspelt(ptr %a), !dbg !3", .unknownSyscall),
            ("  %1 = call i64 @sol_big_mod_exp(ptr %a), !dbg !3", .inactiveSyscall),
            ("  %1 = call i64 @sol_alloc_free_(i64 %a, ptr %b), !dbg !3", .forbiddenSyscall),
            ("  %1 = call i64 @elsewhere(ptr %a), !dbg !3", .undefinedFunction),
        ] as [(String, Construct)]
    )
    func instructions(line: String, construct: Construct) throws {
        let found = inspect(line)
        let first = try #require(found.first)
        #expect(found.count == 1)
        #expect(first.construct == construct)
        #expect(first.location == SourceLocation(file: "Counter.swift", line: 12, column: 9))
        #expect(first.function == "$e7Program3addyyF")
        #expect(first.description.hasPrefix("Counter.swift:12:9: error: "))
        #expect(first.description.contains(construct.cure))
    }

    @Test("find the caller's line for what the standard library does")
    func inlinedLibrary() {
        let found = inspect("  %1 = call ptr @swift_allocObject(ptr %a, i64 24, i64 7), !dbg !6")
        #expect(found.map(\.location) == [SourceLocation(file: "Counter.swift", line: 12, column: 9)])
    }

    @Test("find the nearest caller of a function of the library")
    func calledLibrary() {
        let found = IRInspector().inspect(
            """
            define i64 @entrypoint(ptr %0) {
              call void @outer(), !dbg !3
              ret i64 0
            }
            define internal void @outer() {
              call void @inner(), !dbg !9
              ret void
            }
            define internal void @inner() {
              %1 = fadd double %a, %b
              ret void
            }
            \(Self.debugInformation)
            """
        )
        #expect(found.map(\.location) == [SourceLocation(file: "Counter.swift", line: 12, column: 9)])
    }

    @Test("leave alone what the machine can do")
    func allowed() {
        #expect(
            inspect(
                """
                  %1 = freeze i64 %a
                  %2 = sdiv i64 %a, %b
                  %3 = mul i128 %a, %b
                  %4 = trunc i64 %a to i32
                  %5 = call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %a, i64 %b)
                  %6 = tail call i64 @sol_sha256(ptr %a, i64 1, ptr %b)
                  %7 = call i32 @memcmp(ptr %a, ptr %b, i64 %n)
                  fence_is_no_instruction
                """
            ).filter { $0.construct != .atomicOperation && $0.construct != .floatingPoint }.isEmpty
        )
    }

    @Test("name an entry point of the wrong shape")
    func signatures() {
        #expect(
            inspect("  ret void", signature: "internal range(i64 0, 3) i64 @one(i64 range(i64 0, 2) %0)").isEmpty
        )
        for signature in ["void @entrypoint(ptr %0)", "i64 @entrypoint(ptr, ptr, ptr)", "i64 @entrypoint(i32 %0)"] {
            #expect(inspect("  ret void", signature: signature).map(\.construct) == [.entrypointSignature])
        }
    }

    @Test("name variables and where they are declared")
    func variables() {
        let found = IRInspector().inspect(
            """
            @"$e7Program7counters6UInt64Vvp.0" = internal global i64 7, align 8, !dbg !20
            @table = internal unnamed_addr constant [2 x i64] [i64 1, i64 2], align 8
            @elsewhere = external constant i64
            \(Self.debugInformation)
            !20 = !DIGlobalVariableExpression(var: !21, expr: !DIExpression())
            !21 = distinct !DIGlobalVariable(name: "counter", scope: !1, file: !1, line: 3, type: !9, isLocal: false)
            """
        )
        #expect(
            found == [
                Diagnostic(
                    construct: .writableGlobal,
                    location: SourceLocation(file: "Counter.swift", line: 3),
                    symbol: "$e7Program7counters6UInt64Vvp"
                ),
                Diagnostic(construct: .undefinedData, symbol: "elsewhere"),
            ]
        )
    }

    @Test("refuse system calls declared with other types")
    func syscallTypes() {
        let found = IRInspector().inspect(
            """
            define i64 @entrypoint(ptr %0) {
              call void @sol_log_64_(i32 signext 1, i64 2)
              ret i64 0
            }
            declare void @sol_log_64_(i32 signext, i64)
            """
        )
        #expect(found.map(\.construct) == [.syscallSignature])
        let many = IRInspector().inspect(
            """
            define i64 @entrypoint(ptr %0) {
              call void @sol_log_64_(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6)
              ret i64 0
            }
            declare void @sol_log_64_(i64, i64, i64, i64, i64, i64)
            """
        )
        #expect(many.map(\.construct) == [.tooManyArguments])
    }

    @Test(
        "understand clang's words",
        arguments: [
            (
                "error: a.swift:2:93: in function f { i64, i64 } (i64): aggregate returns are not supported",
                .aggregateReturn, "f", 2
            ),
            ("error: <unknown>:0:0: in function g i64 (ptr): only small returns supported", .aggregateReturn, "g", nil),
            (
                "error: <unknown>:0:0: in function six i64 (i64): stack arguments are not supported",
                .tooManyArguments, "six", nil
            ),
            (
                "error: a.swift:9:1: in function f i64 (ptr): 0x56: i64 = GlobalAddress<ptr @g> 0, a.swift:9:1 too many arguments",
                .tooManyArguments, "f", 9
            ),
            (
                "error: a.swift:4:64: in function mul i64 (i64): A call to built-in function '__multi3' is not supported.",
                .wideMultiplication, "mul", 4
            ),
            (
                "error: a.swift:4:64: in function mul i64 (i64): A call to built-in function '__muldf3' is not supported.",
                .floatingPoint, "mul", 4
            ),
            (
                "error: <unknown>:0:0: in function d i64 (i64): unsupported signed division, please convert to unsigned div/mod.",
                .signedDivision, "d", nil
            ),
            (
                "error: <unknown>:0:0: in function e i64 (ptr): Looks like the BPF stack limit is exceeded. Please move",
                .frameOverflow, "e", nil
            ),
            ("error: <unknown>:0:0: in function v i64 (ptr): variadic functions are not supported", .other, "v", nil),
            (
                "fatal error: error in backend: Cannot select: 0x55: i64,ch = AtomicLoad<(load acquire (s64))>\nIn function: f",
                .atomicOperation, "f", nil
            ),
            (
                "fatal error: error in backend: Cannot select: 0x55: i64,ch = AtomicLoad<(load from @\"$e1x_Wz\")>\nIn function: f",
                .lazyGlobal, "f", nil
            ),
            ("fatal error: error in backend: Something new", .other, nil, nil),
        ] as [(String, Construct, String?, Int?)]
    )
    func clang(output: String, construct: Construct, function: String?, line: Int?) throws {
        let found = ClangOutput(output).diagnostics
        #expect(found.count == 1)
        let first = try #require(found.first)
        #expect(first.construct == construct)
        #expect(first.function == function)
        #expect(first.location?.line == line)
    }

    @Test("do not repeat what follows from another error")
    func consequences() {
        let output = """
            error: <unknown>:0:0: in function mul i64 (i64): A call to built-in function '__multi3' is not supported.
            error: <unknown>:0:0: in function mul i64 (i64): only small returns supported
            error: <unknown>:0:0: in function mul i64 (i64): only small returns supported
            3 errors generated.
            """
        #expect(ClangOutput(output).diagnostics.map(\.construct) == [.wideMultiplication])
    }

    @Test("say for every construct what it is and what to do")
    func wording() {
        for construct in Construct.allCases {
            #expect(!construct.summary.isEmpty)
            #expect(construct.cure.count > 10)
        }
    }
}
