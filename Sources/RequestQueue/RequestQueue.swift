/// The one bounded queue: the requests that wait for a thread, the threads of all workers, and the policy by which
/// some are refused.
///
/// A value that decides; its owner acts. Every event is a method, after which the owner carries out what `next(at:)`
/// says until it says nothing:
///
/// ```
///   offer ──▶ waiting ──next──▶ running ──finish──▶ ended
///     │          ├──next (refuse), leave, victim──▶ ended
///     └▶ refused │                 ├──remove(worker)─▶ ended
///                                  └──giveBack──▶ waiting
/// ```
///
/// Its owner confines it to one thread or event loop, or guards it by a lock. No method traps on what a client, a
/// worker or a clock says. An offer, its dispatch and its finish cost O(number of workers) together, O(log depth) when
/// requests wait, and allocate nothing once the storage has grown to the traffic.
public struct RequestQueue: Sendable {
    /// The policy the queue was made with.
    public let policy: QueuePolicy

    /// The most requests that may wait.
    public internal(set) var limit: Int

    /// What has passed through the queue.
    public internal(set) var statistics = QueueStatistics()

    /// The most requests that ever had to wait at once.
    public internal(set) var maximumDepth = 0

    /// A boolean value indicating whether the server is shutting down: nothing new is let in, what waits is served.
    public internal(set) var isDraining = false

    /// What requests cost a thread.
    public internal(set) var service = ServiceEstimate()

    /// How long a worker takes for a request.
    public internal(set) var pace = ThreadPace()

    let timeout: Nanoseconds
    let minimumTarget: Nanoseconds
    var slab = RequestSlab()
    var lines = PerClass(repeating: WaitingLine())
    var waiting = 0
    var staged = 0
    var deadlines = DeadlineHeap()
    var shares = PerClass(repeating: ClientShares())
    var slots = SlotTable()
    var delay = PerClass(repeating: DelayControl())
    var completions = CompletionRate()
    /// How many requests were let in, as the next one's place in the order.
    private var entered: UInt64 = 0

    /// Creates an empty queue without workers: requests wait, within the limit and until their deadline.
    public init(policy: QueuePolicy = QueuePolicy()) {
        self.policy = policy
        limit = min(max(0, policy.limit), QueuePolicy.greatestLimit)
        timeout = max(Nanoseconds(policy.timeout), .milliseconds(1))
        minimumTarget = Nanoseconds(policy.minimumTarget)
    }

    /// Takes a complete request in, or refuses it.
    ///
    /// - Parameters:
    ///   - client: Whose share it counts in.
    ///   - requestClass: What goes before what.
    ///   - upstreamWait: How long it waited before it came to us, as `X-Request-Start` shows; part of the timeout.
    ///   - worker: The only worker that it may go to; nil, or one that is not there or drains, for any. See `pin(to:)`.
    ///   - now: The instant from which its queue time counts.
    /// - Returns: What became of it; after that, ask `next(at:)`.
    public mutating func offer(
        client: ClientKey = .shared,
        class requestClass: RequestClass = .standard,
        upstreamWait: Nanoseconds = .zero,
        worker: WorkerID? = nil,
        at now: Instant
    ) -> Offer {
        let pin = pin(to: worker)
        let verdict = judge(client: client, class: requestClass, upstreamWait: upstreamWait, pin: pin)
        switch verdict {
        case .refuse(let cause):
            statistics.countRefusal(cause)
            return .refused(cause)
        case .enter:
            return .accepted(
                enter(client: client, class: requestClass, upstreamWait: upstreamWait, pin: pin, at: now)
            )
        case .replace(let victim, let cause):
            let victimTicket = slab.ticket(victim)
            end(waiting: victim)
            statistics.countRefusal(cause)
            let ticket = enter(client: client, class: requestClass, upstreamWait: upstreamWait, pin: pin, at: now)
            return .acceptedInsteadOf(ticket, victim: victimTicket, cause: cause)
        }
    }

    /// Lets nothing new in from now on.
    public mutating func drain() {
        isDraining = true
    }

    /// Counts a refusal that the owner made because `admission(client:class:upstreamWait:)` said so.
    public mutating func recordRefusal(_ cause: RefusalCause) {
        statistics.countRefusal(cause)
    }

    private mutating func enter(
        client: ClientKey,
        class requestClass: RequestClass,
        upstreamWait: Nanoseconds,
        pin: WorkerID?,
        at now: Instant
    ) -> RequestTicket {
        // With a thread idle for it, it does not wait: what it waited before us is no reason to refuse it, and it is in
        // nobody's share.
        let mustWait = !hasIdleThread(for: pin)
        let index = slab.take()
        slab[index].state = .waiting
        slab[index].requestClass = requestClass
        slab[index].offeredAt = now
        slab[index].deadline = now + (mustWait ? timeout - upstreamWait : timeout)
        slab[index].isInShare = mustWait && policy.sharesAmongClients && client != .shared
        slab[index].order = entered
        entered &+= 1
        slab[index].isPinned = pin != nil
        if let pin {
            slab[index].worker = pin
            slots.changeLine(of: index, in: &slab) { $0.append($1, in: &$2) }
        } else {
            lines[requestClass].append(index, in: &slab)
        }
        deadlines.add(index, deadline: slab[index].deadline)
        if slab[index].isInShare {
            shares[requestClass].add(index, of: client)
        }
        waiting += 1
        maximumDepth = max(maximumDepth, waiting - startable)
        statistics.accepted &+= 1
        return slab.ticket(index)
    }

    /// Takes a waiting request out of everything but the slab.
    mutating func unlink(_ index: Int32) {
        let requestClass = slab[index].requestClass
        if slab[index].isPinned {
            slots.changeLine(of: index, in: &slab) { $0.remove($1, in: &$2) }
        } else {
            lines[requestClass].remove(index, in: &slab)
        }
        deadlines.remove(index)
        if slab[index].isInShare {
            shares[requestClass].remove(index)
        }
        waiting -= 1
    }

    /// Ends a waiting request.
    mutating func end(waiting index: Int32) {
        unlink(index)
        slab.free(index)
    }
}
