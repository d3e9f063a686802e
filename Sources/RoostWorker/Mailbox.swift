internal import CRoostSystem
internal import Glibc
internal import Synchronization
internal import WorkerLink

/// What came over the control socket and waits to be taken: request bodies that are files, and the front's messages.
///
/// Any thread may find a message that is another's; it is put aside here. Guarded by `waiting`'s lock.
final class Mailbox: Sendable {
    /// The worker's end of the control socket.
    let socket: Int32
    /// Readable when a text waits that another thread than the main one found.
    let notice: Int32
    private let noticeEntry: Int32

    private struct Waiting: ~Copyable {
        var files: [(stream: UInt64, descriptor: Int32)] = []
        var texts: [[UInt8]] = []
        var isClosed = false
    }
    private let waiting = Mutex(Waiting())

    /// The longest text message that is taken whole.
    static let longestText = 4096
    /// How many of them wait at most: the main thread may be kept from the GIL for long while every lane's request is to
    /// be interrupted, and what comes last may be the message to stop.
    static let mostTexts = 1024

    init(socket: Int32) {
        self.socket = socket
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 {
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
            }
        }
        notice = ends[0]
        noticeEntry = ends[1]
    }

    /// The file of `stream`, or nil when the front went away without sending it.
    ///
    /// Call without the GIL.
    ///
    /// The front sends the descriptor before the request's frame, so it is there; the wait is for a front that does
    /// not keep to that, and is bounded.
    func takeFile(of stream: UInt64) -> Int32? {
        for _ in 0..<40 {
            let found: (descriptor: Int32?, isClosed: Bool) = waiting.withLock { waiting in
                collect(into: &waiting)
                guard let index = waiting.files.firstIndex(where: { $0.stream == stream }) else {
                    return (nil, waiting.isClosed)
                }
                return (waiting.files.remove(at: index).descriptor, false)
            }
            if let descriptor = found.descriptor { return descriptor }
            if found.isClosed { return nil }
            var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            poll(&entry, 1, 50)
        }
        return nil
    }

    /// The file of `stream` if it has come.
    ///
    /// Never waits.
    func takeFileIfThere(of stream: UInt64) -> Int32? {
        waiting.withLock { waiting in
            collect(into: &waiting)
            guard let index = waiting.files.firstIndex(where: { $0.stream == stream }) else { return nil }
            return waiting.files.remove(at: index).descriptor
        }
    }

    /// The next text message; nil when none is there.
    ///
    /// Never waits.
    func takeText() -> [UInt8]? {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { _ = read(notice, $0.baseAddress, $0.count) }
        return waiting.withLock { waiting in
            collect(into: &waiting)
            return waiting.texts.isEmpty ? nil : waiting.texts.removeFirst()
        }
    }

    /// Whether the front has closed its end.
    var isClosed: Bool {
        waiting.withLock { $0.isClosed }
    }

    /// Reads what the socket holds.
    private func collect(into waiting: inout Waiting) {
        withUnsafeTemporaryAllocation(byteCount: Self.longestText, alignment: 8) { buffer in
            guard let base = buffer.baseAddress else { return }
            while !waiting.isClosed {
                var descriptor: Int32 = -1
                let count = roost_receive_with_descriptor(socket, base, buffer.count, &descriptor, 0)
                if count < 0 {
                    if errno != EAGAIN { waiting.isClosed = true }
                    return
                }
                if count == 0 {
                    if descriptor >= 0 { close(descriptor) }
                    waiting.isClosed = true
                    return
                }
                if descriptor >= 0 {
                    if count == MemoryLayout<ControlFile>.size,
                        base.load(as: UInt64.self) == ControlFile.magic
                    {
                        // Nobody comes for the file of a request that the front has taken back: the oldest goes.
                        if waiting.files.count >= 4 * LinkGeometry.maximumLanes {
                            close(waiting.files.removeFirst().descriptor)
                        }
                        waiting.files.append((base.load(fromByteOffset: 8, as: UInt64.self), descriptor))
                    } else {
                        close(descriptor)
                    }
                } else if waiting.texts.count < Self.mostTexts {
                    waiting.texts.append([UInt8](buffer[..<count]))
                    var one: UInt8 = 1
                    _ = write(noticeEntry, &one, 1)
                }
            }
        }
    }
}
