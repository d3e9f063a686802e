internal import CRoostSystem
internal import Glibc
internal import RequestQueue
internal import Workers

/// When memory that was freed is given back to the system.
///
/// The C library keeps what is freed between blocks that are still in use, so that a peak stays resident for good: of 5 000
/// heads that had not ended 468 MiB. Giving it back costs some milliseconds, and as many page faults when it is needed
/// again: so it is done when the front has grown, and idles.
struct MemoryReturn {
    /// How much the front must have grown for it to be worthwhile.
    static let worthwhile: UInt64 = 24 << 20
    /// Between two looks.
    static let pause = Nanoseconds.seconds(5)
    /// A front that is never found idle does it all the same, after so long.
    static let patience = Nanoseconds.seconds(60)

    private var nextLook: Instant
    /// The least that was resident since memory was given back last; nil before the first look.
    private var base: UInt64?
    /// Since when there has been something to give back.
    private var grownSince: Instant?

    /// Creates the rule at the front's start.
    init(at now: Instant) {
        nextLook = now + Self.pause
    }

    /// Whether it is time for a look.
    func isDue(at now: Instant) -> Bool { now >= nextLook }

    /// Looks at what is resident.
    ///
    /// - Returns: Whether memory is to be given back now; then ``gaveBack(_:)`` has to follow.
    mutating func look(resident: UInt64, isIdle: Bool, at now: Instant) -> Bool {
        let least = min(base ?? resident, resident)
        base = least
        guard resident >= least + Self.worthwhile else {
            grownSince = nil
            nextLook = now + Self.pause
            return false
        }
        let since = grownSince ?? now
        grownSince = since
        // Looked for again at the next turn: an idle moment is short.
        guard isIdle || now.since(since) >= Self.patience else { return false }
        grownSince = nil
        nextLook = now + Self.pause
        return true
    }

    /// Notes what is left: it is in use.
    mutating func gaveBack(_ resident: UInt64) {
        base = resident
    }
}

extension FrontServer {
    /// Gives memory back to the system where that is worthwhile.
    func returnMemory(at now: Instant) {
        guard memory.isDue(at: now), let resident = ProcessMemory.residentBytes(of: getpid()) else { return }
        let isIdle = dispatcher.queue.busyThreads == 0 && dispatcher.queue.depth == 0
        guard memory.look(resident: resident, isIdle: isIdle, at: now) else { return }
        roost_return_freed_memory()
        memory.gaveBack(ProcessMemory.residentBytes(of: getpid()) ?? resident)
    }
}
