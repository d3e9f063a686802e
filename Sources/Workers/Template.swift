internal import CRoostSystem
internal import Glibc
internal import Logging
internal import NIOCore
internal import RequestQueue
internal import WorkerLink

/// The process that workers are forked from, as the pool sees it.
///
/// Confined to the pool's event loop. ``TemplateLife`` decides; here it is carried out.
///
/// ```
/// roost ─┬─ template            python, which has imported the app
///        ├─ worker 1            forked from it; its parent, a process in between, has ended,
///        └─ worker 2            and so it is the front's child (PR_SET_CHILD_SUBREAPER)
/// ```
///
/// Being the front's children, workers outlive the template, end with the front, and have an exit status.
final class Template {
    /// The most messages read at one go, so that a process that never stops sending does not keep the loop.
    static let messagesAtOnce = 64

    private let configuration: WorkerPoolConfiguration
    private weak var pool: WorkerPool?
    /// What the end of the process is reported as.
    let token: UInt64
    private var life: TemplateLife
    private var process: Running?
    /// The ends of the workers that have not been asked for.
    private var ends: [WorkerID: WorkerEnds] = [:]
    private var timer: (scheduled: Scheduled<Void>, deadline: Instant)?

    /// Creates the template of the workers that `configuration` describes.
    ///
    /// Its process is started when the first worker is wanted.
    init(configuration: WorkerPoolConfiguration, pool: WorkerPool, token: UInt64) {
        self.configuration = configuration
        self.pool = pool
        self.token = token
        life = TemplateLife(startupTimeout: Nanoseconds(configuration.startupTimeout))
    }

    /// The process; nil when there is none.
    var pid: Int32? { process?.pid }
    /// Whether a process that the pool does not know yet may be about to become its child.
    var isForking: Bool { life.asked != nil }
    /// Whether it was retired and has ended.
    var isGone: Bool { life.state == .gone }

    /// Makes the process of `worker`, which gets `ends`.
    ///
    /// The pool is told when there is one, or that there will be none; that may be before this returns.
    func want(_ worker: WorkerID, _ ends: WorkerEnds) {
        self.ends[worker] = ends
        perform(life.want(worker))
    }

    /// The worker is not wanted any more.
    ///
    /// Its process may come all the same.
    func forget(_ worker: WorkerID) {
        ends[worker] = nil
        life.forget(worker)
    }

    /// Ends the process, which runs the app's exit handlers.
    func retire() {
        guard let now = pool?.now else { return }
        perform(life.retire(at: now))
    }

    /// The watcher says that the process has ended.
    func processEnded() {
        // Its last words.
        readMessages()
        guard let ended = process, let pool else { return }
        process = nil
        ended.doorbell?.close()
        var status: Int32 = 0
        let exit: ProcessExit = roost_reap(ended.descriptor.raw, &status) == 0 ? .init(reaped: status) : .unknown
        switch life.state {
        case .ready, .importing:
            pool.logger.error("template ended", metadata: ["pid": "\(ended.pid)", "exit": "\(exit)"])
        case .absent, .unfit, .killed, .leaving, .gone:
            pool.logger.debug("template ended", metadata: ["pid": "\(ended.pid)", "exit": "\(exit)"])
        }
        perform(life.ended(exit, jitter: .random(in: 0...1), at: pool.now))
        pool.settle()
    }

    private func perform(_ actions: [TemplateLife.Action]) {
        for action in actions {
            switch action {
            case .start: startProcess()
            case .ask(let worker): ask(for: worker)
            case .startApart(let worker):
                if let ends = ends.removeValue(forKey: worker) { pool?.startApart(worker, ends) }
            case .fail(let worker, let failure):
                ends[worker] = nil
                pool?.workerNotForked(worker, failure)
            case .letGo: process?.letGo()
            case .kill: process?.kill()
            }
        }
        settle()
    }

    private func startProcess() {
        guard let pool else { return }
        do {
            process = try makeProcess(for: pool)
            life.started(at: pool.now)
        } catch {
            perform(life.notStarted(error))
        }
    }

