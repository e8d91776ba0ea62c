/// Replaces arithmetic that the BPF back end would leave to a support library that does not exist.
///
/// All replacements are straight-line code on 64-bit integers; constants in it are folded by the back end.
struct ArithmeticExpansion {
    private var count = 0

    /// The replacement of an instruction, or `nil` if it can stay.
    mutating func rewrite(_ line: IRText.Line) -> IRText.Line? {
        guard line.hasPrefix("  %"), let equals = line.firstRange(of: " = ") else { return nil }
        let result = line[(line.startIndex + 2)..<equals.lowerBound].text
        let operation = line[equals.upperBound...]
        if operation.hasPrefix("sdiv ") || operation.hasPrefix("srem ") {
            return signedDivision(operation, result)
        }
        if operation.hasPrefix("mul "), operation.firstRange(of: " i128 ") != nil {
            return wideMultiplication(operation, result)
        }
        if operation.firstRange(of: "mul.with.overflow.i64(") != nil {
            return checkedMultiplication(operation, result)
        }
        return nil
    }

    /// `name(1)` and so on for the intermediate results.
    private mutating func names() -> (Int) -> String {
        count += 1
        let prefix = "%chainference.\(count)."
        return { prefix + String($0) }
    }

    private func code(_ lines: [String]) -> IRText.Line {
        IRText.Line(lines.map { "  " + $0 }.joined(separator: "\n"))
    }

    /// Magnitudes are divided, signs applied after: `|x| = (x ^ s) - s` where `s` is 0 or -1.
    private mutating func signedDivision(_ operation: IRText.Line, _ result: String) -> IRText.Line? {
        // sdiv exact i64 %a, %b, !dbg !1
        var words = operation.split(atTopLevel: UInt8(ascii: " ")).map(\.text)
        words.removeAll { $0 == "exact" }
        guard words.count >= 4, let width = Int(words[1].dropFirst()), words[1].hasPrefix("i"), width <= 64,
            words[2].hasSuffix(",")
        else { return nil }
        let type = words[1]
        let dividend = String(words[2].dropLast())
        let divisor = words[3].hasSuffix(",") ? String(words[3].dropLast()) : words[3]
        let t = names()
        let isQuotient = words[0] == "sdiv"
        var lines = [
            "\(t(1)) = ashr \(type) \(dividend), \(width - 1)",
            "\(t(2)) = ashr \(type) \(divisor), \(width - 1)",
            "\(t(3)) = xor \(type) \(dividend), \(t(1))",
            "\(t(4)) = sub \(type) \(t(3)), \(t(1))",
            "\(t(5)) = xor \(type) \(divisor), \(t(2))",
            "\(t(6)) = sub \(type) \(t(5)), \(t(2))",
            "\(t(7)) = \(isQuotient ? "udiv" : "urem") \(type) \(t(4)), \(t(6))",
        ]
        if isQuotient {
            lines += [
                "\(t(8)) = xor \(type) \(t(1)), \(t(2))",
                "\(t(9)) = xor \(type) \(t(7)), \(t(8))",
                "\(result) = sub \(type) \(t(9)), \(t(8))",
            ]
        } else {
            lines += [
                "\(t(8)) = xor \(type) \(t(7)), \(t(1))",
                "\(result) = sub \(type) \(t(8)), \(t(1))",
            ]
        }
        return code(lines)
    }

    /// The 128-bit product of two 64-bit integers from four products of their 32-bit halves.
    private func product(_ a: String, _ b: String, _ t: (Int) -> String, from first: Int) -> [String] {
        let n = first
        return [
            "\(t(n)) = and i64 \(a), 4294967295",
            "\(t(n + 1)) = lshr i64 \(a), 32",
            "\(t(n + 2)) = and i64 \(b), 4294967295",
            "\(t(n + 3)) = lshr i64 \(b), 32",
            "\(t(n + 4)) = mul i64 \(t(n)), \(t(n + 2))",
            "\(t(n + 5)) = mul i64 \(t(n + 1)), \(t(n + 2))",
            "\(t(n + 6)) = mul i64 \(t(n)), \(t(n + 3))",
            "\(t(n + 7)) = mul i64 \(t(n + 1)), \(t(n + 3))",
            "\(t(n + 8)) = lshr i64 \(t(n + 4)), 32",
            "\(t(n + 9)) = add i64 \(t(n + 5)), \(t(n + 8))",
            "\(t(n + 10)) = and i64 \(t(n + 9)), 4294967295",
            "\(t(n + 11)) = add i64 \(t(n + 10)), \(t(n + 6))",
            "\(t(n + 12)) = lshr i64 \(t(n + 9)), 32",
            "\(t(n + 13)) = lshr i64 \(t(n + 11)), 32",
            "\(t(n + 14)) = add i64 \(t(n + 7)), \(t(n + 12))",
            // The upper half, then the lower.
            "\(t(n + 15)) = add i64 \(t(n + 14)), \(t(n + 13))",
            "\(t(n + 16)) = mul i64 \(a), \(b)",
        ]
    }

