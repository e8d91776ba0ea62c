import CCurl
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The thread that owns a libcurl multi handle, and the queue through which everybody else talks to it.
final class CurlDriver: Sendable {
    enum Command {
        case start(Transfer)
        case resume(Transfer)
        case remove(Transfer)
        case reconsiderDeadlines
    }

    private enum Stage {
        case idle
        case running
        case stopping
        case ended
    }

    private struct State {
        var stage = Stage.idle
        var commands: [Command] = []
        /// Set while the thread turns.
        var multi: MultiHandle?
        var stopWaiters: [CheckedContinuation<Void, Never>] = []

        mutating func enqueue(_ command: Command) {
            guard stage == .running else { return }
            let wasEmpty = commands.isEmpty
            commands.append(command)
            if wasEmpty, let multi { multi.wakeUp() }
        }

        mutating func stop() {
            switch stage {
            case .idle:
                stage = .ended
            case .running:
                stage = .stopping
                if let multi { multi.wakeUp() }
            case .stopping, .ended:
                break
            }
        }
    }

    private let configuration: HTTPClient.Configuration
    private let state = Mutex(State())

    init(configuration: HTTPClient.Configuration) {
        self.configuration = configuration
    }

    // MARK: From any thread

    /// Hands a new transfer to the thread, starting the thread if need be.
    func start(_ transfer: Transfer) {
        let failure: HTTPError? = state.withLock { state in
            switch state.stage {
            case .stopping, .ended:
                return .clientShutDown
            case .idle:
                if let code = startThread() { return .outOfResources(reason: "no thread, error \(code)") }
                state.stage = .running
            case .running:
                break
            }
            state.enqueue(.start(transfer))
            return nil
        }
        if let failure { transfer.finish(.failure(failure)) }
    }

    /// Lets a transfer that was held back go on.
    func resume(_ transfer: Transfer) {
        state.withLock { $0.enqueue(.resume(transfer)) }
    }

    /// Forgets a transfer that has ended from the caller's side.
    func remove(_ transfer: Transfer) {
        state.withLock { $0.enqueue(.remove(transfer)) }
    }

    /// Makes the thread look at the deadlines again.
    func reconsiderDeadlines() {
        state.withLock { $0.enqueue(.reconsiderDeadlines) }
    }

    /// Tells the thread to end, without waiting for it.
    func stop() {
        state.withLock { $0.stop() }
    }

    /// Tells the thread to end and waits until it has.
    func shutDown() async {
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            let hasEnded = state.withLock { state in
                state.stop()
                if state.stage == .ended { return true }
                state.stopWaiters.append(waiter)
                return false
            }
            if hasEnded { waiter.resume() }
        }
    }

    // MARK: The thread

    private static let initialization: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Starts the thread, which keeps the driver alive; returns an error number on failure.
    private func startThread() -> Int32? {
        let context = Unmanaged.passRetained(self)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        // Nobody joins with pthread_join, which would block a caller: `shutDown` awaits the thread's last act instead.
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let code = pthread_create(&thread, &attributes, CurlDriver.threadBody, context.toOpaque())
        guard code == 0 else {
            context.release()
            return code
        }
        return nil
    }

    #if canImport(Darwin)
        private static let threadBody: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = {
            context in
            Unmanaged<CurlDriver>.fromOpaque(context).takeRetainedValue().run()
            return nil
        }
    #else
        private static let threadBody: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
            context in
            if let context { Unmanaged<CurlDriver>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }
    #endif

    private func run() {
        // Signals are the business of the program's own threads, and a broken pipe is an error return here.
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        var failure = HTTPError.outOfResources(reason: "libcurl can't be set up")
        if Self.initialization == CURLE_OK, let loop = CurlLoop(configuration: configuration) {
            let handle = MultiHandle(loop.multi)
            state.withLock { $0.multi = handle }
            while let commands = nextCommands() {
                loop.turn(commands)
            }
            // Nobody may wake a handle that is about to go.
            state.withLock { $0.multi = nil }
            loop.close()
            failure = .clientShutDown
        }
        let (orphans, waiters) = state.withLock { state in
            state.stage = .ended
            defer {
                state.commands = []
                state.stopWaiters = []
            }
            return (state.commands, state.stopWaiters)
        }
        for case .start(let transfer) in orphans { transfer.finish(.failure(failure)) }
        for waiter in waiters { waiter.resume() }
    }

    /// Takes what has been asked for since the last turn; nil when the thread is to end.
    private func nextCommands() -> [Command]? {
        state.withLock { state in
            guard state.stage == .running else { return nil }
            var commands: [Command] = []
            swap(&commands, &state.commands)
            return commands
        }
    }
}

/// A multi handle, for the one thing that other threads than its own may do with it.
struct MultiHandle: Sendable {
    // SAFETY: libcurl allows `curl_multi_wakeup` from any thread, and nothing else here touches the pointer. The driver
    // forgets the handle under its lock before the handle is freed.
    private nonisolated(unsafe) let pointer: UnsafeMutableRawPointer

    init(_ pointer: UnsafeMutableRawPointer) {
        self.pointer = pointer
    }

    func wakeUp() {
        curl_multi_wakeup(pointer)
    }
}
