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
        cause: .spoolFull,
        message: "Service Unavailable: no room for the request's body."
    )
}

extension FrontCore {
    /// Why a body of that length can't be kept in a spool file; nil when it can, as far as is known before it has come.
    func refusalOfSpooling(_ length: Int) -> Refusal? {
        guard !spool.hasRoom(for: length) else { return nil }
        guard length > spool.limit else { return .noRoomForBody }
        return Refusal(
            status: 413,
            cause: .spoolFull,
            message: "Content Too Large: there is room for \(spool.limit) bytes of bodies (spool-limit)."
        )
    }
}

extension RefusalCause {
    /// One line for the client.
    var sentence: String {
        self == .noSeat
            ? "Service Unavailable: as many people are here as there is room for; you are let in when one leaves."
            : "Service Unavailable: the server is busy (\(rawValue))."
    }
}
