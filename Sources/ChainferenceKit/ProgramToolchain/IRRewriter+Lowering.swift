extension IRRewriter {
    /// Blocks of at most this many bytes are copied and filled by instructions, longer ones by a system call.
    ///
    /// A system call takes about 15 compute units with its arguments; 8 bytes take two units to copy.
    static let inlineCopyLimit = 64
    /// Overlapping copies need all their bytes in registers at once, and there are few.
    static let inlineMoveLimit = 32

    /// Step 2, after the optimiser: memory operations become system calls or wide instructions, accesses of any alignment
    /// single instructions, since the VM allows both and the back end knows neither; and multiplications and divisions
    /// that need a support library become instructions, wide results and sixth arguments pass through memory.
    ///
    /// This must come after all passes that draw conclusions from alignments.
    public func lower(_ ir: String) -> String {
        var output: [IRText.Line] = []
        var memory = MemoryCalls()
        var arithmetic = ArithmeticExpansion()
        for line in CallLowering.lower(IRText(ir).lines) {
            guard line.hasPrefix("  ") else {
                memory.note(line)
                output.append(line)
                continue
            }
            output.append(
                memory.rewrite(line) ?? arithmetic.rewrite(line) ?? Self.withNaturalAlignment(line) ?? line
            )
        }
        output += memory.declarations
        return IRText.string(output)
    }

    /// `load i64, ptr %p, align 1` takes 15 instructions; aligned by 8 it takes one, and the VM reads unaligned words.
    private static func withNaturalAlignment(_ line: IRText.Line) -> IRText.Line? {
        var rest = line.trimmed
        if rest.hasPrefix("store ") {
            rest = rest.dropFirst(6)
        } else {
            guard let load = rest.firstRange(of: " = load ") else { return nil }
            rest = rest[load.upperBound...]
        }
        if rest.hasPrefix("volatile ") { rest = rest.dropFirst(9) }
        let natural: UInt8
        if rest.hasPrefix("i64") || rest.hasPrefix("ptr") {
            natural = 8
        } else if rest.hasPrefix("i32") {
            natural = 4
        } else if rest.hasPrefix("i16") {
            natural = 2
        } else {
            return nil
        }
        guard let align = line.lastRange(of: ", align "), align.upperBound < line.endIndex else { return nil }
        let digit = line[align.upperBound]
        // One digit: 1, 2, 4 or 8. More is at least 16.
        let next = align.upperBound + 1
        guard digit < UInt8(ascii: "0") + natural else { return nil }
        guard next == line.endIndex || !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(line[next]) else { return nil }
        return line[..<align.upperBound] + [UInt8(ascii: "0") + natural] + line[next...]
    }
}

/// Replaces calls of LLVM's memory intrinsics.
private struct MemoryCalls {
    private var declared: Set<String> = []
    private var used: Set<String> = []

    private static let signatures = [
        ("sol_memcmp_", "ptr, ptr, i64, ptr"), ("sol_memmove_", "ptr, ptr, i64"), ("sol_memset_", "ptr, i64, i64"),
    ]

    /// Remembers a declaration that the program has already.
    mutating func note(_ line: IRText.Line) {
        guard line.hasPrefix("declare "), let at = line.firstIndex(of: UInt8(ascii: "@")),
            let (name, _) = line.globalName(at: at)
        else { return }
        declared.insert(name.text)
    }

    var declarations: [IRText.Line] {
        var lines: [IRText.Line] = []
        var needed = used
        for name in ["memcmp", "bcmp"] where used.contains(name) {
            needed.insert("sol_memcmp_")
            lines.append(IRText.Line(Self.comparison(name)))
        }
        for (name, parameters) in Self.signatures where needed.contains(name) && !declared.contains(name) {
            lines.append(IRText.Line("declare void @\(name)(\(parameters))"))
        }
        return lines
    }

