internal import CRoostSystem
internal import Glibc
public import RequestQueue
public import WorkerLink

/// One worker process as the front sees it.
///
/// Confined to the event loop of the ``WorkerPool`` that made it.
///
/// The shared memory goes with the last reference, so let go of a worker when it has died.
public final class Worker {
    /// Its name, never used again for another.
    public let id: WorkerID
    /// Its position, 0 … P-1; the worker that replaces it has the same.
    public let index: Int
    /// The generation it belongs to, from 1; each reload brings the next.
    public let generation: Int
    /// Its process; 0 as long as it waits to be forked.
    public private(set) var pid: Int32
    /// When it was started.
    public let startedAt: Instant
    /// The rings.
    public let link: FrontLink
    /// What it said about itself when it had imported the app; nil before that.
    public internal(set) var introduction: WorkerIntroduction?

    /// How many requests may be in it at once; at most the lanes of its link.
    public internal(set) var threads: Int
    /// How many requests its event loop may have at once, if it runs one.
    public internal(set) var concurrency = 256
    /// The pools of threads inside its app, as it last said.
    public internal(set) var appPools: [AppPool] = []
    /// How many of its threads exist.
    var startedThreads: Int
    /// Why it is being replaced; nil while it is not.
    public internal(set) var replacedBecause: ReplacementReason?
    /// Whether it has no place in the pool any more: it finishes what it has.
    public internal(set) var isLeaving = false
    /// When it is to be replaced.
    var limits: RecycleLimits

    var life: WorkerLife
    let isAttached: Bool
    let control: ControlSocket
    private var processDescriptor: OwnedDescriptor?
    /// The eventfd on which its event loop sleeps; nil when it has none.
    private var bell: OwnedDescriptor?
    var doorbell: PipeReader?
    private var doorbellEnd: OwnedDescriptor?
    private var outputEnd: OwnedDescriptor?
    private var errorEnd: OwnedDescriptor?
    weak var pool: WorkerPool?
    /// What its process is, or was, to be forked from; nil when it is started by itself.
    var template: Template?

    init(
        id: WorkerID,
        index: Int,
        generation: Int = 1,
        threads: Int? = nil,
        limits: RecycleLimits = RecycleLimits(),
        process: consuming WorkerProcess,
        isAttached: Bool,
        life: WorkerLife,
        at now: Instant
    ) {
        self.id = id
        self.index = index
        self.generation = generation
        self.limits = limits
        self.threads = threads ?? process.region.geometry.lanes
        startedThreads = self.threads
        self.life = life
        self.isAttached = isAttached
        startedAt = now
        pid = process.pid
        link = FrontLink(region: process.region)
        control = ControlSocket(process.control, maximumFiles: process.region.geometry.lanes)
        processDescriptor = process.processDescriptor
        doorbellEnd = process.doorbell
        outputEnd = process.output
        errorEnd = process.error
    }

    /// When it began to take requests; nil before that.
    var readySince: Instant? { life.readySince }

    /// Whether it takes requests.
    public var isReady: Bool {
        if case .ready = life.state { true } else { false }
    }

    /// What it is doing, in a word or two, for status pages: `starting`, `warming up`, `standing by`, `ready`,
    /// `draining`, `stopping`, `terminating`, `killed`, `dead`.
    public var stateName: String {
        switch life.state {
        case .starting: "starting"
        case .warmingUp: "warming up"
        case .standingBy: "standing by"
        case .ready: "ready"
        case .draining: "draining"
        case .stopping: "stopping"
        case .terminating: "terminating"
        case .killed: "killed"
        case .dead: "dead"
        }
    }

