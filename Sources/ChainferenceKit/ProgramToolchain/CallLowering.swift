/// Rewrites functions and calls that the BPF back end can't pass: results wider than one register and more than five arguments.
///
/// A wide result is written where an additional first argument points; arguments that find no register go to memory
/// that an additional last argument points to. Both lie in the caller's frame. All functions of a program are internal, so
/// nobody else has to know; calls through pointers follow from the types of their arguments and result in the same way.
struct CallLowering {
    /// What a function's parameters or a call's arguments become.
    private struct Plan {
        /// How many stay in registers.
        let kept: Int
        /// Where the others are in memory, in bytes.
        let offsets: [Int]
        let byteCount: Int

        /// The back end has five registers for arguments; the result's address takes one of them.
        init(types: [String], returnsWide: Bool) {
            let registers = returnsWide ? 4 : 5
            let sizes = types.map { $0 == "i128" ? 2 : 1 }
            var offsets: [Int] = []
            var end = 0
            if sizes.reduce(0, +) <= registers {
                kept = types.count
            } else {
                var used = 0
                var count = 0
                while count < sizes.count, used + sizes[count] < registers {
                    used += sizes[count]
                    count += 1
                }
                kept = count
                for size in sizes[count...] {
                    offsets.append(end)
                    end += 8 * size
                }
            }
            self.offsets = offsets
            byteCount = end
        }

        var spills: Bool { byteCount > 0 }
    }

    private static let result = "%chainference.result"
    private static let incoming = "%chainference.arguments"
    private static let outgoing = "%chainference.outgoing"

    /// The functions of the program.
    ///
    /// A call of another one is none of ours: the system calls' arguments are the VM's.
    private let defined: Set<String>
    private var output: [IRText.Line] = []
    /// Names for intermediate values; unique in the module, which is more than is needed.
    private var count = 0

    /// The module with all functions and calls rewritten that need it.
    static func lower(_ lines: [IRText.Line]) -> [IRText.Line] {
        var lowering = CallLowering(defined: names(definedIn: lines))
        lowering.output.reserveCapacity(lines.count)
        var index = lines.startIndex
        while index < lines.endIndex {
            let line = lines[index]
            if line.hasPrefix("define "), let end = lines[index...].firstIndex(where: { $0.first == UInt8(ascii: "}") })
            {
                lowering.function(Array(lines[index...end]))
                index = end + 1
            } else {
                lowering.output.append(withoutMemoryEffects(line))
                index += 1
            }
        }
        return lowering.output
    }

    private init(defined: Set<String>) { self.defined = defined }

    private static func names(definedIn lines: [IRText.Line]) -> Set<String> {
        var names: Set<String> = []
        for line in lines where line.hasPrefix("define ") {
            if let at = line.firstIndex(of: UInt8(ascii: "@")), let (name, _) = line.globalName(at: at) {
                names.insert(name.text)
            }
        }
        return names
    }

    // MARK: Functions

