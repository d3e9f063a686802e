public import RequestQueue

/// What a request shows of its session.
public struct StickyRequest: Sendable {
    /// The session that our cookie names.
    public var cookie: SessionID?
    /// The value that ``StickyRule`` names, hashed.
    public var key: SessionID?
    /// The Streamlit session that it names, hashed.
    public var alias: SessionID?
    /// The client's address, hashed; nil where it is not known.
    public var address: SessionID?
    /// Whether it is for a part of a page that is there already, as the browser says.
    public var isPartOfPage = false
    /// Whether it asks for a WebSocket.
    public var opensSocket = false
    /// Whether newcomers without a seat are turned away by this request.
    public var isAtDoor = false
    /// The worker that has answered it already, where there was none to route it to before.
    public var answeredBy: WorkerID?

    /// Creates a request that shows nothing.
    public init() {}
}

/// Where a request is to go.
public struct StickyRoute: Sendable, Hashable {
    /// The worker that keeps its session; nil for any.
    public var worker: WorkerID?
    /// Its session; nil when it has none.
    public var session: SessionID?
    /// The session whose name the client is to be given in a cookie; nil when it has one, or needs none.
    public var cookie: SessionID?
    /// Whether there is no seat for it.
    public var isTurnedAway = false

    /// Creates the route of a request without a session.
    public init() {}
}

/// Decides to which worker each request goes, so that a session stays with the process that keeps its state.
///
/// The cookie comes first: a browser sends it with everything, the WebSocket handshake included. A client that keeps no
/// cookies is known, in this order, by the Streamlit session that it names, and by its address. The address is never asked
/// about the first request of a browser: all people behind one proxy would share one worker.
public struct StickyRouter: Sendable {
    /// By what sessions are known.
    public let rule: StickyRule
    /// Which worker keeps which session.
    public var table: SessionTable
    private var aliases = SessionAliases()

    /// Creates a router without workers.
    public init(rule: StickyRule, policy: SessionPolicy = SessionPolicy()) {
        self.rule = rule
        table = SessionTable(policy: policy)
    }

    /// Decides where a request goes.
    ///
    /// - Parameters:
    ///   - request: What it shows.
    ///   - now: When it came.
    ///   - makeSession: Makes a name that nobody has.
    /// - Returns: Its worker and its session.
    public mutating func route(
        _ request: StickyRequest,
        at now: Instant,
        makeSession: () -> SessionID
    ) -> StickyRoute {
        var route = StickyRoute()
        switch rule {
        case .off:
            return route
        case .address:
            route.session = request.address
        case .header, .query, .path:
            route.session = request.key
        case .cookie:
            route = routeByCookie(request, at: now, makeSession)
        }
        if let session = route.session, route.worker == nil {
            route.worker = table.place(session, preferring: request.answeredBy, at: now)
        }
        // There is no worker: it belongs to whichever will answer it.
        if route.worker == nil { route.session = nil }
        guard request.isAtDoor || request.opensSocket, table.policy.seatsPerWorker > 0, let session = route.session
        else { return route }
        // Whoever has not shown yet that it keeps a cookie holds no seat: probes would fill the house.
        let takes = request.opensSocket || route.cookie == nil
        route.isTurnedAway = !table.admits(session, takes: takes)
        // A seat may have been free elsewhere.
        route.worker = table.worker(of: session) ?? route.worker
        return route
    }

    private mutating func routeByCookie(
        _ request: StickyRequest,
        at now: Instant,
        _ makeSession: () -> SessionID
    ) -> StickyRoute {
        var route = StickyRoute()
        let known = request.answeredBy ?? request.alias.flatMap { aliases.worker(of: $0) }
        if let session = request.cookie {
            // Also one that is not known, such as from before a restart: it shows that the client keeps cookies.
            route.session = session
            route.worker = table.place(session, preferring: known, at: now)
        } else if let session = request.alias {
            route.session = session
            let likely = known ?? request.address.flatMap { table.worker(of: $0) }
            route.worker = table.place(session, preferring: likely, at: now)
        } else if request.opensSocket, let session = request.address {
            route.session = session
            route.worker = table.place(session, preferring: known, at: now)
        }
        if let alias = request.alias, let worker = route.worker { aliases.learn(alias, on: worker) }
        guard request.cookie == nil else { return route }
        // Whoever is at this address without cookies and holds a WebSocket may be the one that asks.
        let likely = request.address.flatMap { table.sockets(of: $0) > 0 ? table.worker(of: $0) : nil }
        let preferred = route.worker ?? known ?? likely
        if request.isPartOfPage {
            // No newcomer: its browser has a name, and keeps it to itself here.
            route.worker = route.worker ?? preferred.flatMap { table.isOpen($0) ? $0 : nil }
            return route
        }
        let session = makeSession()
        let worker = table.place(session, isNew: true, preferring: preferred, at: now)
        route.session = route.session ?? session
        route.worker = route.worker ?? worker
        route.cookie = worker == nil ? nil : session
        return route
    }
}
