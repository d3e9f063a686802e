extension ServerConfiguration {
    /// The process on its machine: who it is, and who can find it.
    public struct Service: Sendable, Equatable {
        /// The path of the file with the server's process number, absolute, or `nil` for none.
        public var pidFile: String?

        /// The user to become before the app is started, by name or number, or `nil` to stay who we are.
        public var user: String?

        /// The group to become, by name or number, or `nil` for the user's own.
        public var group: String?

        /// The permissions of Unix sockets, or `nil` for what the umask leaves.
        public var bindMode: UInt32?

        /// The group of Unix sockets, by name or number, or `nil` for the server's own.
        public var bindGroup: String?
    }
}
