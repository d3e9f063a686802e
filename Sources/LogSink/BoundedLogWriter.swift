import Glibc

/// Takes log lines from any thread without ever blocking it, and writes them from one thread of its own.
///
/// Every server that writes its log where it serves stops serving when the reader of its log stalls: a full pipe blocks
/// `write(2)`, and with it the event loop. Here a line is copied into a bounded ring under a lock that is never held
/// across a system call that can block. When the ring is full the line is dropped, whole, and counted; when there is room
/// again one line says how many are missing.
///
///     any thread ──append──▶ [ ring, guarded by `lock` ] ──▶ drain thread ──write(2)──▶ stderr, pipe or file
public final class BoundedLogWriter {
    /// What the writer itself has to say, in the log.
    public enum Notice: Sendable {
        /// So many lines are missing at this place.
        case dropped(UInt64)
        /// The file could not be opened anew, and the old one is kept.
        case keptOldFile(LogSinkError)
    }

    /// Renders a notice as a line, ending in a line feed; called with the writer's lock held or on its thread.
    public typealias NoticeLine = @Sendable (_ notice: Notice) -> String

    private struct State {
        var dropped: UInt64 = 0
        /// Of ``dropped``, those that no line has told of yet.
        var unreported: UInt64 = 0
        var appendedBytes: UInt64 = 0
        var drainedBytes: UInt64 = 0
        /// Whether the last write failed: no notice then, or the loss of one notice would be the cause of the next.
        var isBroken = false
        var isDraining = false
        var wantsReopen = false
        var isStopping = false
        var hasStopped = false
    }

    private let destination: LogDestination
    private let noticeLine: NoticeLine
    private let lock = ConditionLock()
    private var ring: ByteRing
    private var state = State()
    private var descriptor: Int32
    /// Whether the last write broke off in a line, as on a full disk: the next line must not begin there.
    private var endsTorn = false

    /// Creates the writer and starts its thread, which lives until ``stop(within:)``.
    ///
    /// - Parameters:
    ///   - destination: where the lines go.
    ///   - capacity: how many bytes may wait to be written. The default is 1 MiB.
    ///   - noticeLine: the lines of the writer's own, such as the one that stands in for dropped ones.
    /// - Throws: `LogSinkError` when a file cannot be opened.
    public init(
        to destination: LogDestination,
        capacity: Int = 1 << 20,
        noticeLine: @escaping NoticeLine = BoundedLogWriter.textNoticeLine
    ) throws(LogSinkError) {
        self.destination = destination
        self.noticeLine = noticeLine
        descriptor = try destination.open()
        ring = ByteRing(capacity: capacity)
        startDetachedThread { self.drain() }
    }

    /// `roost: 3 log lines dropped (the log's reader stalled, or writing failed)`.
    public static let textNoticeLine: NoticeLine = { notice in
        switch notice {
        case .dropped(let count):
            "roost: \(count) log \(count == 1 ? "line" : "lines") dropped (the log's reader stalled, or writing failed)\n"
        case .keptOldFile(let error):
            "roost: the log keeps its old file (\(error.reason))\n"
        }
    }

    /// Appends one line with its line feed, or several that belong together, from any thread.
    ///
    /// - Returns: whether the line was taken; false means that it was dropped and counted.
    @discardableResult
    public func write(_ line: UnsafeRawBufferPointer) -> Bool {
        lock.withLock { append(line) }
    }

