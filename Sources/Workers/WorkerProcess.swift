internal import CRoostSystem
internal import Glibc
internal import WorkerLink

/// What the front holds of one worker: the near ends of everything that connects the two, and the process, once there
/// is one.
struct WorkerProcess: ~Copyable {
    /// The process; 0 before there is one.
    var pid: Int32
    /// Readable when the process has ended; nil before there is one.
    var processDescriptor: OwnedDescriptor?
    /// The shared memory.
    let region: LinkRegion
    /// The control socket.
    let control: OwnedDescriptor
    /// The reading end of the doorbell.
    let doorbell: OwnedDescriptor?
    /// The reading ends of stdout and stderr; nil when these are not ours.
    let output: OwnedDescriptor?
    let error: OwnedDescriptor?
    /// What the process is to get; nil once it has it.
    var far: WorkerEnds?
}

/// A process that has just been started.
struct StartedProcess: ~Copyable {
    let pid: Int32
    /// Readable when the process has ended.
    let descriptor: OwnedDescriptor
}

/// Both ends of the control socket and of the doorbell.
struct LinkEnds: ~Copyable {
    let control: OwnedDescriptor
    let doorbell: OwnedDescriptor
    /// The other process's; closed here once it has them.
    let farControl: OwnedDescriptor
    let farDoorbell: OwnedDescriptor

    init() throws(StartupFailure) {
        let sockets = try OwnedDescriptor.makeSocketPair()
        let near = OwnedDescriptor(sockets.0)
        let far = OwnedDescriptor(sockets.1)
        let pipe = try OwnedDescriptor.makePipe()
        control = near
        farControl = far
        doorbell = OwnedDescriptor(pipe.reading)
        farDoorbell = OwnedDescriptor(pipe.writing)
        // A worker that rings without end fills its own pipe: it must not come to a stop there while it holds the GIL.
        _ = fcntl(pipe.writing, F_SETFL, O_NONBLOCK)
    }
}

extension WorkerPoolConfiguration {
    /// Starts the process of the worker at position `index`.
    ///
    /// Call on the event loop's thread and on no other: the kernel kills a worker when the *thread* that started it
    /// ends (PR_SET_PDEATHSIG, prctl(2)). The loop's thread lives as long as the front; a thread of a pool might not.
    ///
    /// - Throws: ``StartupFailure`` when there is no such interpreter, or no descriptors, processes or memory left.
    func spawn(at index: Int) throws(StartupFailure) -> WorkerProcess {
        var worker = try connect(at: index)
        if let far = worker.far {
            let process = try launch(far)
            worker.pid = process.pid
            worker.processDescriptor = .some(process.descriptor)
            worker.far = nil
        }
        return worker
    }

    /// Makes everything that connects the worker at position `index` with the front, but not its process.
    ///
    /// - Throws: ``StartupFailure`` when there are no descriptors or memory left.
    func connect(at index: Int) throws(StartupFailure) -> WorkerProcess {
        let region = try makeRegion()
        let ends = try LinkEnds()
        let (outputEnd, outputFar) = try OwnedDescriptor.makePipe()
        let output = OwnedDescriptor(outputEnd)
        let farOutput = OwnedDescriptor(outputFar)
        let (errorEnd, errorFar) = try OwnedDescriptor.makePipe()
        let error = OwnedDescriptor(errorEnd)
        let farError = OwnedDescriptor(errorFar)
        return WorkerProcess(
            pid: 0,
            processDescriptor: nil,
            region: region,
            control: ends.control,
            doorbell: ends.doorbell,
            output: output,
            error: error,
            far: WorkerEnds(
                settings: settings(forWorkerAt: index),
                region: region,
                control: ends.farControl,
                doorbell: ends.farDoorbell,
                output: farOutput,
                error: farError
            )
        )
    }

    /// Starts the process of a worker whose ends are there.
    ///
    /// Where to call it, and what it throws: ``spawn(at:)``.
    func launch(_ ends: WorkerEnds) throws(StartupFailure) -> StartedProcess {
        try start(
            settings: ends.settings,
            output: ends.standard.output,
            error: ends.standard.error,
            descriptors: ends.link
        )
    }

