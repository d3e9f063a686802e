extension ServerConfiguration {
    /// How browsers stay with the worker that keeps their state.
    public struct Sticky: Sendable, Equatable {
        /// By what a browser is known.
        public enum Rule: Sendable, Equatable {
            /// A cookie where the app is known to need it, nothing elsewhere.
            case auto
            /// Requests go to any worker.
            case off
            /// A cookie.
            case cookie
            /// The client's address.
            case address
            /// The value of a header field; the name in lower case.
            case header(name: String)
            /// The value of a query parameter.
            case query(name: String)
            /// A segment of the path, 1 to 32.
            case path(place: Int)
        }

        /// With which requests from other sites the cookie is sent.
        public enum SameSite: String, Sendable, CaseIterable {
            /// With links only.
            case lax
            /// Also from frames in other sites' pages.
            case none
        }

        /// By what a browser is known.
        public var rule = Rule.auto

        /// The cookie's name, a token.
        public var cookieName = "roost_session"

        /// With which requests from other sites the cookie is sent.
        public var sameSite = SameSite.lax

        /// How long the worker of a browser is remembered that sends nothing and has no WebSocket open.
        public var timeout: Duration = .seconds(3600)

        /// The most sessions in a worker; zero for any number.
        public var maximumSessions = 0

        /// Path prefixes at which newcomers without a place are answered 503.
        public var doors = ["/_stcore/health"]
    }
}
