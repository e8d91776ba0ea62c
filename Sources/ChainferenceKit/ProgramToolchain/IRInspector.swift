/// Finds in optimised intermediate code what the VM can't run, and says where the programmer wrote it.
///
/// The compiler's back end would find most of it too, but it names generated functions, stops at the first atomic
/// operation with a crash, and leaves missing functions to the linker, which knows no lines.
public struct IRInspector: Sendable {
    /// The system calls that are allowed.
    public var syscalls: SyscallTable
    /// The function at which the program starts.
    public var entrypoint: String

    /// An inspector for mainnet's system calls.
    public init(syscalls: SyscallTable = .mainnet, entrypoint: String = "entrypoint") {
        self.syscalls = syscalls
        self.entrypoint = entrypoint
    }

    /// Everything in `ir` that can't run, by the order of the code, one entry for each place.
    public func inspect(_ ir: String) -> [Diagnostic] {
        var inspection = Inspection(module: IRModule(ir), inspector: self)
        return inspection.run()
    }
}

/// A diagnostic, and whether it says anything that another one does not say better.
private struct Finding {
    let diagnostic: Diagnostic
    /// In code of the standard library, or in code without lines, or about the end of a lifetime.
    let isConsequence: Bool
}

private struct Inspection {
    let module: IRModule
    let inspector: IRInspector
    let defined: Set<String>
    var found: [Finding] = []
    /// Where each function is called, for functions whose own lines are nobody's.
    var callers: [String: [(caller: String, node: Int?)]] = [:]

    init(module: IRModule, inspector: IRInspector) {
        self.module = module
        self.inspector = inspector
        defined = Set(module.functions.map(\.name))
    }

    mutating func run() -> [Diagnostic] {
        collectCallers()
        for function in module.functions where Self.runtimeName(function.name) == nil {
            inspectSignature(function)
            for index in function.body { inspect(module.lines[index], in: function) }
        }
        inspectGlobals()
        return summary()
    }

    // MARK: Functions

    private mutating func inspectSignature(_ function: IRModule.Function) {
        if function.name == inspector.entrypoint {
            let isFine =
                function.returnType.elementsEqual("i64".utf8) && function.parameters.count <= 2
                && function.parameters.allSatisfy { $0.hasPrefix("ptr") || $0.hasPrefix("i64") }
            if !isFine { report(.entrypointSignature, in: function, node: nil) }
        }
    }

    private mutating func inspect(_ line: IRText.Line, in function: IRModule.Function) {
        guard line.hasPrefix("  "), !line.hasPrefix("   ") else { return }
        var rest = line.trimmed
        if rest.first == UInt8(ascii: "%"), let equals = rest.firstRange(of: " = ") {
            rest = rest[equals.upperBound...]
        }
        let opcode = rest.prefix { $0 != UInt8(ascii: " ") }
        guard let first = opcode.first else { return }
        switch first {
        case UInt8(ascii: "a") where opcode.hasPrefix("atomicrmw"), UInt8(ascii: "c") where opcode.hasPrefix("cmpxchg"),
            UInt8(ascii: "f") where opcode.hasPrefix("fence"):
            reportAtomic(line, in: function)
        case UInt8(ascii: "l"), UInt8(ascii: "s"):
            if rest.hasPrefix("load atomic ") || rest.hasPrefix("store atomic ") {
                reportAtomic(line, in: function)
            } else if rest.hasPrefix("sitofp ") {
                report(.floatingPoint, in: function, line: line)
            } else if rest.hasPrefix("sdiv i128") || rest.hasPrefix("srem i128") {
                report(.wideDivision, in: function, line: line)
            }
        case UInt8(ascii: "u"):
            if rest.hasPrefix("udiv i128") || rest.hasPrefix("urem i128") {
                report(.wideDivision, in: function, line: line)
            } else if rest.hasPrefix("uitofp ") {
                report(.floatingPoint, in: function, line: line)
            }
        case UInt8(ascii: "f"):
            if !opcode.elementsEqual("freeze".utf8) { report(.floatingPoint, in: function, line: line) }
        case UInt8(ascii: "t") where rest.hasPrefix("tail call ") || rest.hasPrefix("trunc ") == false,
            UInt8(ascii: "c") where rest.hasPrefix("call "), UInt8(ascii: "m"), UInt8(ascii: "n"):
            if rest.firstRange(of: "call ") != nil { inspectCall(rest, in: function) }
        default: break
        }
    }

    /// The first use of a lazy global tests a token with an atomic load.
    private mutating func reportAtomic(_ line: IRText.Line, in function: IRModule.Function) {
        var variable: String?
        if let at = line.firstIndex(of: UInt8(ascii: "@")), let (name, _) = line.globalName(at: at) {
            variable = name.text
        }
        let isToken = variable?.hasSuffix("_Wz") ?? false
        report(isToken ? .lazyGlobal : .atomicOperation, in: function, symbol: variable, line: line)
    }

