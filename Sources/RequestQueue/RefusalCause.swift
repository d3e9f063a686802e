/// Why a request was answered 503 without reaching the app; the raw value is the metric's label.
public enum RefusalCause: String, Sendable, Hashable, CaseIterable {
    /// As many requests waited as the limit allows.
    case full
    /// The queue was full, and the client had the most waiting.
    case shareExceeded = "share_exceeded"
    /// The queue was full, and a request of a higher class took the place.
    case displaced
    /// The deadline passed while it waited, or could no longer be met.
    case timeout
    /// The queue had been standing for an interval, and the request had waited too long (see `DelayControl`).
    case delay
    /// The server is shutting down.
    case draining
    /// The deadline passed while there was no worker at all.
    case noWorker = "no_worker"
    /// Its session is new, and all workers have as many as they take.
    case noSeat = "no_seat"

    /// The place of the cause in an array with one element per cause.
    var ordinal: Int {
        switch self {
        case .full: 0
        case .shareExceeded: 1
        case .displaced: 2
        case .timeout: 3
        case .delay: 4
        case .draining: 5
        case .noWorker: 6
        case .noSeat: 7
        }
    }
}
