internal import Synchronization
internal import WorkerLink

/// The writing end of a lane, with a lock of its own: long bodies are written without the GIL, while other threads of
/// Python may write to `wsgi.errors`.
// @unchecked: `lane` is touched under `lock` only.
final class LaneWriter: @unchecked Sendable {
    private var lane: WorkerLane
    private let lock = Mutex(())

    /// Creates the writer.
    ///
    /// It never reads requests.
    init(_ lane: WorkerLane) {
        self.lane = lane
    }

    /// Writes a frame if the ring has room.
    ///
    /// A forked child writes none: the lock may be held for ever by a thread that it does not have.
    @inline(__always)
    func send(
        _ kind: FrameKind,
        flags: UInt8 = 0,
        stream: UInt64,
        count: Int,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Bool {
        if WorkerProcess.isInert { return true }
        return lock.withLock { _ in lane.send(kind, flags: flags, stream: stream, count: count, fill: fill) }
    }

    /// Writes a frame if the ring has room and nobody holds the lock.
    ///
    /// Never waits.
    func sendIfIdle(
        _ kind: FrameKind,
        stream: UInt64,
        count: Int,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Bool {
        if WorkerProcess.isInert { return true }
        return lock.withLockIfAvailable { _ in lane.send(kind, stream: stream, count: count, fill: fill) } ?? false
    }

    /// Waits until a payload of `count` bytes has room.
    ///
    /// Call without the GIL.
    func waitForRoom(for count: Int) {
        lock.withLock { _ in lane.waitForRoom(for: count) }
    }
}
