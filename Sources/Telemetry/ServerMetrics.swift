/// What the front counts while it serves.
///
/// A value confined to the front's event loop. Every recording method is O(1). ``MetricsSnapshot`` holds a copy of it
/// together with what the queue and the workers say at that moment.
public struct ServerMetrics: Sendable, Equatable {
    /// Where a request was when its client left.
    public enum ClientLeft: String, Sendable, CaseIterable {
        /// It waited in the request queue and never reached the application.
        case waiting
        /// A thread was running it.
        case running
        /// Its response was being sent.
        case sending
    }

    /// Why a request that had reached a worker got no answer from it, or only the beginning of one.
    public enum FailureCause: String, Sendable, CaseIterable {
        /// Its worker ended.
        case workerEnded = "worker_ended"
        /// It ran longer than it may.
        case timedOut = "request_timeout"
        /// The app broke off.
        case aborted
        /// It could not be handed over.
        case undeliverable
    }

    /// Why a request was given to another worker.
    public enum RetryCause: String, Sendable, CaseIterable {
        /// Its worker ended while it ran, and it may run twice.
        case workerEnded = "worker_ended"
        /// Its worker ended before a thread had begun it.
        case notBegun = "not_begun"
        /// Its worker did not come to it: it is stopped, or no thread of it gets the interpreter's lock.
        case notTaken = "not_taken"
    }

    /// Answers sent, by status and method; refusals are among them.
    public private(set) var requests = RequestCounter()

    /// Requests answered without the application, by cause.
    public private(set) var refused: LabelledCounter

    /// Requests that the front answered 500, 502 or 504 because the application did not, by ``FailureCause``.
    public private(set) var failures = LabelledCounter(labels: FailureCause.allCases.map(\.rawValue))

    /// Responses that were cut after their head, by ``FailureCause``.
    public private(set) var cuts = LabelledCounter(labels: FailureCause.allCases.map(\.rawValue))

    /// Requests given to another worker, by ``RetryCause``.
    public private(set) var retries = LabelledCounter(labels: RetryCause.allCases.map(\.rawValue))

    /// Queue time: from the complete request to a thread taking it.
    public private(set) var queueTime = Histogram()

    /// Service time: from a thread taking the request to the last byte of the response handed to the front.
    public private(set) var serviceTime = Histogram()

    /// Bytes of request bodies received.
    public private(set) var requestBytes: UInt64 = 0

    /// Bytes of response bodies sent.
    public private(set) var responseBytes: UInt64 = 0

    /// Clients that left before their answer was whole, by ``ClientLeft``.
    public private(set) var clientsLeft = LabelledCounter(labels: ClientLeft.allCases.map(\.rawValue))

    /// Client connections open now.
    public private(set) var openConnections = 0

    /// Client connections opened so far.
    public private(set) var openedConnections: UInt64 = 0

    /// Client connections that were accepted and closed at once because they could not be set up.
    public private(set) var failedConnections: UInt64 = 0

    /// WebSockets.
    public private(set) var webSockets = WebSocketMetrics()

    /// Workers replaced because they ended or were killed.
    public private(set) var workerRestarts: UInt64 = 0

    /// Workers replaced though they could have gone on, by reason.
    public private(set) var recycles = LabelledCounter(
        labels: ["max_requests", "max_rss", "max_lifetime", "stuck", "lifespan"]
    )

    /// Reloads, by how they ended.
    public private(set) var reloads = LabelledCounter(labels: ["succeeded", "failed"])

    /// Times a worker broke the protocol of its link, each of which cost it its life.
    public private(set) var workerProtocolErrors: UInt64 = 0

    /// Creates counters at zero, with the causes a request can be refused for.
    ///
    /// - Parameter refusalCauses: bounded labels; the index of one is its place in ``refused``'s labels.
    public init(refusalCauses: [String]) {
        refused = LabelledCounter(labels: refusalCauses)
    }

    /// Counts an answer whose last byte was handed to the client's socket, or a refusal.
    public mutating func answered(
        method: MethodLabel,
        status: Int,
        requestBytes received: UInt64 = 0,
        responseBytes sent: UInt64 = 0
    ) {
        requests.add(status: status, method: method)
        requestBytes &+= received
        responseBytes &+= sent
    }

    /// Records the queue time of a request as a thread takes it.
    public mutating func dispatched(queueNanoseconds: UInt64) {
        queueTime.record(nanoseconds: queueNanoseconds)
    }

    /// Records the service time of a request as its thread becomes idle.
    public mutating func finished(serviceNanoseconds: UInt64) {
        serviceTime.record(nanoseconds: serviceNanoseconds)
    }

    /// Counts a refusal by the place of its cause in ``refused``; its answer is counted by `answered`.
    public mutating func refuse(causeIndex: Int) {
        refused.add(at: causeIndex)
    }

    /// Counts a refusal by the label of its cause.
    public mutating func refuse(cause: String) {
        refused.add(cause)
    }

    /// Counts a request that failed, or one whose response was cut.
    public mutating func failed(cause: FailureCause, isCut: Bool) {
        if isCut { cuts.add(cause.rawValue) } else { failures.add(cause.rawValue) }
    }

    /// Counts a request that is given to another worker.
    public mutating func retried(_ cause: RetryCause) {
        retries.add(cause.rawValue)
    }

    /// Counts a client that left.
    public mutating func clientLeft(_ phase: ClientLeft) {
        clientsLeft.add(phase.rawValue)
    }

    /// Counts a connection that was accepted.
    public mutating func connectionOpened() {
        openConnections &+= 1
        openedConnections &+= 1
    }

    /// Counts a connection that was accepted and could not be set up.
    public mutating func connectionFailed() {
        failedConnections &+= 1
    }

    /// Counts a connection that was closed.
    public mutating func connectionClosed() {
        openConnections = max(0, openConnections &- 1)
    }

    /// Counts a connection that has become a WebSocket.
    public mutating func webSocketOpened() {
        webSockets.add()
    }

    /// Counts a message of a client, or a part of one.
    public mutating func webSocketReceived(bytes: Int, isWhole: Bool) {
        webSockets.received(bytes: bytes, isWhole: isWhole)
    }

    /// Counts a message of the app, or a part of one.
    public mutating func webSocketSent(bytes: Int, isWhole: Bool) {
        webSockets.sent(bytes: bytes, isWhole: isWhole)
    }

    /// Counts the end of a WebSocket, by the label of its close code.
    public mutating func webSocketClosed(label: String) {
        webSockets.closed(label: label)
    }

    /// Counts a worker that was replaced because it ended or was killed.
    public mutating func workerRestarted() {
        workerRestarts &+= 1
    }

    /// Counts a worker that broke the protocol of its link.
    public mutating func workerBrokeProtocol() {
        workerProtocolErrors &+= 1
    }

    /// Counts a worker that was replaced though it could have gone on, by the label of the reason.
    public mutating func workerRecycled(because reason: String) {
        recycles.add(reason)
    }

    /// Counts a new generation of workers that has taken over.
    public mutating func reloaded() {
        reloads.add("succeeded")
    }

    /// Counts a reload after which the old workers go on.
    public mutating func reloadFailed() {
        reloads.add("failed")
    }
}
