import RequestQueue

/// Returns the instant `milliseconds` after the tests' clock began, which is not at zero, as no real one is.
func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: 5_000_000_000 + milliseconds * 1_000_000)
}

/// Returns the key of the client with this number.
func client(_ number: UInt64) -> ClientKey {
    ClientKey(high: 0x2001_0DB8_0000_0000, low: number)
}

extension RequestQueue {
    /// Creates a queue with workers 1, 2, … of equally many threads.
    init(limit: Int, processes: Int = 1, threads: Int = 1, _ change: (inout QueuePolicy) -> Void = { _ in }) {
        var policy = QueuePolicy()
        policy.limit = limit
        change(&policy)
        self.init(policy: policy)
        for number in 0..<processes {
            add(worker: WorkerID(raw: number + 1), threads: threads)
        }
    }

    /// Does what the owner does after every event, and returns what that was.
    mutating func settle(at now: Instant) -> [Action] {
        var actions: [Action] = []
        while let action = next(at: now) {
            actions.append(action)
        }
        return actions
    }

    /// Offers a request and returns its ticket, or nil when it was not simply accepted.
    mutating func accept(
        _ client: ClientKey = .shared,
        _ requestClass: RequestClass = .standard,
        at now: Instant
    ) -> RequestTicket? {
        try? accepted(client, requestClass, at: now)
    }

    /// Offers a request that has to be accepted, or throws.
    mutating func accepted(
        _ client: ClientKey = .shared,
        _ requestClass: RequestClass = .standard,
        for worker: Int? = nil,
        at now: Instant
    ) throws -> RequestTicket {
        let offer = offer(client: client, class: requestClass, worker: worker.map { WorkerID(raw: $0) }, at: now)
        guard case .accepted(let ticket) = offer else { throw NotAccepted(offer: offer) }
        return ticket
    }
}

/// An offer that should have been accepted was not.
struct NotAccepted: Error {
    let offer: RequestQueue.Offer
}

extension [RequestQueue.Action] {
    /// The tickets that were dispatched, in order.
    var dispatched: [RequestTicket] {
        compactMap { if case .dispatch(let ticket, _, _) = $0 { ticket } else { nil } }
    }

    /// The threads that they were dispatched to, in order.
    var slots: [Slot] {
        compactMap { if case .dispatch(_, let slot, _) = $0 { slot } else { nil } }
    }

    /// The causes of the refusals, in order.
    var causes: [RefusalCause] {
        compactMap { if case .refuse(_, let cause, _) = $0 { cause } else { nil } }
    }
}
