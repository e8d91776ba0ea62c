import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a process has used so far.
struct ProcessUsage {
    /// Seconds of processor time, user and system.
    var cpu: Double
    /// Resident memory, bytes.
    var memory: Int

    static var now: ProcessUsage {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        // "size resident …" in pages; where there is no /proc, the peak has to do.
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        let resident = pages.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 * Int(getpagesize()) }
        return ProcessUsage(
            cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            memory: resident ?? Int(usage.ru_maxrss)
        )
    }

    /// Answers every line on the standard input with this process's usage, and ends the process with the input.
    static func answerQuestions() {
        Thread {
            while readLine() != nil {
                let usage = now
                Line.print("usage \(usage.cpu) \(usage.memory)")
            }
            exit(0)
        }.start()
    }

    /// Lets the process have as many sockets as the system allows.
    static func raiseFileLimit() {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(resource, &limit)
    }
}

/// Lines that another process reads.
enum Line {
    static func print(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
}
