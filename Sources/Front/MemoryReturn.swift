internal import CRoostSystem
internal import RequestQueue

/// When memory that was freed is given back to the system.
///
/// The C library keeps what is freed between blocks that are still in use, so that a peak stays resident for good: of 5 000
/// heads that had not ended 468 MiB. Giving it back costs some milliseconds, and as many page faults when it is needed
/// again: so it is done when much was freed since the last time, and the front idles.
struct MemoryReturn {
    /// How much must have been freed for it to be worthwhile.
    static let worthwhile: UInt64 = 24 << 20
    /// Between two looks.
    static let pause = Nanoseconds.seconds(5)
    /// A front that is never found idle does it all the same, after so long.
    static let patience = Nanoseconds.seconds(60)

    private var nextLook: Instant
    /// The least that lay free since memory was given back last; nothing before the first time, when a peak may have come
    /// and gone before the first look.
    ///
    /// What lies free beyond that was in use meanwhile, so its pages are resident.
    private var base: UInt64 = 0
    /// Since when there has been something to give back.
    private var freedSince: Instant?

    /// Creates the rule at the front's start.
    init(at now: Instant) {
        nextLook = now + Self.pause
    }

    /// Whether it is time for a look.
    func isDue(at now: Instant) -> Bool { now >= nextLook }

    /// Looks at what lies free in the C library, given back or not.
    ///
    /// - Returns: Whether memory is to be given back now; then ``gaveBack(_:)`` has to follow.
    mutating func look(freed: UInt64, isIdle: Bool, at now: Instant) -> Bool {
        let least = min(base, freed)
        base = least
        guard freed >= least + Self.worthwhile else {
            freedSince = nil
            nextLook = now + Self.pause
            return false
        }
        let since = freedSince ?? now
        freedSince = since
        // Looked for again at the next turn: an idle moment is short.
        guard isIdle || now.since(since) >= Self.patience else { return false }
        freedSince = nil
        nextLook = now + Self.pause
        return true
    }

    /// Notes what lies free now, and is the system's.
    mutating func gaveBack(_ freed: UInt64) {
        base = freed
    }
}

extension FrontServer {
    /// Gives memory back to the system where that is worthwhile.
    func returnMemory(at now: Instant) {
        guard memory.isDue(at: now) else { return }
        let isIdle = dispatcher.queue.busyThreads == 0 && dispatcher.queue.depth == 0
        guard memory.look(freed: UInt64(roost_freed_memory()), isIdle: isIdle, at: now) else { return }
        roost_return_freed_memory()
        memory.gaveBack(UInt64(roost_freed_memory()))
    }
}
