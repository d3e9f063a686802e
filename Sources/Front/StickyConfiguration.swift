public import Sessions

/// How browsers stay with the worker that keeps their state.
public struct StickyConfiguration: Sendable, Hashable {
    /// By what sessions are known; nil for a cookie where the app needs one, as far as its worker can tell.
    public var rule: StickyRule?
    /// The cookie.
    public var cookie = StickyCookie()
    /// How many sessions there may be, and how long they last.
    public var policy = SessionPolicy()
    /// Paths at which a newcomer for whom there is no seat is turned away; WebSockets are refused it anywhere.
    public var doors = ["/_stcore/health"]

    /// Creates the defaults.
    public init() {}
}
