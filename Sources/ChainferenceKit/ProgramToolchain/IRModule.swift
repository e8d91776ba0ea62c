/// What a module in textual form contains, as far as ``IRInspector`` looks at it.
struct IRModule {
    struct Function {
        let name: String
        let returnType: IRText.Line
        let parameters: [IRText.Line]
        /// The debug information's node of the function.
        let node: Int?
        var body: Range<Int>
    }

    struct Global {
        let name: String
        let isConstant: Bool
        let isDeclaration: Bool
        let node: Int?
    }

    let lines: [IRText.Line]
    private(set) var functions: [Function] = []
    private(set) var declarations: [String: Function] = [:]
    private(set) var globals: [Global] = []
    private(set) var debugInformation = IRDebugInformation()

    init(_ ir: String) {
        lines = IRText(ir).lines
        var openFunction: Int?
        for (index, line) in lines.enumerated() {
            guard let first = line.first else { continue }
            switch first {
            case UInt8(ascii: "!"): debugInformation.note(line)
            case UInt8(ascii: "@"): if let global = Self.global(line) { globals.append(global) }
            case UInt8(ascii: "d"):
                guard let function = Self.function(line, at: index) else { continue }
                if line.hasPrefix("declare ") {
                    declarations[function.name] = function
                } else {
                    openFunction = functions.count
                    functions.append(function)
                }
            case UInt8(ascii: "}"):
                if let open = openFunction {
                    functions[open].body = functions[open].body.lowerBound..<index
                    openFunction = nil
                }
            default: break
            }
        }
    }

    private static func global(_ line: IRText.Line) -> Global? {
        guard let (name, end) = line.globalName(at: line.startIndex), let equals = line.firstRange(of: " = ", from: end)
        else { return nil }
        var isDeclaration = false
        for word in line[equals.upperBound...].split(atTopLevel: UInt8(ascii: " ")).prefix(8) {
            if word.elementsEqual("external".utf8) || word.elementsEqual("extern_weak".utf8) { isDeclaration = true }
            let isConstant = word.elementsEqual("constant".utf8)
            if isConstant || word.elementsEqual("global".utf8) {
                return Global(
                    name: name.text,
                    isConstant: isConstant,
                    isDeclaration: isDeclaration,
                    node: IRDebugInformation.reference(in: line)
                )
            }
        }
        return nil
    }

    /// Reads `define … type @name(parameters) … {` or the same with `declare`.
    private static func function(_ line: IRText.Line, at index: Int) -> Function? {
        guard line.hasPrefix("define ") || line.hasPrefix("declare "),
            let at = line.firstIndex(of: UInt8(ascii: "@")),
            let (name, end) = line.globalName(at: at), end < line.endIndex,
            let closing = line.closingBracket(of: end)
        else { return nil }
        let parameters = line[(end + 1)..<closing]
        return Function(
            name: name.text,
            returnType: type(atEndOf: line[..<at]),
            parameters: parameters.trimmed.isEmpty
                ? [] : parameters.split(atTopLevel: UInt8(ascii: ",")).map(\.trimmed),
            node: IRDebugInformation.reference(in: line),
            body: (index + 1)..<(index + 1)
        )
    }

    /// The last word of what precedes a function's name, which is its type.
    static func type(atEndOf text: IRText.Line) -> IRText.Line {
        text.trimmed.split(atTopLevel: UInt8(ascii: " ")).last ?? text
    }
}

extension IRText.Line {
    /// Whether a value of this type can't be returned in one register.
    var isAggregateType: Bool {
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "<"), UInt8(ascii: "%"): true
        default: elementsEqual("i128".utf8)
        }
    }
}
