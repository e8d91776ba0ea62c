import Testing

@testable import ProgramToolchain

@Suite("Rewriting intermediate code")
struct IRRewriterTests {
    private let rewriter = IRRewriter()

    @Test("names the BPF machine and hides everything but the entry point")
    func retarget() {
        let rewritten = rewriter.retarget(
            """
            ; ModuleID = '/somewhere/program.ll'
            source_filename = "/somewhere/program.ll"
            target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
            target triple = "riscv64-none-none-eabi"

            $shared = comdat any

            @table = linkonce_odr protected constant [2 x i64] [i64 1, i64 2], comdat, align 8
            @"$e4main5otherSivp" = hidden global i64 7, comdat($shared), align 8
            @elsewhere = external dso_local global i8
            @_swift1_autolink_entries = private constant [0 x i8] zeroinitializer
            @llvm.used = appending global [1 x ptr] [ptr @table], section "llvm.metadata"

            define protected i64 @entrypoint(ptr %0, ptr %1) local_unnamed_addr #0 {
              ret i64 0
            }
            define weak_odr hidden swiftcc void @"quoted name"(i64 %0) #0 comdat {
              ret void
            }
            declare i64 @sol_log_(ptr, i64) #1
            attributes #0 = { nounwind sspreq "frame-pointer"="all" "target-cpu"="generic-rv64" "target-features"="+64bit,+a" }
            !0 = !{i32 1}
            """
        )
        #expect(
            rewritten == """
                source_filename = "program"
                target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
                target triple = "bpfel"


                @table = internal constant [2 x i64] [i64 1, i64 2], align 8
                @"$e4main5otherSivp" = internal global i64 7, align 8
                @elsewhere = external global i8

                define i64 @entrypoint(ptr %0, ptr %1) local_unnamed_addr #0 {
                  ret i64 0
                }
                define internal swiftcc void @"quoted name"(i64 %0) #0 {
                  ret void
                }
                declare i64 @sol_log_(ptr, i64) #1
                attributes #0 = { nounwind }
                !0 = !{i32 1}

                """
        )
    }

    @Test(
        "gives accesses their natural alignment",
        arguments: [
            ("  %1 = load i64, ptr %0, align 1, !tbaa !3", "  %1 = load i64, ptr %0, align 8, !tbaa !3"),
            ("  store i32 7, ptr %0, align 2", "  store i32 7, ptr %0, align 4"),
            ("  %1 = load volatile i16, ptr %0, align 1", "  %1 = load volatile i16, ptr %0, align 2"),
            ("  store ptr %1, ptr %0, align 1", "  store ptr %1, ptr %0, align 8"),
            ("  %1 = load i64, ptr %0, align 8", "  %1 = load i64, ptr %0, align 8"),
            ("  %1 = load i64, ptr %0, align 16", "  %1 = load i64, ptr %0, align 16"),
            ("  %1 = load i8, ptr %0, align 1", "  %1 = load i8, ptr %0, align 1"),
            ("  %1 = alloca i64, align 4", "  %1 = alloca i64, align 4"),
        ]
    )
    func alignment(line: String, expected: String) {
        #expect(rewriter.lower(line) == expected + "\n")
    }

    @Test("copies and fills short blocks by words and long ones by system calls")
    func memory() {
        let lowered = rewriter.lower(
            """
              call void @llvm.memcpy.p0.p0.i64(ptr align 1 %a, ptr noundef nonnull align 1 dereferenceable(32) %b, i64 32, i1 false), !dbg !1
              tail call void @llvm.memcpy.p0.p0.i64(ptr %a, ptr %b, i64 65, i1 false), !dbg !2
              call void @llvm.memcpy.p0.p0.i64(ptr %a, ptr getelementptr inbounds (i8, ptr @t, i64 8), i64 %n, i1 false)
              call void @llvm.memmove.p0.p0.i64(ptr %a, ptr %b, i64 32, i1 false)
              call void @llvm.memmove.p0.p0.i64(ptr %a, ptr %b, i64 33, i1 false)
              call void @llvm.memset.p0.i64(ptr align 1 %a, i8 0, i64 64, i1 false)
              call void @llvm.memset.p0.i64(ptr inttoptr (i64 12884901888 to ptr), i8 -1, i64 %n, i1 false)
            """
        )
        #expect(
            lowered == """
                  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %a, ptr align 8 %b, i64 32, i1 false), !dbg !1
                  call void @sol_memmove_(ptr %a, ptr %b, i64 65), !dbg !2
                  call void @sol_memmove_(ptr %a, ptr getelementptr inbounds (i8, ptr @t, i64 8), i64 %n)
                  call void @llvm.memmove.p0.p0.i64(ptr align 8 %a, ptr align 8 %b, i64 32, i1 false)
                  call void @sol_memmove_(ptr %a, ptr %b, i64 33)
                  call void @llvm.memset.p0.i64(ptr align 8 %a, i8 0, i64 64, i1 false)
                  call void @sol_memset_(ptr inttoptr (i64 12884901888 to ptr), i64 255, i64 %n)
                declare void @sol_memmove_(ptr, ptr, i64)
                declare void @sol_memset_(ptr, i64, i64)

                """
        )
    }

    @Test("fills with a computed byte, and declares no call twice")
    func computedFill() {
        let lowered = rewriter.lower(
            """
            declare i64 @sol_memset_(ptr, i64, i64)
              call void @llvm.memset.p0.i64(ptr %a, i8 %v, i64 %n, i1 false)
            """
        )
        #expect(lowered.contains("= zext i8 %v to i64\n  call void @sol_memset_(ptr %a, i64 %chainference.byte."))
        #expect(!lowered.contains("declare void"))
    }

    @Test("turns C's comparison into the system call's")
    func comparison() {
        let lowered = rewriter.lower("  %3 = tail call i32 @memcmp(ptr %a, ptr %b, i64 %n), !dbg !1")
        #expect(lowered.hasPrefix("  %3 = tail call i32 @chainference.memcmp(ptr %a, ptr %b, i64 %n), !dbg !1\n"))
        #expect(lowered.contains("define internal i32 @chainference.memcmp"))
        #expect(lowered.contains("declare void @sol_memcmp_(ptr, ptr, i64, ptr)"))
    }

    @Test("passes wide results and a sixth argument through memory")
    func calls() {
        let lowered = rewriter.lower(
            """
            define internal fastcc noundef { i64, i64 } @pair(i64 %0) unnamed_addr #1 {
            entry:
              ret { i64, i64 } { i64 1, i64 2 }, !dbg !1
            }
            define internal i64 @six(i64 %0, i64 %1, i64 %2, i64 %3, i64 range(i64 0, 9) %4, i32 signext %5) #1 {
            entry:
              ret i64 %4
            }
            define i64 @entrypoint(ptr %0, ptr %1) {
            entry:
              %2 = tail call fastcc { i64, i64 } @pair(i64 7) #2, !dbg !2
              %3 = tail call i64 @six(i64 1, i64 2, i64 3, i64 4, i64 ptrtoint (ptr @x to i64), i32 signext %9), !dbg !3
              %4 = call i64 @sol_log_64_(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6)
              %5 = call i128 %1(i128 %a, i128 %b, i64 5) memory(none)
              ret i64 0
            }
            declare i64 @sol_log_64_(i64, i64, i64, i64, i64, i64)
            attributes #1 = { nounwind memory(none) willreturn }
            """
        )
        #expect(
            lowered == """
                define internal fastcc void @pair(ptr %chainference.result, i64 %0) unnamed_addr #1 {
                entry:
                  store { i64, i64 } { i64 1, i64 2 }, ptr %chainference.result, align 8, !dbg !1
                  ret void, !dbg !1
                }
                define internal i64 @six(i64 %0, i64 %1, i64 %2, i64 %3, ptr %chainference.arguments) #1 {
                entry:
                  %chainference.address.1 = getelementptr inbounds i8, ptr %chainference.arguments, i64 0
                  %4 = load i64, ptr %chainference.address.1, align 8
                  %chainference.address.2 = getelementptr inbounds i8, ptr %chainference.arguments, i64 8
                  %5 = load i32, ptr %chainference.address.2, align 8
                  ret i64 %4
                }
                define i64 @entrypoint(ptr %0, ptr %1) {
                entry:
                  %chainference.slot.0 = alloca { i64, i64 }, align 8
                  %chainference.slot.1 = alloca i128, align 8
                  %chainference.outgoing = alloca [24 x i8], align 8
                  call fastcc void @pair(ptr %chainference.slot.0, i64 7) #2, !dbg !2
                  %2 = load { i64, i64 }, ptr %chainference.slot.0, align 8
                  %chainference.address.3 = getelementptr inbounds i8, ptr %chainference.outgoing, i64 0
                  store i64 ptrtoint (ptr @x to i64), ptr %chainference.address.3, align 8
                  %chainference.address.4 = getelementptr inbounds i8, ptr %chainference.outgoing, i64 8
                  store i32 %9, ptr %chainference.address.4, align 8
                  %3 = call i64 @six(i64 1, i64 2, i64 3, i64 4, ptr %chainference.outgoing), !dbg !3
                  %4 = call i64 @sol_log_64_(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6)
                  %chainference.address.5 = getelementptr inbounds i8, ptr %chainference.outgoing, i64 0
                  store i128 %b, ptr %chainference.address.5, align 8
                  %chainference.address.6 = getelementptr inbounds i8, ptr %chainference.outgoing, i64 16
                  store i64 5, ptr %chainference.address.6, align 8
                  call void %1(ptr %chainference.slot.1, i128 %a, ptr %chainference.outgoing)
                  %5 = load i128, ptr %chainference.slot.1, align 8
                  ret i64 0
                }
                declare i64 @sol_log_64_(i64, i64, i64, i64, i64, i64)
                attributes #1 = { nounwind willreturn }

                """
        )
    }

    @Test("survives text that is not intermediate code")
    func nonsense() {
        for text in [
            "", "\n", "define", "define @", "@", "@x", "attributes #", "  store ", "  %1 = load i64, align ", "  %",
            "  call void @llvm.memcpy(", "  call void @llvm.memset.p0.i64()", "  % = sdiv ", "  %1 = sdiv i64",
            "  %1 = mul i128", "  %1 = call @llvm.umul.with.overflow.i64(", "  call void @memcmp(", "\u{1F600}",
            "@\"unclosed = private global", "define internal i64 @\"unclosed(",
        ] {
            _ = rewriter.retarget(text)
            _ = rewriter.lower(text)
            _ = IRInspector().inspect(text)
            _ = IRInspector().inspect("define i64 @entrypoint(ptr %0) {\n\(text)\n}")
        }
    }
}
