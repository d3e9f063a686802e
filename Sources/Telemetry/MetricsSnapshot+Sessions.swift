extension MetricsSnapshot {
    /// The sessions that stay with a worker.
    public struct Sessions: Sendable, Equatable {
        /// Sessions whose worker is remembered.
        public var known: Int
        /// Sessions that were given another worker because theirs had ended.
        public var movedFromEnded: UInt64
        /// Sessions that were given another worker because theirs was leaving.
        public var movedFromLeaving: UInt64

        /// Creates the picture of the sessions.
        public init(known: Int, movedFromEnded: UInt64, movedFromLeaving: UInt64) {
            self.known = known
            self.movedFromEnded = movedFromEnded
            self.movedFromLeaving = movedFromLeaving
        }

        /// The moves by their reason, the metric's label.
        var moved: [(reason: String, count: UInt64)] {
            [("worker_ended", movedFromEnded), ("worker_leaving", movedFromLeaving)]
        }
    }
}