    /// Starts the interpreter with the bootstrap.
    ///
    /// Where to call it: ``spawn(at:)``.
    ///
    /// - Parameters:
    ///   - settings: The JSON of `ROOST_WORKER`.
    ///   - output: What becomes stdout.
    ///   - error: What becomes stderr.
    ///   - descriptors: What becomes 3 and on.
    /// - Returns: The process.
    /// - Throws: What ``spawn(at:)`` throws.
    func start(
        settings: String,
        output: Int32,
        error: Int32,
        descriptors: [Int32]
    ) throws(StartupFailure) -> StartedProcess {
        var variables = environment
        variables["ROOST_WORKER"] = settings
        var failure: Int32 = 0
        // -u: a line that the app prints is seen when it is printed, not when a block of them is full.
        let pid = ProcessEnvironment.withPointers([python, "-u", bootstrap]) { arguments in
            ProcessEnvironment.withPointers(adding: variables) { environment in
                roost_spawn(
                    python,
                    arguments,
                    environment,
                    workingDirectory,
                    output,
                    error,
                    descriptors,
                    Int32(descriptors.count),
                    &failure
                )
            }
        }
        guard pid > 0 else { throw notSpawned(failure) }
        // It has just begun, and the app has opened nothing yet.
        if let descriptorLimit { roost_lower_descriptor_limit(pid, descriptorLimit) }
        do {
            return StartedProcess(pid: pid, descriptor: OwnedDescriptor(try OwnedDescriptor.makeProcessDescriptor(pid)))
        } catch {
            // Without a pidfd its death would go unseen.
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw error
        }
    }

    /// Makes a link with the process at the other end of `socket`, which waits for it.
    ///
    /// It gets three messages, each with a descriptor (1: the memory, 2: the control socket, 3: the doorbell), and then
    /// the settings as JSON.
    ///
    /// - Throws: ``StartupFailure`` when that process has gone, or there are no descriptors or memory left.
    func attach(over socket: Int32) throws(StartupFailure) -> WorkerProcess {
        // struct ucred: pid, uid, gid. unix(7)
        var credentials: [Int32] = [0, 0, 0]
        var size = socklen_t(12)
        guard getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
            throw StartupFailure(call: "getsockopt(SO_PEERCRED)", code: errno)
        }
        let process = OwnedDescriptor(try OwnedDescriptor.makeProcessDescriptor(credentials[0]))
        let region = try makeRegion()
        let ends = try LinkEnds()
        for (number, descriptor) in [region.descriptor, ends.farControl.raw, ends.farDoorbell.raw].enumerated() {
            var message = ControlFile(stream: UInt64(number + 1))
            let size = MemoryLayout<ControlFile>.size
            guard roost_send_with_descriptor(socket, &message, size, descriptor) == size else {
                throw StartupFailure(call: "sendmsg", code: errno)
            }
        }
        var text = settings(forWorkerAt: 0)
        let isSent = text.withUTF8 { roost_send_with_descriptor(socket, $0.baseAddress, $0.count, -1) == $0.count }
        guard isSent else { throw StartupFailure(call: "sendmsg", code: errno) }
        return WorkerProcess(
            pid: credentials[0],
            processDescriptor: process,
            region: region,
            control: ends.control,
            doorbell: ends.doorbell,
            output: nil,
            error: nil,
            far: nil
        )
    }

    private func makeRegion() throws(StartupFailure) -> LinkRegion {
        do {
            return try LinkRegion(creating: geometry)
        } catch {
            throw StartupFailure(
                .notSpawned,
                title: "a worker could not be started",
                reason:
                    "no shared memory of \(geometry.lanes) x \(requestRingBytes + responseRingBytes) bytes: \(error)"
            )
        }
    }

    private func notSpawned(_ code: Int32) -> StartupFailure {
        let reason = String(cString: strerror(code))
        if let workingDirectory, access(workingDirectory, X_OK) != 0 {
            return StartupFailure(
                .notSpawned,
                title: "the working directory cannot be entered",
                reason: "\(workingDirectory): \(reason)"
            )
        }
        guard access(python, X_OK) == 0 else {
            return StartupFailure(
                .notSpawned,
                title: "python not found",
                reason: "\(python): \(reason)",
                hint: "--python PATH, or a virtual environment that is active"
            )
        }
        return StartupFailure(
            .notSpawned,
            title: "a worker could not be started",
            reason: "\(python): \(reason)"
        )
    }
}
