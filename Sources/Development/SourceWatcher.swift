internal import Glibc

/// Watches the app's files from a thread of its own, and tells of changes once whoever makes them has finished.
///
/// The kernel's events (``ChangeEvents``) only say when to look; where they are not to be had, it is looked twice a
/// second. What has changed is always the difference between two looks.
public final class SourceWatcher: Sendable {
    /// What the watcher says of itself.
    public enum Notice: Sendable, Equatable {
        /// It watches so many files.
        case watches(files: Int, directories: Int)
        /// It has to look again and again, because of this.
        case polls(because: String)
        /// There are more directories than it looks into.
        case isCut(directories: Int)
    }

    /// The watched directories, absolute, none below another.
    public let directories: [String]
    private let tree: SourceTree

    /// Creates a watcher, which does nothing before ``start(onNotice:onChange:)``.
    ///
    /// - Parameters:
    ///   - directories: Where to look, absolute.
    ///   - rules: What counts.
    public init(directories: [String], rules: WatchRules) {
        tree = SourceTree(roots: directories, rules: rules)
        self.directories = tree.roots
    }

    /// Looks once and starts the thread, which lives as long as the process.
    ///
    /// What changes after this has returned will be told.
    ///
    /// - Parameters:
    ///   - onNotice: Called in here and on the thread.
    ///   - onChange: Called on the thread, with at least one change.
    /// - Returns: Whether there is a thread; if not, nothing will be told.
    public func start(
        onNotice: @escaping @Sendable (Notice) -> Void,
        onChange: @escaping @Sendable (ChangeSet) -> Void
    ) -> Bool {
        let round = WatchRound(tree: tree, onNotice: onNotice)
        let work = Unmanaged.passRetained(Work(round, onChange))
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { work in
                if let work { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().run() }
                return nil
            },
            work.toOpaque()
        )
        guard result == 0 else {
            work.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// What the thread has.
    ///
    /// Confined to it.
    private final class Work {
        private var round: WatchRound
        private let onChange: @Sendable (ChangeSet) -> Void

        init(_ round: WatchRound, _ onChange: @escaping @Sendable (ChangeSet) -> Void) {
            self.round = round
            self.onChange = onChange
        }

        func run() {
            // Signals are for the threads that expect them.
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            while true {
                let changes = round.next()
                if !changes.isEmpty { onChange(changes) }
            }
        }
    }
}

/// Waiting, looking and comparing, over and over.
///
/// Confined to the watcher's thread.
struct WatchRound {
    /// How often it is looked where the kernel does not tell.
    static let interval = Duration.milliseconds(500)

    private let tree: SourceTree
    private let onNotice: @Sendable (SourceWatcher.Notice) -> Void
    private var events: ChangeEvents?
    /// Looking again and again is needed, beside events or without.
    private var polls: Bool
    private var look: SourceTree.Look
    private var debounce = Debounce()
    private var found = ChangeSet()
    private var nextLook: ContinuousClock.Instant

    /// Takes the first look.
    init(tree: SourceTree, onNotice: @escaping @Sendable (SourceWatcher.Notice) -> Void) {
        self.tree = tree
        self.onNotice = onNotice
        polls = !tree.reportsChanges
        look = SourceTree.Look()
        nextLook = .now
        do throws(ChangeEvents.Refusal) {
            events = try ChangeEvents()
        } catch {
            events = nil
            giveUpEvents(error)
        }
        if events != nil, polls {
            onNotice(.polls(because: "the file system does not tell of changes made elsewhere"))
        }
        look = lookNow()
        onNotice(.watches(files: look.snapshot.files.count, directories: look.directories))
        if look.isCut { onNotice(.isCut(directories: tree.limit)) }
    }

    /// Waits for the next thing to do, and does it.
    ///
    /// - Returns: What has changed, if a change is complete; empty otherwise.
    mutating func next() -> ChangeSet {
        wait(until: wake)
        let now = ContinuousClock.now
        if let isConcerned = events?.take(tree.rules), isConcerned { debounce.noticed(at: now) }
        if isPolling, nextLook <= now, compare() { debounce.noticed(at: now) }
        guard debounce.takeDue(at: now) else { return ChangeSet() }
        _ = compare()
        defer { found = ChangeSet() }
        return found
    }

    private var isPolling: Bool { polls || look.lacksRoot }

    private var wake: ContinuousClock.Instant? {
        [debounce.deadline, isPolling ? nextLook : nil].compactMap { $0 }.min()
    }

    /// Looks, and adds what is different to what was found.
    private mutating func compare() -> Bool {
        let later = lookNow()
        let changes = look.snapshot.changes(until: later.snapshot)
        if later.isCut, !look.isCut { onNotice(.isCut(directories: tree.limit)) }
        look = later
        found.add(changes)
        return !changes.isEmpty
    }

    private mutating func lookNow() -> SourceTree.Look {
        let began = ContinuousClock.now
        var refusal: ChangeEvents.Refusal?
        let found = tree.look { [events] directory in
            guard refusal == nil else { return }
            do throws(ChangeEvents.Refusal) { try events?.watch(directory) } catch { refusal = error }
        }
        if let refusal { giveUpEvents(refusal) }
        // A look at a large tree over a slow network must not become the machine's main work.
        let now = ContinuousClock.now
        nextLook = now + max(Self.interval, (now - began) * 20)
        return found
    }

    private mutating func giveUpEvents(_ refusal: ChangeEvents.Refusal) {
        events = nil
        polls = true
        onNotice(
            .polls(
                because: refusal == .limitReached
                    ? "the limit of inotify is reached (sysctl fs.inotify.max_user_watches, max_user_instances)"
                    : "the kernel has no inotify to give"
            )
        )
    }

    private func wait(until deadline: ContinuousClock.Instant?) {
        var milliseconds: Int32 = -1
        if let deadline {
            let left = (deadline - ContinuousClock.now).components
            // Rounded up: a wait that ends early would be followed by others of no time at all.
            let exact = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1
            milliseconds = Int32(clamping: max(0, exact))
        }
        var polled = pollfd(fd: events?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        if poll(&polled, 1, milliseconds) < 0, errno != EINTR { usleep(10_000) }
    }
}
