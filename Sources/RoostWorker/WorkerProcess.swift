internal import CPython
internal import CRoostSystem
internal import Glibc
internal import WorkerLink

/// What the threads of this worker share: the link to the front, and whether it is still ours to use.
///
/// Made once, under the GIL, before the first lane runs. It lives as long as the process.
final class WorkerProcess: Sendable {
    /// The shared memory.
    let region: LinkRegion
    /// The eventfd on which the front sleeps.
    let doorbell: Int32
    /// Messages and descriptors that came over the control socket.
    let mailbox: Mailbox

    /// The lanes that have a thread, by index.
    ///
    /// Guarded by the GIL.
    nonisolated(unsafe) private(set) var lanes: [Lane?]

    // Written once under the GIL, before any thread that reads it exists.
    nonisolated(unsafe) static var current: WorkerProcess?

    /// Whether this process is a forked child of a worker: it holds copies of everything and may use nothing.
    // Written only in a child that has just been forked, which has one thread.
    nonisolated(unsafe) private(set) static var isInert = false

    /// Adopts the three inherited descriptors.
    ///
    /// - Throws: ``LinkError`` when the shared memory is not what the front said.
    init(link: Int32, control: Int32, doorbell: Int32, geometry: LinkGeometry) throws(LinkError) {
        region = try LinkRegion(adopting: link, geometry: geometry)
        self.doorbell = doorbell
        mailbox = Mailbox(socket: control)
        lanes = Array(repeating: nil, count: region.geometry.lanes)
    }

    /// Notes the lane of a thread that begins to serve.
    ///
    /// Needs the GIL.
    func register(_ lane: Lane, at index: Int) {
        lanes[index] = lane
    }

    /// The lane whose request runs on the calling thread; nil on a thread of the application's own, or in a forked child.
    ///
    /// Needs the GIL.
    ///
    /// - Complexity: O(lanes).
    static var laneOfThisThread: Lane? {
        guard let current, !isInert else { return nil }
        let thread = PyThread_get_thread_ident()
        return current.lanes.first { $0?.thread == thread && $0?.phase != .idle } ?? nil
    }

    /// Lets go of the front in a forked child: its copies of the descriptors would keep the link looking alive, a frame
    /// written there would be taken for the parent's, and the memory would be held for as long as the child lives.
    ///
    /// Called with the GIL held, by `os.register_at_fork`.
    static func becomeInert() {
        // An interrupt is the parent's request's; what runs here may be meant to outlive it.
        laneOfThisThread?.leaveApplication()
        isInert = true
        guard let current else { return }
        current.region.replaceWithEmptyMemory()
        close(current.region.descriptor)
        close(current.mailbox.socket)
        close(current.doorbell)
        LoopLane.current?.dropBell()
    }
}