    /// Appends one line with its line feed, from any thread; see ``write(_:)-(UnsafeRawBufferPointer)``.
    @discardableResult
    public func write(_ line: String) -> Bool {
        var line = line
        return line.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    /// How many lines were dropped so far, those that could not be written because of an error included.
    public var droppedLines: UInt64 {
        lock.withLock { state.dropped }
    }

    /// Asks for the file to be opened anew, as after a rotation; done before the next line is written.
    ///
    /// Nothing happens to a descriptor. When the file cannot be opened, the old one is kept.
    public func reopen() {
        lock.withLock {
            state.wantsReopen = true
            lock.wakeAll()
        }
    }

    /// Waits until everything appended so far is written, at most for `timeout`.
    ///
    /// - Returns: whether it is written.
    @discardableResult
    public func flush(within timeout: Duration) -> Bool {
        let deadline = MonotonicDeadline(after: timeout)
        return lock.withLock {
            let goal = state.appendedBytes
            while state.drainedBytes < goal {
                guard lock.wait(until: deadline) else { return state.drainedBytes >= goal }
            }
            return true
        }
    }

    /// Writes what is left, at most for `timeout`, and ends the thread; lines appended later are dropped.
    ///
    /// A thread that is stuck in `write(2)` is left behind and ends with the process.
    ///
    /// - Returns: whether everything was written.
    @discardableResult
    public func stop(within timeout: Duration) -> Bool {
        let deadline = MonotonicDeadline(after: timeout)
        return lock.withLock {
            state.isStopping = true
            lock.wakeAll()
            while !state.hasStopped {
                guard lock.wait(until: deadline) else { return state.hasStopped }
            }
            return true
        }
    }

    // MARK: Under the lock

    private func append(_ line: UnsafeRawBufferPointer) -> Bool {
        guard !state.isStopping, reportDropped(leaving: line.count), ring.append(line) else {
            state.dropped &+= 1
            state.unreported &+= 1
            return false
        }
        state.appendedBytes &+= UInt64(line.count)
        if !state.isDraining { lock.wakeAll() }
        return true
    }

    /// Puts the notice in its place, after the lines before the gap.
    ///
    /// A line that would follow has to fit as well, or the notice would be followed by another gap.
    private func reportDropped(leaving room: Int) -> Bool {
        guard state.unreported > 0, !state.isBroken else { return true }
        var line = noticeLine(.dropped(state.unreported))
        guard line.utf8.count + room <= ring.free, line.withUTF8({ ring.append(UnsafeRawBufferPointer($0)) }) else {
            return false
        }
        state.appendedBytes &+= UInt64(line.utf8.count)
        state.unreported = 0
        return true
    }

    // MARK: The drain thread

    private enum Step {
        case write(UnsafeRawBufferPointer)
        case reopen
        case stop
    }

    private func drain() {
        while true {
            switch nextStep() {
            case .write(let bytes):
                if endsTorn { endsTorn = writeLineFeed() == 0 }
                let written = endsTorn ? 0 : DescriptorOutput.write(bytes, to: descriptor)
                // A piece that was written whole may end in a line: the next one goes on there.
                if written < bytes.count, written > 0 { endsTorn = bytes[written - 1] != 0x0A }
                finish(bytes, written: written)
            case .reopen:
                reopenFile()
            case .stop:
                destination.close(descriptor)
                return
            }
        }
    }

    private func writeLineFeed() -> Int {
        withUnsafeBytes(of: UInt8(0x0A)) { DescriptorOutput.write($0, to: descriptor) }
    }

    private func reopenFile() {
        do {
            let opened = try destination.open()
            destination.close(descriptor)
            descriptor = opened
            endsTorn = false
        } catch {
            var line = noticeLine(.keptOldFile(error))
            _ = line.withUTF8 { DescriptorOutput.write(UnsafeRawBufferPointer($0), to: descriptor) }
        }
    }

    private func nextStep() -> Step {
        lock.withLock {
            while true {
                if state.wantsReopen {
                    state.wantsReopen = false
                    if case .file = destination { return .reopen }
                }
                if ring.count == 0 { _ = reportDropped(leaving: 0) }
                if ring.count > 0 {
                    state.isDraining = true
                    // In pieces, so that room comes back while a slow reader takes the rest.
                    return .write(UnsafeRawBufferPointer(rebasing: ring.readable.prefix(64 * 1024)))
                }
                state.isDraining = false
                if state.isStopping {
                    state.hasStopped = true
                    lock.wakeAll()
                    return .stop
                }
                lock.wait()
            }
        }
    }

    /// Gives up the bytes that were handed out, whether they were written or could not be.
    private func finish(_ bytes: UnsafeRawBufferPointer, written: Int) {
        let lost = bytes[written...].count { $0 == 0x0A }
        lock.withLock {
            state.isBroken = written < bytes.count
            state.dropped &+= UInt64(lost)
            state.unreported &+= UInt64(lost)
            state.drainedBytes &+= UInt64(bytes.count)
            ring.discard(bytes.count)
            lock.wakeAll()
        }
    }
}

// @unchecked: `ring` and `state` are guarded by `lock`; `descriptor` and `endsTorn` are confined to the drain thread.
extension BoundedLogWriter: @unchecked Sendable {}
