import ArgumentParser

/// How results are printed.
struct OutputOptions: ParsableArguments, Sendable {
    @Flag(help: "Print results as JSON.")
    var json = false

    /// Prints a result: its text, or its JSON on one line.
    func print(_ report: some Report) {
        Console.output(json ? report.json : report.text)
    }
}
