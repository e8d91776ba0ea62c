#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The process's own output.
enum Console {
    /// Whether somebody watches the progress.
    static var isWatched: Bool { isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb" }

    /// Whether somebody types the input.
    static var isTyped: Bool { isatty(0) == 1 }

    /// Writes a line to standard output.
    static func output(_ line: String) { write(line + "\n", to: 1) }

    /// Writes a piece to standard output, with no line break.
    static func piece(_ text: String) { write(text, to: 1) }

    /// Writes a line to standard error.
    static func error(_ line: String) { write(line + "\n", to: 2) }

    /// Writes a piece to standard error, with no line break.
    static func errorPiece(_ text: String) { write(text, to: 2) }

    /// Ends the process.
    static func exit(_ status: Int32) -> Never {
        #if canImport(Glibc)
            Glibc.exit(status)
        #elseif canImport(Musl)
            Musl.exit(status)
        #else
            Darwin.exit(status)
        #endif
    }

    /// Writes all of it at once: what is printed must be seen now, not when a buffer is full.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            // Nobody reads any more, and there is nobody to tell.
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }

    private static func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes, count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes, count)
        #else
            Darwin.write(descriptor, bytes, count)
        #endif
    }
}
