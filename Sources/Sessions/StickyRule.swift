/// By what a session is known.
public enum StickyRule: Sendable, Hashable {
    /// Requests go to any worker.
    case off
    /// A cookie of ours, and where a client keeps no cookies what its requests show and its address.
    case cookie
    /// The client's address.
    case address
    /// The value of a header field; the name in lower case.
    case header(name: String)
    /// The value of a query parameter.
    case query(name: String)
    /// A segment of the path, from 1.
    case path(place: Int)
}