    /// C's function returns the difference, the system call writes it through a pointer.
    private static func comparison(_ name: String) -> String {
        """
        define internal i32 @chainference.\(name)(ptr %a, ptr %b, i64 %n) {
          %difference = alloca i32, align 8
          call void @sol_memcmp_(ptr %a, ptr %b, i64 %n, ptr %difference)
          %result = load i32, ptr %difference, align 8
          ret i32 %result
        }
        """
    }

    mutating func rewrite(_ line: IRText.Line) -> IRText.Line? {
        for name: StaticString in ["@memcmp(", "@bcmp("] {
            guard let call = line.firstRange(of: name),
                line.firstRange(of: " call ") != nil || line.hasPrefix("  call ")
            else { continue }
            let function = line[(call.lowerBound + 1)..<(call.upperBound - 1)].text
            used.insert(function)
            return line[..<call.lowerBound] + IRText.Line("@chainference.\(function)(") + line[call.upperBound...]
        }
        guard let call = line.firstRange(of: "call void @llvm.mem") else { return nil }
        let nameStart = call.upperBound
        guard let opening = line[nameStart...].firstIndex(of: UInt8(ascii: "(")),
            let closing = line.closingBracket(of: opening)
        else { return nil }
        let arguments = line[(opening + 1)..<closing].split(atTopLevel: UInt8(ascii: ",")).map(\.trimmed)
        guard arguments.count == 4, arguments[2].hasPrefix("i64 ") else { return nil }
        let length = arguments[2].operandValue
        let count = Int(length.text)
        let suffix = line[(closing + 1)...]

        let name = line[nameStart..<opening]
        if name.hasPrefix("set.p0.") {
            let value = arguments[1].operandValue
            if let count, count <= IRRewriter.inlineCopyLimit {
                return line[...opening] + Self.aligned([arguments[0]]) + IRText.Line(", ")
                    + IRText.Line(arguments[1...].joined(separator: ", ".utf8)) + line[closing...]
            }
            guard let byte = Int(value.text) else {
                // A byte that is computed must be widened; the system call takes 64 bits and uses 8.
                let wide = "%chainference.byte.\(line.startIndex)"
                used.insert("sol_memset_")
                return IRText.Line("  \(wide) = zext i8 ") + value + IRText.Line(" to i64\n")
                    + Self.call("sol_memset_", [arguments[0].operandValue, IRText.Line(wide), length]) + suffix
            }
            used.insert("sol_memset_")
            return Self.call(
                "sol_memset_",
                [arguments[0].operandValue, IRText.Line(String(byte & 0xff)), length]
            ) + suffix
        }
        let isCopy = name.hasPrefix("cpy.p0.")
        guard isCopy || name.hasPrefix("move.p0.") else { return nil }
        if let count, count <= (isCopy ? IRRewriter.inlineCopyLimit : IRRewriter.inlineMoveLimit) {
            return line[...opening] + Self.aligned(Array(arguments[..<2])) + IRText.Line(", ")
                + IRText.Line(arguments[2...].joined(separator: ", ".utf8)) + line[closing...]
        }
        // A copy may have equal source and destination, which `sol_memcpy_` takes for an overlap and stops.
        used.insert("sol_memmove_")
        return Self.call(
            "sol_memmove_",
            [arguments[0].operandValue, arguments[1].operandValue, length]
        ) + suffix
    }

    private static func call(_ name: String, _ arguments: [IRText.Line]) -> IRText.Line {
        let types = name == "sol_memset_" ? ["ptr", "i64", "i64"] : ["ptr", "ptr", "i64"]
        let list = zip(types, arguments).map { type, value in IRText.Line(type + " ") + value }
        return IRText.Line("  call void @\(name)(") + IRText.Line(list.joined(separator: ", ".utf8))
            + IRText.Line(")")
    }

    /// Pointer arguments with the alignment of the widest instruction.
    private static func aligned(_ arguments: [IRText.Line]) -> IRText.Line {
        let list = arguments.map { argument in IRText.Line("ptr align 8 ") + argument.operandValue }
        return IRText.Line(list.joined(separator: ", ".utf8))
    }
}
