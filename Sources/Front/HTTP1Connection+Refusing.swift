internal import HTTPCodec
internal import Logging
internal import NIOCore
internal import Telemetry

/// What is told of requests that are refused.
extension HTTP1Connection {
    /// Counts a refusal, and notes its cause for the access log and, a few times in a while, at debug.
    func note(refusal cause: String, _ message: String? = nil) {
        core.dispatcher.metrics.refuse(cause: cause)
        tell(cause, message)
    }

    /// Notes why a request is not served.
    func tell(_ cause: String, _ message: String? = nil) {
        refusalCause = cause
        guard core.logger.logLevel <= .debug, let others = core.refusalLines.take(at: MonotonicClock.now()) else {
            return
        }
        let request = understood
        var metadata: Logger.Metadata = [
            "cause": "\(cause)",
            "client": "\(origin.address?.description ?? "-")",
            "method": "\(EscapedText.bytes(request.method))",
            "target": "\(EscapedText.bytes(request.target.prefix(200)))",
        ]
        if let message { metadata["reason"] = "\(message)" }
        if others > 0 { metadata["others_not_shown"] = "\(others)" }
        core.logger.debug("a request was refused", metadata: metadata)
    }

    /// The first line of the request at hand, as far as it was understood.
    var understood: RequestGlimpse {
        (exchange == nil ? inbound : head).withUnsafeReadableBytes { RequestGlimpse($0) }
    }

    /// Tells of a connection that does not begin with the PROXY protocol, a few times in a while.
    func tellPreamble(_ reason: String) {
        guard let others = core.preambleLines.take(at: MonotonicClock.now()) else { return }
        var metadata: Logger.Metadata = ["reason": "\(reason)", "peer": "\(origin.address?.description ?? "-")"]
        if others > 0 { metadata["others_not_shown"] = "\(others)" }
        core.logger.warning("a connection without a PROXY protocol header was closed", metadata: metadata)
    }
}
