import Testing

@testable import ProgramToolchain

@Suite("Hostile objects")
struct FuzzTests {
    /// Reproducible random numbers (SplitMix64, Steele, Lea and Flood 2014).
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    @Test("never trap the parser, the linker, the verifier or the writers", arguments: 0..<6 as Range<UInt64>)
    func mutations(seed: UInt64) {
        var random = Random(state: seed)
        let good = ObjectBuilder.good.bytes
        var outcomes = [0, 0, 0, 0]
        for _ in 0..<10_000 {
            var bytes = good
            Self.mutate(&bytes, &random)
            do {
                let object = try ELFObject(parsing: bytes)
                outcomes[0] += 1
                let program = try Linker().link(object)
                outcomes[1] += 1
                // What the linker makes is never larger than what it was given, but for padding.
                #expect(program.text.count + program.readOnlyData.count <= bytes.count + 16 * object.sections.count)
                for version in SBPFVersion.allCases {
                    do {
                        try Verifier(version: version).verify(program)
                        outcomes[2] += 1
                        outcomes[3] += ProgramImage(program, version: version).bytes.isEmpty ? 1 : 0
                    } catch { continue }
                }
            } catch { continue }
        }
        // The mutations must reach every stage to mean something.
        #expect(outcomes[0] > 500)
        #expect(outcomes[1] > 100)
        #expect(outcomes[2] > 50)
        #expect(outcomes[3] == 0)
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout Random) {
        let interesting: [UInt64] = [
            0, 1, 7, 8, 0x7f, 0x80, 0xff, 0xfff1, 0xffff, 1 << 31, 1 << 32, UInt64(Int64.max), .max, .max - 7,
        ]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !bytes.isEmpty else { return }
            let position = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[position] = UInt8.random(in: .min ... .max, using: &random)
            case 2 where position + 8 <= bytes.count:
                bytes.store(interesting.randomElement(using: &random) ?? 0, at: position & ~7)
            case 3 where position + 4 <= bytes.count:
                bytes.store(UInt32(truncatingIfNeeded: random.next() % 256), at: position & ~3)
            case 4 where random.next() % 16 == 0: bytes.removeLast(bytes.count - position)
            case 5:
                let header = bytes.count - 64 * Int.random(in: 1...10, using: &random)
                if header >= 0, header + 64 <= bytes.count {
                    let field = header + [0, 4, 8, 24, 32, 40, 44, 48, 56].randomElement(using: &random, or: 0)
                    bytes[field] = UInt8.random(in: .min ... .max, using: &random)
                }
            default: bytes[position] &+= 1
            }
        }
    }

    @Test(
        "never trap the rewriter or the inspector either, as damaged intermediate code",
        arguments: 0..<4 as Range<UInt64>
    )
    func damagedCode(seed: UInt64) {
        var random = Random(state: seed)
        let good = Array(
            """
            @"$e7Program7counterSivp.0" = internal global i64 7, align 8, !dbg !1
            define internal fastcc noundef { i64, i64 } @"a pair"(i64 %0) unnamed_addr #1 !dbg !2 {
            entry:
              %1 = tail call fastcc { i64, i64 } @"a pair"(i64 range(i64 0, 9) %0) #2, !dbg !3
              %2 = call i64 %0(i64 1, i64 2, i64 3, i64 4, i64 ptrtoint (ptr @x to i64), i32 signext %9) memory(none)
              call void @llvm.memcpy.p0.p0.i64(ptr align 1 %a, ptr noundef %b, i64 32, i1 false), !dbg !3
              %3 = sdiv exact i64 %0, -5
              %4 = mul nuw i128 %a, %b
              %5 = tail call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %0, i64 %3)
              %6 = load atomic i64, ptr @"$e1x_Wz" acquire, align 8
              %7 = call i32 @memcmp(ptr %a, ptr %b, i64 %n)
              ret { i64, i64 } { i64 1, i64 2 }, !dbg !3
            }
            declare i64 @sol_log_64_(i64 signext, i64)
            attributes #1 = { nounwind memory(none) "target-cpu"="generic-rv64" }
            !1 = !DIGlobalVariableExpression(var: !2, expr: !DIExpression())
            !2 = distinct !DISubprogram(name: "f", scope: !2, file: !4, line: 3)
            !3 = !DILocation(line: 1, column: 2, scope: !2, inlinedAt: !3)
            !4 = !DIFile(filename: "a.swift", directory: "b")
            """.utf8
        )
        for _ in 0..<250 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let position = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.remove(at: position)
                case 1: bytes[position] = Array("(){}[]<>@%\"!, \n0".utf8).randomElement(using: &random) ?? 0
                case 2: bytes.removeSubrange(position..<min(bytes.count, position + 40))
                default: bytes.insert(contentsOf: bytes[position...].prefix(30), at: position)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let rewriter = IRRewriter()
            #expect(!rewriter.lower(rewriter.retarget(text)).isEmpty)
            _ = IRInspector().inspect(text)
            _ = ClangOutput(text)
        }
    }

    @Test("cost little: many symbols and sections with the same long name")
    func amplification() throws {
        var builder = ObjectBuilder.good
        let name = String(repeating: "x", count: 100_000)
        builder.symbols.append(.init(name: name, kind: 1, section: 2))
        var bytes = builder.bytes
        // Every symbol gets the long name, and every section header is counted a thousand times over by overlap.
        let table = Int(bytes.littleEndian(at: bytes.sectionHeader(5) + 24, as: UInt64.self))
        let long: UInt32 = bytes.littleEndian(at: table + 24 * builder.symbols.count)
        for index in 2..<builder.symbols.count { bytes.store(long, at: table + 24 * index) }
        let object = try ELFObject(parsing: bytes)
        #expect(object.name(of: object.symbols[3]) == name)
    }
}

extension Array {
    fileprivate func randomElement(using random: inout FuzzTests.Random, or fallback: Element) -> Element {
        randomElement(using: &random) ?? fallback
    }
}
