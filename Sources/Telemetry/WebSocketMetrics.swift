/// What the front counts of WebSockets.
///
/// A value confined to the front's event loop. Messages count when they are complete, bytes as they come.
public struct WebSocketMetrics: Sendable, Equatable {
    /// WebSockets that an app has accepted.
    public private(set) var opened: UInt64 = 0

    /// Those that have ended, by close code: 1005 for none, 1006 for a lost connection.
    public private(set) var closes = LabelledCounter(
        labels: (1000...1015).map { String($0) } + ["3xxx", "4xxx", "other"]
    )

    /// Messages of clients.
    public private(set) var receivedMessages: UInt64 = 0

    /// Bytes of messages of clients.
    public private(set) var receivedBytes: UInt64 = 0

    /// Messages of apps.
    public private(set) var sentMessages: UInt64 = 0

    /// Bytes of messages of apps.
    public private(set) var sentBytes: UInt64 = 0

    /// Creates counters at zero.
    public init() {}

    /// How many are open now.
    public var open: UInt64 { opened &- closes.total }

    mutating func add() { opened &+= 1 }

    mutating func closed(label: String) {
        if !closes.add(label) { closes.add("other") }
    }

    @inline(__always)
    mutating func received(bytes: Int, isWhole: Bool) {
        receivedBytes &+= UInt64(bytes)
        if isWhole { receivedMessages &+= 1 }
    }

    @inline(__always)
    mutating func sent(bytes: Int, isWhole: Bool) {
        sentBytes &+= UInt64(bytes)
        if isWhole { sentMessages &+= 1 }
    }
}
