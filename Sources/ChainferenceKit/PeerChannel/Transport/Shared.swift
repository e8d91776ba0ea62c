import Synchronization

/// A value that the tasks of one scope share; a mutex by itself can't be captured by several of them.
package final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    package init(_ value: Value) { mutex = Mutex(value) }

    /// Looks at the value or changes it; never across a suspension.
    package func withLock<Result: Sendable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> Result {
        try mutex.withLock(body)
    }
}
