internal import Admin
internal import Front
internal import Glibc
internal import Logging
internal import Service
internal import Synchronization

/// Gives this server's place to a new process: the owner of ``Handover``.
final class Upgrade: Sendable {
    private let handover = Mutex(Handover())
    private let launch: Launch
    private let descriptorLimit: UInt64
    private let front: FrontServer
    private let manager: ServiceManager
    private let endings: Endings
    private let logger: Logger
    /// How long the new process may take until its workers are ready.
    private let patience: Duration
    private let heir = Mutex<Heir?>(nil)

    init(
        launch: Launch,
        descriptorLimit: UInt64,
        front: FrontServer,
        manager: ServiceManager,
        endings: Endings,
        logger: Logger,
        startupTimeout: Duration
    ) {
        self.launch = launch
        self.descriptorLimit = descriptorLimit
        self.front = front
        self.manager = manager
        self.endings = endings
        self.logger = logger
        patience = startupTimeout + .seconds(30)
    }

    /// Has the program at `binary`, or the one this process was started as, take over.
    ///
    /// - Returns: what became of it, when that is known.
    func perform(_ binary: String?) async -> ControlAnswer {
        guard getpid() != 1 else {
            return ControlAnswer(
                .conflict,
                "the server is process 1 of its container, which would end with it: replace the container instead"
            )
        }
        return await withCheckedContinuation { continuation in
            // A thread of its own: it waits, for minutes perhaps.
            Thread.start { continuation.resume(returning: self.run(binary)) }
        }
    }

    /// The server has been told to stop: nobody is to take over any more.
    func stop() {
        carryOut(handover.withLock { $0.stopping() })
    }

    private func run(_ binary: String?) -> ControlAnswer {
        switch handover.withLock({ $0.asked() }) {
        case .start: break
        case .refuse(let reason): return ControlAnswer(.conflict, "no upgrade: \(reason)")
        case .nothing, .handOver, .goOn, .drain: return ControlAnswer(.failed, "no upgrade")
        }
        do {
            guard let executable = binary ?? launch.executable() else {
                throw ServiceError(
                    "the new process could not be started",
                    reason: "the program that this server was started as is not on PATH any more",
                    remedy: "roost upgrade --binary PATH"
                )
            }
            logger.info("upgrade: starting the new process", metadata: ["binary": "\(executable)"])
            let sockets = front.listeningSockets().map {
                Inheritance.Socket(descriptor: $0.descriptor, address: $0.wanted.description, isKept: $0.isKept)
            }
            let heir = try Heir(
                executable: executable,
                launch: launch,
                sockets: sockets,
                descriptorLimit: descriptorLimit
            )
            self.heir.withLock { $0 = heir }
            if let answer = carryOut(handover.withLock { $0.started(pid: heir.pid) }) { return answer }
            return follow(heir)
        } catch {
            return carryOut(handover.withLock { $0.failed("\(error)") }) ?? ControlAnswer(.failed, "\(error)")
        }
    }

    /// Follows the new process until it serves or does not.
    private func follow(_ heir: Heir) -> ControlAnswer {
        var deadline = ContinuousClock.now + patience
        while true {
            let action =
                switch heir.progress(within: ContinuousClock.now.duration(to: deadline)) {
                case .ready: handover.withLock { $0.isReady() }
                case .taken: handover.withLock { $0.hasTaken() }
                case .failed(let reason): handover.withLock { $0.failed(reason) }
                }
            if let answer = carryOut(action) { return answer }
            switch handover.withLock({ $0.state }) {
            case .handing: deadline = ContinuousClock.now + .seconds(30)
            case .preparing: continue
            case .alone, .starting, .over, .leaving: return ControlAnswer(.conflict, "no upgrade: the server drains")
            }
        }
    }

    /// Does the one thing to do, and returns the answer for whoever asked once there is one.
    @discardableResult
    private func carryOut(_ action: Handover.Action) -> ControlAnswer? {
        switch action {
        case .nothing, .start: return nil
        case .refuse(let reason): return ControlAnswer(.conflict, "no upgrade: \(reason)")
        case .handOver(let pid):
            manager.handOver(to: pid)
            heir.withLock { $0 }?.go()
            return nil
        case .goOn(let reason, let ending, let reclaims):
            if reclaims { manager.takeBack() }
            if ending != nil { heir.withLock { $0.take() }?.end() }
            logger.error("upgrade failed, this process goes on serving", metadata: ["reason": "\(reason)"])
            return ControlAnswer(.failed, "the upgrade failed; process \(getpid()) goes on serving\n\(reason)")
        case .drain(let pid):
            logger.info("upgrade: the new process serves", metadata: ["pid": "\(pid)"])
            endings.end(.replaced(by: pid))
            return ControlAnswer(
                .done,
                "process \(pid) serves; process \(getpid()) answers what it has and leaves",
                numbers: ["pid": Int(pid), "old_pid": Int(getpid())]
            )
        }
    }
}
