extension ServerConfiguration {
    /// WebSockets of ASGI apps.
    public struct WebSockets: Sendable, Equatable {
        /// Whether messages are compressed.
        public enum Compression: String, Sendable, CaseIterable {
            /// Never.
            case off
            /// With clients that offer it, by permessage-deflate (RFC 7692).
            case deflate
        }

        /// The most of one worker.
        public var maximum = 10_000

        /// The largest message of a client; zero for no limit.
        public var maximumMessage = ByteCount.mebibytes(32)

        /// The most of messages to one worker that have not ended; zero for no limit.
        public var unfinishedPerWorker = ByteCount.mebibytes(128)

        /// The most of them in all; zero for no limit.
        public var unfinished = ByteCount.mebibytes(512)

        /// From the first byte of a message to its last; zero for ever.
        public var messageTimeout: Duration = .seconds(300)

        /// Whether messages are compressed.
        public var compression = Compression.off

        /// Between two pings; zero for none.
        public var pingInterval: Duration = .seconds(30)

        /// From a ping until something has to come from the client; zero for ever.
        public var pingTimeout: Duration = .seconds(30)
    }
}
