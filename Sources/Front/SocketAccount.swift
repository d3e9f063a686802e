internal import RequestQueue
internal import Telemetry

/// What the access log will say about a WebSocket, in one line when it has ended.
final class SocketAccount {
    private var line: AccessLogLine?
    private let openedAt: Instant
    /// Bytes of the app's messages, as they were sent.
    var sentBytes = 0

    /// Creates the account when the app has accepted.
    ///
    /// - Parameters:
    ///   - line: The handshake's; nil when there is no access log.
    ///   - now: The time.
    init(_ line: AccessLogLine?, at now: Instant) {
        self.line = line
        openedAt = now
    }

    /// Writes the line: its time is the end's, its service time how long the WebSocket was open.
    func write(isCut: Bool, to accessLog: ((AccessLogLine) -> Void)?) {
        guard var line, let accessLog else { return }
        let now = MonotonicClock.wallMicroseconds()
        line.time = UTCTime(seconds: now / 1_000_000, nanoseconds: now % 1_000_000 * 1000)
        line.serviceNanoseconds = MonotonicClock.now().since(openedAt).count
        line.responseBytes = UInt64(sentBytes)
        line.isCut = isCut
        accessLog(line)
        self.line = nil
    }
}
