extension RequestQueue {
    /// What would happen to a request that were offered now.
    public enum Admission: Sendable, Hashable {
        /// It would be let in: go on, read the body.
        case admit
        /// It would be refused: answer 503 now, and tell `recordRefusal(_:)`.
        case refuse(RefusalCause)
    }

    /// What became of an offered request.
    public enum Offer: Sendable, Hashable {
        /// It waits; ask `next(at:)` whether a thread is idle for it.
        case accepted(RequestTicket)
        /// It waits in the place of another, the victim, which has ended: answer that one 503.
        case acceptedInsteadOf(RequestTicket, victim: RequestTicket, cause: RefusalCause)
        /// It does not wait: answer 503. It has no ticket.
        case refused(RefusalCause)
    }

    /// The one thing to do now.
    public enum Action: Sendable, Hashable {
        /// Hand the request to the idle thread; it is the thread's until `finish(_:of:at:)`.
        case dispatch(RequestTicket, to: Slot, waited: Nanoseconds)
        /// Answer 503; the request has ended.
        case refuse(RequestTicket, RefusalCause, waited: Nanoseconds)
    }

    /// What to lay ready.
    public enum Staging: Sendable, Hashable {
        /// This one is the next: lay it ready behind a request that runs.
        case stage(RequestTicket)
        /// Answer 503; the request has ended. Ask again.
        case refuse(RequestTicket, RefusalCause)
    }

    /// What a client left behind.
    public enum Leave: Sendable, Hashable {
        /// The request waited; it has ended, and never reaches the app.
        case removed
        /// The request runs there; tell the worker. The thread is busy until `finish(_:of:at:)`.
        case running(Slot)
        /// The request is laid ready: take it back, tell `unstage(_:)`, and ask again; or it runs already.
        case staged
        /// The request ended before, or never was.
        case unknown
    }
}