    /// Whether its process has ended or is ending, as the kernel says now; that it died is told a moment later.
    public var hasEnded: Bool {
        if control.isCut { return true }
        guard let descriptor = processDescriptor?.raw else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Whether it is not visited for now, because what it has sent takes long: frames are left in its loop's ring.
    public var isResting = false

    /// Calls `visit` for each lane with new frames, then looks again after the loop's other work, and asks for the doorbell
    /// once that finds nothing: while the loop is busy no worker has to ring.
    ///
    /// Ends early when the worker is killed meanwhile.
    public func visitNews(_ visit: (_ lane: Int) -> Void) {
        guard isHeard else { return }
        link.awake()
        if link.takeControlNews() { pool?.readControl(of: self) }
        guard isHeard, !isResting else { return }
        let found = link.visitNews { lane in
            if isHeard { visit(lane) }
        }
        // Who rests it visits it again.
        guard !isResting else { return }
        if found || !link.sleep() { pool?.visitSoon(self) }
    }

    /// Sends the body file of a request; call before the request's frame.
    ///
    /// The descriptor stays the caller's.
    ///
    /// - Returns: Whether the kernel took it; when not, the socket is full or the worker is going.
    public func send(file descriptor: Int32, stream: UInt64) -> Bool {
        control.send(file: descriptor, stream: stream)
    }

    /// Gives the worker's event loop a bell; to be called when it has introduced itself as ASGI, before its first request.
    ///
    /// - Returns: Whether it has one: not when this process is out of descriptors.
    func openLoop() -> Bool {
        // Each of its requests may send a file.
        control.maximumFiles = max(concurrency, link.lanes.count)
        let descriptor = roost_eventfd()
        guard descriptor >= 0 else { return false }
        let bell = OwnedDescriptor(descriptor)
        guard control.send(file: bell.raw, stream: Self.bellStream) else { return false }
        link.loop.setBell(bell.raw)
        self.bell = consume bell
        return true
    }

    /// The stream under which the bell is sent, which no request has.
    static let bellStream = UInt64.max

    /// Takes the file that a ``FrameKind/file`` frame speaks of.
    ///
    /// To be called for each such frame, also when its client has left: a worker may leave no more files untaken than
    /// it has threads.
    ///
    /// - Parameters:
    ///   - stream: The frame's stream.
    ///   - end: Where the part that the frame names ends: its offset plus its count.
    /// - Returns: Its descriptor, which the caller closes.
    /// - Throws: ``LinkViolation`` when none came, when it is no regular file of at least `end` bytes, or when the
    ///   worker sent something else that it may not. Kill it then.
    public func takeFile(for stream: UInt64, through end: Int) throws(LinkViolation) -> Int32? {
        try control.takeFile(for: stream, through: end)
    }

    /// The pipes of a new worker, to be read: its doorbell, stdout and stderr.
    ///
    /// Each can be taken once.
    func takeDoorbell() -> OwnedDescriptor? { doorbellEnd.take() }
    func takeOutput() -> OwnedDescriptor? { outputEnd.take() }
    func takeError() -> OwnedDescriptor? { errorEnd.take() }

    /// Whether what it writes is still looked at: not after it was killed, nor after its end.
    var isHeard: Bool {
        switch life.state {
        case .starting, .warmingUp, .standingBy, .ready, .draining, .stopping, .terminating: true
        case .killed, .dead: false
        }
    }

    /// Tells each thread that no request will follow, and the process that it may leave.
    func askToStop() {
        for lane in link.lanes.indices {
            // No room means that the thread still has a request, and then it will be ended with the process.
            _ = link.lanes[lane].send(.stop, stream: 0, count: 0) { _ in }
        }
        if introduction?.interface == .asgi { _ = link.loop.send(.stop, stream: 0, count: 0) { _ in } }
        control.send(FlatJSON.text([("type", .string("stop"))]))
    }

    /// Whether there is a process: not as long as it waits to be forked.
    var hasProcess: Bool { pid > 0 }

    /// The process has been made.
    func adopt(_ process: consuming StartedProcess) {
        pid = process.pid
        processDescriptor = .some(process.descriptor)
    }

    /// Has `watcher` report the end of the process.
    ///
    /// - Returns: Whether it does.
    func watch(with watcher: ProcessWatcher) -> Bool {
        guard let descriptor = processDescriptor?.raw else { return false }
        return watcher.watch(descriptor, token: UInt64(id.raw))
    }

    /// Sends SIGTERM.
    func terminate() { signal(SIGTERM) }

    /// Sends SIGKILL.
    func kill() { signal(SIGKILL) }

    /// Safe until the process is reaped, which is done on this loop: no other process can have its pid.
    private func signal(_ number: Int32) {
        guard !isAttached, hasProcess else { return }
        Glibc.kill(pid, number)
    }

    /// Takes the status of the process, which has ended.
    func reap() -> ProcessExit {
        var status: Int32 = 0
        guard !isAttached, let descriptor = processDescriptor?.raw, roost_reap(descriptor, &status) == 0 else {
            return .unknown
        }
        return ProcessExit(reaped: status)
    }
}

@available(*, unavailable)
extension Worker: Sendable {}
