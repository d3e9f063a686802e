import Glibc
import Telemetry

/// Where the lines of a log go.
public enum LogDestination: Sendable, Equatable {
    /// An open descriptor of ours, such as standard error (2); it is never closed.
    case descriptor(Int32)
    /// A file that is appended to, and opened anew by ``BoundedLogWriter/reopen()``.
    case file(path: String)

    func open() throws(LogSinkError) -> Int32 {
        switch self {
        case .descriptor(let descriptor): return descriptor
        case .file(let path):
            // Without O_NONBLOCK the start would wait for somebody to read a FIFO.
            let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
            let descriptor = Glibc.open(path, flags, 0o640)
            guard descriptor >= 0 else { throw LogSinkError(path: path, errorNumber: errno) }
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
            return descriptor
        }
    }

    func close(_ descriptor: Int32) {
        guard case .file = self else { return }
        _ = Glibc.close(descriptor)
    }
}

/// A log that could not be opened.
public struct LogSinkError: Error, Sendable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// What `open(2)` said.
    public var errorNumber: Int32

    /// For people: the file, the reason, and what to do.
    public var description: String {
        """
        LogSinkError: the log cannot be opened
        ├─ Reason: \(reason)
        └─ Try: a file in a directory that this user may write to
        """
    }

    /// One line: the file and what the system said.
    public var reason: String {
        let said =
            errorNumber == ENXIO ? "a FIFO that nobody reads, or a socket" : String(cString: strerror(errorNumber))
        return "open '\(EscapedText.line(path))': \(said)"
    }
}
