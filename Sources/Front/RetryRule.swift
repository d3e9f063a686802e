/// What becomes of a request whose worker has ended, or does not run any more.
///
/// RFC 9110 §9.2.2 lets an intermediary repeat what is safe or known to be idempotent, and nothing else: the app may have
/// sold the ticket before it crashed. Once only: a request that takes its worker down must not take them all.
struct RetryRule: Sendable, Equatable {
    /// Which requests may run twice.
    enum Policy: String, Sendable, CaseIterable {
        /// GET, HEAD, OPTIONS, and what the app has marked idempotent.
        case safe
        /// None.
        case none
    }

    /// What is known of the request at its worker's end.
    struct Evidence: Sendable, Equatable {
        /// Whether a thread had taken it.
        var hasBegun = true
        /// Whether its method is safe, see ``RetryRule/isSafe(method:)``.
        var isSafe = false
        /// Whether the app has said that it may run twice.
        var isMarkedIdempotent = false
        /// Whether something of a response was sent to its client.
        var isAnswering = false
        /// Whether somebody waits for the answer.
        var hasClient = true
        /// Whether its worker was ended because the requests in it did not finish in time: it would take as long again.
        var hasHadItsTime = false
        /// Whether any worker takes requests any more: not at the end of the server's own drain.
        var isServing = true
        /// The workers that had begun it and ended before this one.
        var workersLost = 0
    }

    /// What to do with it.
    enum Verdict: Sendable, Equatable {
        /// No thread had it: it waits as before, and another worker gets it.
        case giveBack
        /// Another worker gets it, this once.
        case retry
        /// Answer 502 now.
        case refuse
        /// The client has the beginning of an answer: cut it, so that it does not look whole.
        case cut
        /// Nobody waits for it.
        case forget
    }

    /// Which requests may run twice.
    var policy = Policy.safe

    /// The most workers that may end with one request in them.
    static let mostWorkersLost = 2

    /// Decides about one request.
    func verdict(_ evidence: Evidence) -> Verdict {
        guard evidence.hasClient else { return .forget }
        if evidence.isAnswering { return .cut }
        guard evidence.isServing else { return .refuse }
        if !evidence.hasBegun { return .giveBack }
        guard policy == .safe, !evidence.hasHadItsTime, evidence.isSafe || evidence.isMarkedIdempotent else {
            return .refuse
        }
        return evidence.workersLost + 1 < Self.mostWorkersLost ? .retry : .refuse
    }

    /// Whether a request of this method may be repeated without asking the app.
    ///
    /// OPTIONS is safe by RFC 9110 §9.2.1 too, and a browser whose preflight fails drops the request behind it. TRACE is
    /// as safe; no app answers it.
    static func isSafe(method: some Sequence<UInt8>) -> Bool {
        method.elementsEqual("GET".utf8) || method.elementsEqual("HEAD".utf8)
            || method.elementsEqual("OPTIONS".utf8)
    }
}
