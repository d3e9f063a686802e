extension RequestQueue {
    enum Verdict {
        case enter
        case replace(victim: Int32, cause: RefusalCause)
        case refuse(RefusalCause)
    }

    /// Returns whether a request offered now would be refused, so that it can be refused before its body is read.
    ///
    /// Changes nothing, and promises nothing for later: the offer may still be refused when the body has come.
    public func admission(
        client: ClientKey = .shared,
        class requestClass: RequestClass = .standard,
        upstreamWait: Nanoseconds = .zero,
        worker: WorkerID? = nil
    ) -> Admission {
        switch judge(client: client, class: requestClass, upstreamWait: upstreamWait, pin: pin(to: worker)) {
        case .enter, .replace:
            .admit
        case .refuse(let cause):
            .refuse(cause)
        }
    }

    /// Decides about a newcomer.
    ///
    /// A full queue first takes from the classes below the newcomer's, then from the client with the most waiting in
    /// the newcomer's own class; a class above it never gives way.
    @inline(__always)
    func judge(
        client: ClientKey,
        class requestClass: RequestClass,
        upstreamWait: Nanoseconds,
        pin: WorkerID?
    ) -> Verdict {
        if isDraining { return .refuse(.draining) }
        if hasIdleThread(for: pin) { return .enter }
        if upstreamWait >= timeout { return .refuse(.timeout) }
        if waiting - startable < limit { return .enter }
        for lower in [RequestClass.sheddable, .opening, .standard] where lower > requestClass {
            let newest = newest(of: lower)
            if newest != RequestSlab.none {
                return .replace(victim: newest, cause: .displaced)
            }
        }
        guard policy.sharesAmongClients else { return .refuse(.full) }
        if let victim = shares[requestClass].victim(for: client) {
            return .replace(victim: victim, cause: .shareExceeded)
        }
        let own = client == .shared ? 0 : shares[requestClass].count(of: client)
        return .refuse(own > 1 ? .shareExceeded : .full)
    }
}