    private func makeProcess(for pool: WorkerPool) throws(StartupFailure) -> Running {
        guard roost_adopt_orphans() == 0 else {
            throw StartupFailure(call: "prctl(PR_SET_CHILD_SUBREAPER)", code: errno)
        }
        let link = try LinkEnds()
        let (outputEnd, outputFar) = try OwnedDescriptor.makePipe()
        let output = OwnedDescriptor(outputEnd)
        let farOutput = OwnedDescriptor(outputFar)
        let (errorEnd, errorFar) = try OwnedDescriptor.makePipe()
        let error = OwnedDescriptor(errorEnd)
        let farError = OwnedDescriptor(errorFar)
        let started = try configuration.start(
            settings: configuration.settings(forTemplateOf: getpid()),
            output: farOutput.raw,
            error: farError.raw,
            // The first keeps 3 free for what a worker has there; the app may open what it likes.
            descriptors: [link.farControl.raw, link.farControl.raw, link.farDoorbell.raw]
        )
        let running = Running(started, control: link.control)
        guard let watcher = pool.watcher, watcher.watch(running.descriptor.raw, token: token) else {
            running.kill()
            waitpid(running.pid, nil, 0)
            throw .unwatched
        }
        running.doorbell = PipeReader.open(
            link.doorbell,
            on: pool.eventLoop,
            capacity: 64,
            onRead: { [weak self] _ in self?.readMessages() },
            onClose: {}
        )
        pool.forward(output, from: WorkerOutput(index: nil, pid: running.pid, isError: false))
        pool.forward(error, from: WorkerOutput(index: nil, pid: running.pid, isError: true))
        pool.logger.debug("template started", metadata: ["pid": "\(running.pid)"])
        return running
    }

    private func ask(for worker: WorkerID) {
        guard let ends = ends.removeValue(forKey: worker), let process else {
            // Forgotten meanwhile.
            return perform(life.notForked(because: "it is not wanted any more"))
        }
        guard process.ask(ends) else {
            return perform(life.notForked(because: "sendmsg failed: \(String(cString: strerror(errno)))"))
        }
    }

    private func readMessages() {
        for _ in 0..<Self.messagesAtOnce {
            guard let message = process?.receive() else { return }
            hear(message)
        }
        // There may be more; the loop's other work first.
        pool?.eventLoop.assumeIsolated().execute { [weak self] in self?.readMessages() }
    }

    private func hear(_ message: Running.Message) {
        guard let pool, let process else { return }
        switch message {
        case .report(.loaded(let introduction, let reason)):
            if let reason {
                pool.logger.warning(
                    "preload is not used: each worker imports the app itself",
                    metadata: ["reason": "\(reason)"]
                )
            } else {
                var metadata: Logger.Metadata = ["template_pid": "\(process.pid)"]
                if let time = introduction.importTime { metadata["import"] = "\(time)" }
                pool.logger.info("app preloaded", metadata: metadata)
            }
            perform(life.loaded(unfitBecause: reason, at: pool.now))
        case .report(.failed(let failure)):
            if pool.state.hasServed { pool.logger.error("template cannot start", metadata: ["failure": "\(failure)"]) }
            perform(life.failed(failure))
        case .report(.notForked(let reason)):
            perform(life.notForked(because: reason))
        case .process(let descriptor):
            forked(OwnedDescriptor(descriptor), pool)
        case .report(.forked), .nonsense:
            perform(life.violated())
        }
    }

    private func forked(_ descriptor: consuming OwnedDescriptor, _ pool: WorkerPool) {
        // The kernel's word, not the template's.
        guard let pid = OwnedDescriptor.processID(of: descriptor.raw), pid > 1, pid != getpid(), !pool.isOurs(pid)
        else {
            return perform(life.violated())
        }
        let (worker, actions) = life.forked()
        if let worker { pool.workerForked(worker, StartedProcess(pid: pid, descriptor: descriptor)) }
        perform(actions)
    }

    private func timePassed() {
        timer = nil
        guard let now = pool?.now else { return }
        perform(life.timePassed(at: now))
    }

    private func settle() {
        guard life.deadline != timer?.deadline else { return }
        timer?.scheduled.cancel()
        timer = nil
        guard let deadline = life.deadline, let pool else { return }
        let scheduled = pool.eventLoop.assumeIsolated().scheduleTask(
            deadline: .uptimeNanoseconds(min(deadline.nanoseconds, UInt64(Int64.max)))
        ) { [weak self] () -> Void in
            self?.timePassed()
        }
        timer = (scheduled, deadline)
    }
}
