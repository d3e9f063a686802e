/// Which of the admin's connections ends when there are too many.
///
/// The newest of those that ask nothing, except the one that has just come: whoever scrapes over a connection that it keeps
/// stays, and many that idle keep nobody else out.
struct ConnectionBound {
    /// Names a connection, in the order in which they came.
    typealias Number = UInt64

    private let limit: Int
    private var next: Number = 0
    /// Whether it is being answered, by the connection's number.
    private var connections: [Number: Bool] = [:]

    /// Creates it without connections.
    init(limit: Int) {
        self.limit = limit
    }

    /// How many there are.
    var count: Int { connections.count }

    /// Adds a connection.
    ///
    /// - Returns: Its number, and the one to be closed for it: perhaps itself, when all others are being answered.
    mutating func open() -> (number: Number, excess: Number?) {
        let number = next
        next += 1
        let isFull = connections.count >= limit
        let excess = isFull ? connections.filter { !$0.value }.keys.max() ?? number : nil
        connections[number] = false
        if let excess { connections[excess] = nil }
        return (number, excess)
    }

    /// Notes that a connection is being answered, or no longer.
    mutating func note(_ number: Number, isBusy: Bool) {
        if connections[number] != nil { connections[number] = isBusy }
    }

    /// Removes a connection.
    mutating func close(_ number: Number) {
        connections[number] = nil
    }
}