    // MARK: Calls

    private mutating func inspectCall(_ text: IRText.Line, in function: IRModule.Function) {
        guard let call = text.firstRange(of: "call "), let opening = argumentList(of: text, from: call.upperBound)
        else { return }
        // A call through a pointer is a call of a function of the program.
        let callee = text[call.upperBound..<opening]
        guard let at = callee.firstIndex(of: UInt8(ascii: "@")), let (bytes, _) = text.globalName(at: at) else {
            return
        }
        let name = bytes.text
        if name.hasPrefix("llvm.") {
            inspectIntrinsic(name, text, in: function)
        } else if let runtime = Self.runtimeName(name) {
            report(Construct(runtimeSymbol: runtime) ?? .heapAllocation, in: function, symbol: runtime, line: text)
        } else if !defined.contains(name) {
            inspectUndefined(name, text, in: function)
        }
    }

    private func argumentList(of text: IRText.Line, from start: Int) -> Int? {
        // The callee's name may be quoted and hold brackets; attributes before it may have arguments of their own.
        if let at = text[start...].firstIndex(of: UInt8(ascii: "@")), let (_, end) = text.globalName(at: at),
            end < text.endIndex, text[end] == UInt8(ascii: "(")
        {
            return end
        }
        guard let percent = text[start...].firstIndex(of: UInt8(ascii: "%")) else { return nil }
        return text[percent...].firstIndex(of: UInt8(ascii: "("))
    }

    private mutating func inspectIntrinsic(_ name: String, _ text: IRText.Line, in function: IRModule.Function) {
        if name.hasSuffix(".f64") || name.hasSuffix(".f32") || name.hasSuffix(".f16") {
            report(.floatingPoint, in: function, line: text)
        } else if name.hasPrefix("llvm.umul.with.overflow.i128") || name.hasPrefix("llvm.smul.with.overflow.i128") {
            report(.wideMultiplication, in: function, line: text)
        }
    }

    private mutating func inspectUndefined(_ name: String, _ text: IRText.Line, in function: IRModule.Function) {
        // LLVM knows these, and the rewriter provides them.
        if ["memcmp", "bcmp"].contains(name) { return }
        if let construct = Construct(runtimeSymbol: name) {
            report(construct, in: function, symbol: name, line: text)
            return
        }
        switch inspector.syscalls.status(of: name) {
        case .active:
            guard let declaration = module.declarations[name] else { return }
            let types = declaration.parameters + [declaration.returnType]
            let isFine = types.allSatisfy { $0.hasPrefix("i64") || $0.hasPrefix("ptr") || $0.hasPrefix("void") }
            if !isFine { report(.syscallSignature, in: function, symbol: name, line: text) }
            if declaration.parameters.count > 5 { report(.tooManyArguments, in: function, symbol: name, line: text) }
        case .inactive: report(.inactiveSyscall, in: function, symbol: name, line: text)
        case .forbidden: report(.forbiddenSyscall, in: function, symbol: name, line: text)
        case nil:
            report(
                name.hasPrefix("sol_") ? .unknownSyscall : .undefinedFunction,
                in: function,
                symbol: name,
                line: text
            )
        }
    }

    // MARK: Variables

    private mutating func inspectGlobals() {
        let tokens = module.globals.map(\.name).filter { $0.hasSuffix("_Wz") }.map { String($0.dropLast(3)) }
        // Metadata and empty boxes come with the heap, which has been reported where it is used.
        let usesHeap = found.contains { $0.diagnostic.construct.isAboutMemory }
        for global in module.globals where !global.isConstant && !global.name.hasSuffix("_Wz") {
            if global.name.hasPrefix("llvm.") || tokens.contains(where: { global.name.hasPrefix($0) }) { continue }
            let location = global.node.flatMap { module.debugInformation.declaration($0) }
            if usesHeap, location == nil { continue }
            let construct: Construct = global.isDeclaration ? .undefinedData : .writableGlobal
            let symbol = Self.withoutSuffix(global.name)
            found.append(
                Finding(
                    diagnostic: Diagnostic(construct: construct, location: location, symbol: symbol),
                    isConsequence: false
                )
            )
        }
        for global in module.globals where global.isConstant && global.isDeclaration {
            found.append(
                Finding(
                    diagnostic: Diagnostic(construct: .undefinedData, symbol: global.name),
                    isConsequence: false
                )
            )
        }
    }

    /// Optimisation splits variables into parts, `name.0` and so on; the demangler knows no such names.
    private static func withoutSuffix(_ name: String) -> String {
        guard let dot = name.lastIndex(of: "."), name[name.index(after: dot)...].allSatisfy(\.isNumber) else {
            return name
        }
        return String(name[..<dot])
    }

