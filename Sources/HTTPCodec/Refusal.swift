/// A request that is answered without the application, and the answer it gets.
///
/// After a refusal nothing more that the client sends can be trusted to start a request: the connection closes.
public struct Refusal: Error, Sendable, Equatable {
    /// Why, as a bounded label for metrics and logs.
    public enum Cause: String, Sendable, CaseIterable {
        case badRequestLine = "bad_request_line"
        case badMethod = "bad_method"
        case unsupportedMethod = "unsupported_method"
        case badTarget = "bad_target"
        case targetTooLong = "target_too_long"
        case unsupportedVersion = "unsupported_version"
        case badFieldName = "bad_field_name"
        case badFieldValue = "bad_field_value"
        case bareLineEnd = "bare_line_end"
        case foldedField = "folded_field"
        case headTooLarge = "head_too_large"
        case tooManyFields = "too_many_fields"
        case badHost = "bad_host"
        case badContentLength = "bad_content_length"
        case contentTooLarge = "content_too_large"
        case badTransferEncoding = "bad_transfer_encoding"
        case unsupportedTransferEncoding = "unsupported_transfer_encoding"
        case badExpectation = "bad_expectation"
        case badChunk = "bad_chunk"
        case badTrailer = "bad_trailer"
        case trailerTooLarge = "trailer_too_large"
        case badForwarding = "bad_forwarding"
        case badHandshake = "bad_handshake"
        case tooManyWebSockets = "too_many_websockets"
        case spoolFull = "spool_full"
    }

    /// The status of the answer, 400 to 599.
    public var status: Int

    /// Why, as a bounded label.
    public var cause: Cause

    /// One line in ASCII for the answer's body; it never repeats what the client sent.
    public var message: String

    /// Creates a refusal.
    public init(status: Int, cause: Cause, message: String) {
        self.status = status
        self.cause = cause
        self.message = message
    }
}

extension Refusal {
    static func bad(_ cause: Cause, _ message: String) -> Refusal {
        Refusal(status: 400, cause: cause, message: message)
    }
}