    private mutating func function(_ lines: [IRText.Line]) {
        let header = lines[0]
        guard let at = header.firstIndex(of: UInt8(ascii: "@")), let (_, open) = header.globalName(at: at),
            open < header.endIndex, let close = header.closingBracket(of: open)
        else {
            output += lines
            return
        }
        let parameters = Self.list(header[(open + 1)..<close])
        let type = IRModule.type(atEndOf: header[..<at])
        let returnsWide = type.isAggregateType
        let plan = Plan(types: parameters.map(Self.type), returnsWide: returnsWide)

        var body = Body(wideType: returnsWide ? type : nil)
        for line in lines[1..<(lines.count - 1)] { body.lines += rewrite(line, &body) ?? [line] }

        if returnsWide || plan.spills {
            var list = parameters[..<plan.kept].map(\.self)
            if returnsWide { list.insert(IRText.Line("ptr \(Self.result)"), at: 0) }
            if plan.spills { list.append(IRText.Line("ptr \(Self.incoming)")) }
            let head =
                returnsWide ? Self.withoutAttributes(header[..<type.startIndex]) + IRText.Line("void ") : header[..<at]
            output.append(
                head + header[at...open] + IRText.Line(list.joined(separator: ", ".utf8)) + header[close...]
            )
        } else {
            output.append(header)
        }
        // Swift names the first block; a block without a name starts with an instruction.
        var rest = body.lines[...]
        if let label = rest.first, label.first != UInt8(ascii: " ") {
            output.append(label)
            rest = rest.dropFirst()
        }
        for (slot, type) in body.slots.sorted(by: { $0.key < $1.key }) {
            output.append(IRText.Line("  \(slot) = alloca \(type), align 8"))
        }
        if body.outgoingByteCount > 0 {
            output.append(IRText.Line("  \(Self.outgoing) = alloca [\(body.outgoingByteCount) x i8], align 8"))
        }
        for (parameter, offset) in zip(parameters[plan.kept...], plan.offsets) {
            let address = nextName()
            output.append(IRText.Line("  \(address) = getelementptr inbounds i8, ptr \(Self.incoming), i64 \(offset)"))
            output.append(
                IRText.Line("  \(Self.value(parameter)) = load \(Self.type(parameter)), ptr \(address), align 8")
            )
        }
        output += rest
        output.append(lines[lines.count - 1])
    }

    /// The lines of a function, and what its frame must hold for the calls in it.
    private struct Body {
        let wideType: IRText.Line?
        var lines: [IRText.Line] = []
        /// The type of the memory for results by its name.
        ///
        /// Calls share it: each result is read at once.
        var slots: [String: String] = [:]
        var outgoingByteCount = 0

        init(wideType: IRText.Line?) { self.wideType = wideType }
    }

    private mutating func rewrite(_ line: IRText.Line, _ body: inout Body) -> [IRText.Line]? {
        if let wide = body.wideType, line.hasPrefix("  ret ") {
            let value = line.dropFirst(6).dropFirst(wide.count + 1)
            let parts = value.split(atTopLevel: UInt8(ascii: ","))
            guard let first = parts.first else { return nil }
            let store = "  store \(wide.text) \(first.text), ptr \(Self.result), align 8"
            let suffix = value[first.endIndex...]
            return [IRText.Line(store) + suffix, IRText.Line("  ret void") + suffix]
        }
        return call(line, &body)
    }

    // MARK: Calls

    private mutating func call(_ line: IRText.Line, _ body: inout Body) -> [IRText.Line]? {
        guard line.hasPrefix("  "), let word = Self.callWord(in: line),
            let callee = callee(in: line, from: word.upperBound),
            let close = line.closingBracket(of: callee.open)
        else { return nil }
        let type = IRModule.type(atEndOf: line[word.upperBound..<callee.start])
        let arguments = Self.list(line[(callee.open + 1)..<close])
        let returnsWide = type.isAggregateType
        let plan = Plan(types: arguments.map(Self.type), returnsWide: returnsWide)
        guard returnsWide || plan.spills else { return nil }

        var lines: [IRText.Line] = []
        var list = arguments[..<plan.kept].map(\.self)
        var slot = ""
        if returnsWide {
            slot = body.slots.first { $0.value == type.text }?.key ?? "%chainference.slot.\(body.slots.count)"
            body.slots[slot] = type.text
            list.insert(IRText.Line("ptr \(slot)"), at: 0)
        }
        if plan.spills {
            body.outgoingByteCount = max(body.outgoingByteCount, plan.byteCount)
            for (argument, offset) in zip(arguments[plan.kept...], plan.offsets) {
                let address = nextName()
                lines.append(
                    IRText.Line("  \(address) = getelementptr inbounds i8, ptr \(Self.outgoing), i64 \(offset)")
                )
                lines.append(
                    IRText.Line("  store \(Self.type(argument)) \(Self.value(argument)), ptr \(address), align 8")
                )
            }
            list.append(IRText.Line("ptr \(Self.outgoing)"))
        }
        let suffix = Self.withoutMemoryEffects(line[close...])
        // A call that is given memory of this frame is no tail call.
        let name = line[callee.start...callee.open] + IRText.Line(list.joined(separator: ", ".utf8))
        if returnsWide {
            let head = Self.withoutAttributes(line[word.lowerBound..<type.startIndex])
            lines.append(IRText.Line("  ") + head + IRText.Line("void ") + name + suffix)
            if let equals = line[..<word.lowerBound].firstRange(of: " = ") {
                lines.append(line[..<equals.upperBound] + IRText.Line("load \(type.text), ptr \(slot), align 8"))
            }
        } else {
            let equals = line[..<word.lowerBound].firstRange(of: " = ")
            let head = equals.map { line[..<$0.upperBound] } ?? IRText.Line("  ")
            lines.append(head + line[word.lowerBound..<callee.start] + name + suffix)
        }
        return lines
    }

