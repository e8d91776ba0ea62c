/// Turns the intermediate code that Swift makes for one machine into code for the Solana VM, text to text.
///
/// The Swift compiler can't emit BPF. It can emit 64-bit RISC-V, whose C calling convention, sizes and alignments agree
/// with BPF's, so ``retarget(_:)`` only has to change what names the machine. After LLVM's optimiser has run,
/// ``lower(_:)`` replaces what the BPF back end would refuse or translate badly.
public struct IRRewriter: Sendable {
    /// The name of the function at which the program starts, the only one that stays visible.
    public var entrypoint: String

    /// A rewriter for programs that start at `entrypoint`.
    public init(entrypoint: String = "entrypoint") {
        self.entrypoint = entrypoint
    }

    /// Step 1, before the optimiser: the BPF machine's name and data layout, no attributes of the former machine, and
    /// nothing visible but the entry point, so that the optimiser removes what the program does not use.
    public func retarget(_ ir: String) -> String {
        var output: [IRText.Line] = []
        for line in IRText(ir).lines {
            if let rewritten = retarget(line) { output.append(rewritten) }
        }
        return IRText.string(output)
    }

    private func retarget(_ line: IRText.Line) -> IRText.Line? {
        guard let first = line.first else { return line }
        switch first {
        case UInt8(ascii: ";"): return nil
        case UInt8(ascii: "t"):
            if line.hasPrefix("target datalayout") {
                return IRText.Line("target datalayout = \"e-m:e-p:64:64-i64:64-i128:128-n32:64-S128\"")
            }
            if line.hasPrefix("target triple") { return IRText.Line("target triple = \"bpfel\"") }
            return line
        case UInt8(ascii: "s"):
            // The name may hold a path.
            return line.hasPrefix("source_filename") ? IRText.Line("source_filename = \"program\"") : line
        case UInt8(ascii: "$"): return nil  // comdats, of which BPF objects have none
        case UInt8(ascii: "@"): return retargetGlobal(line)
        case UInt8(ascii: "d"): return line.hasPrefix("define ") ? retargetDefinition(line) : line
        case UInt8(ascii: "a"): return line.hasPrefix("attributes #") ? retargetAttributes(line) : line
        default: return line
        }
    }

    private static let linkages: Set<String> = [
        "private", "internal", "available_externally", "linkonce", "weak", "common", "appending", "extern_weak",
        "linkonce_odr", "weak_odr", "external",
    ]
    private static let visibilities: Set<String> = [
        "dso_local", "dso_preemptable", "default", "hidden", "protected", "dllimport", "dllexport",
    ]

    private func retargetGlobal(_ line: IRText.Line) -> IRText.Line? {
        // Lists of what the linker must keep, and hints for other linkers.
        if line.hasPrefix("@llvm.used ") || line.hasPrefix("@llvm.compiler.used ")
            || line.hasPrefix("@_swift1_autolink_entries ")
        {
            return nil
        }
        guard let (_, end) = line.globalName(at: line.startIndex), let equals = line.firstRange(of: " = ", from: end)
        else { return line }
        let (words, rest) = leadingWords(line[equals.upperBound...])
        let linkage = words.first { Self.linkages.contains($0) }
        let keeps = linkage == "external" || linkage == "extern_weak" || linkage == "appending"
        return line[..<equals.upperBound] + IRText.Line(keeps ? "\(linkage ?? "") " : "internal ")
            + withoutComdat(rest)
    }

    private func retargetDefinition(_ line: IRText.Line) -> IRText.Line {
        guard let at = line.firstIndex(of: UInt8(ascii: "@")), let (name, _) = line.globalName(at: at) else {
            return line
        }
        let (_, rest) = leadingWords(line.dropFirst("define ".utf8.count))
        let isEntry = name.elementsEqual(entrypoint.utf8)
        return IRText.Line(isEntry ? "define " : "define internal ") + withoutComdat(rest)
    }

    /// Splits off the words of linkage and visibility that a definition starts with.
    private func leadingWords(_ line: IRText.Line) -> (words: [String], rest: IRText.Line) {
        var words: [String] = []
        var rest = line
        while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
            let word = rest[..<space].text
            guard Self.linkages.contains(word) || Self.visibilities.contains(word) else { break }
            words.append(word)
            rest = rest[(space + 1)...]
        }
        return (words, rest)
    }

    private func withoutComdat(_ line: IRText.Line) -> IRText.Line {
        guard let word = line.firstRange(of: " comdat") else { return line }
        var end = word.upperBound
        if end < line.endIndex, line[end] == UInt8(ascii: "("), let closing = line.closingBracket(of: end) {
            end = closing + 1
        }
        var start = word.lowerBound
        if start > line.startIndex, line[start - 1] == UInt8(ascii: ",") { start -= 1 }
        return line[..<start] + line[end...]
    }

    private static let droppedAttributes: Set<String> = [
        "\"target-cpu\"", "\"target-features\"", "\"tune-cpu\"", "\"stack-protector-buffer-size\"", "sspreq",
        "sspstrong", "ssp", "\"probe-stack\"", "\"frame-pointer\"",
    ]

    private func retargetAttributes(_ line: IRText.Line) -> IRText.Line {
        guard let opening = line.firstIndex(of: UInt8(ascii: "{")), let closing = line.lastIndex(of: UInt8(ascii: "}"))
        else { return line }
        let kept = line[(opening + 1)..<closing].split(atTopLevel: UInt8(ascii: " ")).filter { attribute in
            let key = attribute.prefix { $0 != UInt8(ascii: "=") }
            return !attribute.isEmpty && !Self.droppedAttributes.contains(key.text)
        }
        return line[...opening] + IRText.Line(" ") + IRText.Line(kept.joined(separator: " ".utf8))
            + IRText.Line(" }")
    }
}
