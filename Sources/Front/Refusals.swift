internal import HTTPCodec
internal import RequestQueue

/// Refusals that the codec does not know of.
extension Refusal {
    /// The body is larger than `limit` bytes.
    static func bodyTooLarge(_ limit: Int) -> Refusal {
        Refusal(
            status: 413,
            cause: .contentTooLarge,
            message: "Content Too Large: the body may have \(limit) bytes (max-body-bytes)."
        )
    }

    /// Every worker has as many WebSockets as it may.
    static let tooManyWebSockets = Refusal(
        status: 503,
        cause: .tooManyWebSockets,
        message: "Service Unavailable: there are as many WebSockets as there may be (max-websockets)."
    )

    /// The spool file could not take the body.
    static let noRoomForBody = Refusal(
        status: 503,
        cause: .contentTooLarge,
        message: "Service Unavailable: no room for the request's body."
    )
}

extension RefusalCause {
    /// One line for the client.
    var sentence: String {
        self == .noSeat
            ? "Service Unavailable: as many people are here as there is room for; you are let in when one leaves."
            : "Service Unavailable: the server is busy (\(rawValue))."
    }
}