    /// Where the word `call` is, if the line is a call.
    private static func callWord(in line: IRText.Line) -> Range<Int>? {
        var rest = line.dropFirst(2)
        if rest.first == UInt8(ascii: "%"), let equals = rest.firstRange(of: " = ") {
            rest = rest[equals.upperBound...]
        }
        for prefix: StaticString in ["call ", "tail call ", "notail call "] where rest.hasPrefix(prefix) {
            let start = rest.startIndex + prefix.utf8CodeUnitCount - 5
            return start..<(start + 5)
        }
        return nil
    }

    private func callee(in line: IRText.Line, from start: Int) -> (start: Int, open: Int)? {
        if let at = line[start...].firstIndex(of: UInt8(ascii: "@")), let (name, end) = line.globalName(at: at),
            end < line.endIndex, line[end] == UInt8(ascii: "(")
        {
            return defined.contains(name.text) ? (at, end) : nil
        }
        // Through a pointer: `%name(`, which no attribute looks like.
        var index = start
        while let percent = line[index...].firstIndex(of: UInt8(ascii: "%")) {
            let end = line[(percent + 1)...].firstIndex { !$0.isNameByte } ?? line.endIndex
            if end < line.endIndex, line[end] == UInt8(ascii: "(") { return (percent, end) }
            index = percent + 1
        }
        return nil
    }

    // MARK: Pieces of text

    private mutating func nextName() -> String {
        count += 1
        return "%chainference.address.\(count)"
    }

    private static func list(_ text: IRText.Line) -> [IRText.Line] {
        text.trimmed.isEmpty ? [] : text.split(atTopLevel: UInt8(ascii: ",")).map(\.trimmed)
    }

    private static func type(_ parameter: IRText.Line) -> String {
        parameter.split(atTopLevel: UInt8(ascii: " ")).first?.text ?? ""
    }

    private static func value(_ parameter: IRText.Line) -> String {
        parameter.operandValue.text
    }

    /// Of the words before a result's type, those that are not about the result.
    private static func withoutAttributes(_ text: IRText.Line) -> IRText.Line {
        let words = text.split(atTopLevel: UInt8(ascii: " ")).filter { word in
            let word = word.text
            return ["define", "internal", "call"].contains(word) || word.hasSuffix("cc")
        }
        return IRText.Line(words.map { $0 + IRText.Line(" ") }.joined())
    }

    /// A function that writes its result to memory no longer “reads no memory”; no later pass may believe it.
    private static func withoutMemoryEffects(_ line: IRText.Line) -> IRText.Line {
        guard let start = line.firstRange(of: " memory("), let close = line.closingBracket(of: start.upperBound - 1)
        else { return line }
        return line[..<start.lowerBound] + line[(close + 1)...]
    }
}
