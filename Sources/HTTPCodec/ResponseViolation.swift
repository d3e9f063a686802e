/// A response head from a worker that must not be sent.
public struct ResponseViolation: Error, Sendable, Equatable {
    /// What is wrong, as a bounded label for metrics and logs.
    public enum Cause: String, Sendable, CaseIterable {
        /// The lengths in the frame do not add up: the worker broke the protocol.
        case malformedFrame = "malformed_frame"
        case badStatus = "bad_status"
        case badReason = "bad_reason"
        case badFieldName = "bad_field_name"
        case badFieldValue = "bad_field_value"
        case hopByHopField = "hop_by_hop_field"
        case badContentLength = "bad_content_length"
        case badTrailer = "bad_trailer"
    }

    /// What is wrong, as a bounded label.
    public var cause: Cause

    /// One line for the log; it repeats no byte of the response.
    public var message: String

    init(_ cause: Cause, _ message: String) {
        self.cause = cause
        self.message = message
    }
}
