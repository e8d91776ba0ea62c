import Foundation

/// The mark of a process that works with a journal: a file beside it that is locked for as long as the process lives.
///
/// The lock is the system's and goes with the process, however that ends. So whoever finds a stake can tell whether
/// somebody still works on it.
final class JournalOwner: Sendable {
    /// What this process's stakes are marked with: 32 hexadecimal digits, drawn.
    let name: String

    private let journal: String
    private let lock: StoreLock

    /// Makes the mark.
    ///
    /// The journal's own lock must be held, so that nobody removes the file before it is locked.
    ///
    /// - Parameter journal: The journal's file.
    /// - Throws: ``StoreError``.
    init(journal: String) throws(StoreError) {
        self.journal = journal
        name = UInt128.random(in: 0 ... .max).hexadecimal
        lock = try StoreLock(file: Self.file(name, of: journal), of: journal)
    }

    deinit { release() }

    /// Takes the mark away; its stakes count as left behind from here on.
    func release() {
        try? FileManager.default.removeItem(atPath: Self.file(name, of: journal))
        lock.release()
    }

    /// Whether another process with this mark works with the same journal.
    func isOther(_ name: String) -> Bool {
        guard name != self.name, name.count == 32, name.allSatisfy(\.isHexDigit) else { return false }
        return StoreLock.isHeld(file: Self.file(name, of: journal))
    }

    /// Removes the marks of processes that were killed; the journal's own lock must be held.
    static func removeDead(of journal: String) {
        let path = journal as NSString
        let folder = path.deletingLastPathComponent.isEmpty ? "." : path.deletingLastPathComponent
        let prefix = path.lastPathComponent + ".owner-"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix(prefix) {
            let file = folder + "/" + name
            if !StoreLock.isHeld(file: file) { try? FileManager.default.removeItem(atPath: file) }
        }
    }

    private static func file(_ name: String, of journal: String) -> String { "\(journal).owner-\(name)" }
}

extension UInt128 {
    fileprivate var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