    private mutating func wideMultiplication(_ operation: IRText.Line, _ result: String) -> IRText.Line? {
        // mul nuw i128 %a, %b, !dbg !1
        let words = operation.split(atTopLevel: UInt8(ascii: " ")).map(\.text)
        guard let type = words.firstIndex(of: "i128"), words.count >= type + 3, words[type + 1].hasSuffix(",") else {
            return nil
        }
        let a = String(words[type + 1].dropLast())
        let b = words[type + 2].hasSuffix(",") ? String(words[type + 2].dropLast()) : words[type + 2]
        let t = names()
        let head = [
            "\(t(1)) = trunc i128 \(a) to i64",
            "\(t(2)) = lshr i128 \(a), 64",
            "\(t(3)) = trunc i128 \(t(2)) to i64",
            "\(t(4)) = trunc i128 \(b) to i64",
            "\(t(5)) = lshr i128 \(b), 64",
            "\(t(6)) = trunc i128 \(t(5)) to i64",
        ]
        let tail = [
            "\(t(30)) = mul i64 \(t(1)), \(t(6))",
            "\(t(31)) = mul i64 \(t(3)), \(t(4))",
            "\(t(32)) = add i64 \(t(25)), \(t(30))",
            "\(t(33)) = add i64 \(t(32)), \(t(31))",
            "\(t(34)) = zext i64 \(t(33)) to i128",
            "\(t(35)) = shl i128 \(t(34)), 64",
            "\(t(36)) = zext i64 \(t(26)) to i128",
            "\(result) = or i128 \(t(35)), \(t(36))",
        ]
        return code(head + product(t(1), t(4), t, from: 10) + tail)
    }

    private mutating func checkedMultiplication(_ operation: IRText.Line, _ result: String) -> IRText.Line? {
        // tail call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %a, i64 range(…) %b)
        guard let opening = operation.firstRange(of: "overflow.i64(")?.upperBound,
            let closing = operation.closingBracket(of: opening - 1)
        else { return nil }
        let operands = operation[opening..<closing].split(atTopLevel: UInt8(ascii: ","))
            .compactMap { $0.trimmed.split(atTopLevel: UInt8(ascii: " ")).last?.text }
        guard operands.count == 2 else { return nil }
        let t = names()
        let lines: [String]
        if operation.firstRange(of: "@llvm.umul") != nil {
            lines =
                product(operands[0], operands[1], t, from: 10) + [
                    "\(t(1)) = icmp ne i64 \(t(25)), 0",
                    "\(t(2)) = insertvalue { i64, i1 } poison, i64 \(t(26)), 0",
                    "\(result) = insertvalue { i64, i1 } \(t(2)), i1 \(t(1)), 1",
                ]
        } else {
            // Magnitudes are multiplied. The largest is 2^63 for a negative product, one less for another.
            let head = [
                "\(t(1)) = ashr i64 \(operands[0]), 63",
                "\(t(2)) = ashr i64 \(operands[1]), 63",
                "\(t(3)) = xor i64 \(operands[0]), \(t(1))",
                "\(t(4)) = sub i64 \(t(3)), \(t(1))",
                "\(t(5)) = xor i64 \(operands[1]), \(t(2))",
                "\(t(6)) = sub i64 \(t(5)), \(t(2))",
            ]
            let tail = [
                "\(t(30)) = xor i64 \(t(1)), \(t(2))",
                "\(t(31)) = icmp ne i64 \(t(25)), 0",
                "\(t(32)) = sub i64 9223372036854775807, \(t(30))",
                "\(t(33)) = icmp ugt i64 \(t(26)), \(t(32))",
                "\(t(34)) = or i1 \(t(31)), \(t(33))",
                "\(t(35)) = xor i64 \(t(26)), \(t(30))",
                "\(t(36)) = sub i64 \(t(35)), \(t(30))",
                "\(t(37)) = insertvalue { i64, i1 } poison, i64 \(t(36)), 0",
                "\(result) = insertvalue { i64, i1 } \(t(37)), i1 \(t(34)), 1",
            ]
            lines = head + product(t(4), t(6), t, from: 10) + tail
        }
        return code(lines)
    }
}
