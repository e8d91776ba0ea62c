/// What a reference to a function of Swift's runtime or of the C library says about the source.
enum RuntimeSymbol {
    /// Names the language construct behind `symbol` and its cure.
    static func explanation(of symbol: String) -> String {
        switch Construct(runtimeSymbol: symbol) {
        case .some(let construct): "It stands for \(construct.summary). \(construct.cure)"
        case nil:
            "Declare system calls with @_extern(c, \"sol_…\"); everything else must be in the program's own sources"
        }
    }
}