    // MARK: Places

    private mutating func collectCallers() {
        for function in module.functions {
            for index in function.body {
                let line = module.lines[index]
                guard line.hasPrefix("  "), line.firstRange(of: "call ") != nil,
                    let at = line.firstIndex(of: UInt8(ascii: "@")), let (bytes, _) = line.globalName(at: at)
                else { continue }
                callers[bytes.text, default: []].append((function.name, IRDebugInformation.reference(in: line)))
            }
        }
    }

    private mutating func report(
        _ construct: Construct,
        in function: IRModule.Function,
        symbol: String? = nil,
        line: IRText.Line
    ) {
        report(construct, in: function, symbol: symbol, node: IRDebugInformation.reference(in: line))
    }

    private mutating func report(
        _ construct: Construct,
        in function: IRModule.Function,
        symbol: String? = nil,
        node: Int?
    ) {
        if let node, let origin = module.debugInformation.origin(ofLocation: node) {
            add(construct, origin.function ?? function.name, origin.location, symbol)
        } else if let declared = function.node.flatMap({ module.debugInformation.declaration($0) }) {
            add(construct, function.name, declared, symbol)
        } else if let origin = callSite(of: function.name) {
            add(construct, origin.function ?? function.name, origin.location, symbol ?? function.name, isIndirect: true)
        } else {
            add(construct, function.name, nil, symbol, isIndirect: true)
        }
    }

    private mutating func add(
        _ construct: Construct,
        _ function: String,
        _ location: SourceLocation?,
        _ symbol: String?,
        isIndirect: Bool = false
    ) {
        let isRelease =
            construct == .referenceCounting || symbol == "free" || (symbol?.hasPrefix("swift_dealloc") ?? false)
        found.append(
            Finding(
                diagnostic: Diagnostic(
                    construct: construct,
                    function: function,
                    location: location,
                    symbol: symbol
                ),
                isConsequence: isIndirect || isRelease
            )
        )
    }

    /// The nearest place in the program's own files from which `function` is reached.
    private func callSite(of function: String) -> IRDebugInformation.Origin? {
        var queue = [function]
        var visited: Set<String> = [function]
        while !queue.isEmpty {
            let name = queue.removeFirst()
            for (caller, node) in callers[name] ?? [] {
                if let node, let origin = module.debugInformation.origin(ofLocation: node) { return origin }
                if visited.insert(caller).inserted { queue.append(caller) }
            }
        }
        return nil
    }

    /// The causes without their consequences, one entry for each construct and place.
    private func summary() -> [Diagnostic] {
        let causes = found.filter { !$0.isConsequence }
        return Self.withoutRepetitions(Self.withoutEchoes((causes.isEmpty ? found : causes).map(\.diagnostic)))
    }

    /// Without what the standard library does with memory because of a line of the program that is named already: in
    /// functions that nobody wrote, and at the head of the function around that line.
    private static func withoutEchoes(_ found: [Diagnostic]) -> [Diagnostic] {
        let named = found.filter { $0.construct.isAboutMemory && ($0.location?.column ?? 0) > 0 }
        guard !named.isEmpty else { return found }
        let functions = Set(named.map(\.function))
        return found.filter { diagnostic in
            guard diagnostic.construct.isAboutMemory, let location = diagnostic.location else {
                return !diagnostic.construct.isAboutMemory
            }
            return location.column > 0 || !functions.contains(diagnostic.function)
        }
    }

    private static func withoutRepetitions(_ found: [Diagnostic]) -> [Diagnostic] {
        struct Key: Hashable {
            let construct: Construct
            let place: String
        }
        var seen: Set<Key> = []
        return found.filter { diagnostic in
            let place = diagnostic.location.map { "\($0.file):\($0.line)" } ?? diagnostic.function
            return seen.insert(
                Key(
                    construct: diagnostic.construct.isAboutMemory ? .heapAllocation : diagnostic.construct,
                    place: place ?? diagnostic.symbol ?? ""
                )
            ).inserted
        }
    }

    /// The runtime function's plain name if `symbol` is part of Embedded Swift's runtime, which is Swift itself.
    private static func runtimeName(_ symbol: String) -> String? {
        if symbol.hasPrefix("swift_") || symbol.hasPrefix("_swift_") { return symbol }
        guard symbol.hasPrefix("$es") else { return nil }
        let rest = symbol.dropFirst(3)
        let digits = rest.prefix { $0.isNumber }
        guard let length = Int(digits) else { return nil }
        let name = rest.dropFirst(digits.count).prefix(length)
        return name.hasPrefix("swift_") || name.hasPrefix("_swift_") ? String(name) : nil
    }
}
