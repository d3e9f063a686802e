/// Where the admin listens, and how patient it is.
public struct AdminConfiguration: Sendable, Equatable {
    /// A TCP address.
    public struct TCPAddress: Sendable, Equatable {
        /// A name or an address; IPv6 without brackets.
        public var host: String
        /// The port; 0 lets the system choose.
        public var port: Int

        /// Creates an address.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// The file of the Unix socket; nil for none.
    ///
    /// It gets mode 0600, a missing directory 0700.
    public var socketPath: String?

    /// The TCP address; nil, the default, for none.
    ///
    /// Whoever can connect to it can read everything the admin shows.
    public var tcp: TCPAddress?

    /// Whether the addresses are taken over from a server that still listens on them and is about to leave.
    ///
    /// The default is false: an address in use is an error.
    public var replacesRunningServer = false

    /// How long `/status`, `/metrics` and `/readyz` wait for the front before they answer 503.
    ///
    /// The default is 2 s.
    public var snapshotTimeout: Duration = .seconds(2)

    /// The names under which the TCP address is asked, beside addresses and names that are private anyway; `*` for all.
    public var hosts: [String] = []

    /// How long a new connection may take for its first request.
    ///
    /// The default is 10 s.
    public var requestTimeout: Duration = .seconds(10)

    /// How long an answer may take, with the client that reads it.
    ///
    /// The default is 30 s: longer than any snapshot.
    public var answerTimeout: Duration = .seconds(30)

    /// How long a connection may be idle.
    ///
    /// The default is 60 s: longer than the usual scrape interval.
    public var idleTimeout: Duration = .seconds(60)

    /// The most connections of each address; beyond that the newest that asks nothing is closed.
    ///
    /// The default is 64.
    public var maximumConnections = 64

    /// How long stopping waits for answers that are being sent.
    ///
    /// The default is 2 s.
    public var stopTimeout: Duration = .seconds(2)

    /// Creates a configuration.
    public init(socketPath: String? = nil, tcp: TCPAddress? = nil) {
        self.socketPath = socketPath
        self.tcp = tcp
    }
}
