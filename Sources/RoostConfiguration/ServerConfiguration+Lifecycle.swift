extension ServerConfiguration {
    /// How workers make room for others: reload, recycling, and scaling by hand.
    public struct Lifecycle: Sendable, Equatable {
        /// From the moment another has taken a worker's place until what still runs in it is cut.
        public var drainTimeout: Duration = .seconds(30)

        /// The most threads a worker can be given while it runs; at least `workers.threads`.
        public var maximumThreads = 16

        /// Requests after which a worker is replaced; zero for never.
        public var maximumRequests = 0

        /// The most requests that are added to `maximumRequests` at random, for each worker anew.
        public var maximumRequestsJitter = 0

        /// Resident memory beyond which a worker is replaced, or `nil` for any.
        public var maximumMemory: ByteCount?

        /// The age at which a worker is replaced, less up to a tenth at random; zero for never.
        public var maximumLifetime: Duration = .zero
    }
}
