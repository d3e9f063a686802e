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
    }

    /// Lets go of the front in a forked child: its copies of the descriptors would keep the link looking alive, a frame
    /// written there would be taken for the parent's, and the memory would be held for as long as the child lives.
    ///
    /// Called with the GIL held, by `os.register_at_fork`.
    static func becomeInert() {
        isInert = true
        guard let current else { return }
        current.region.replaceWithEmptyMemory()
        close(current.region.descriptor)
        close(current.mailbox.socket)
        close(current.doorbell)
    }
}
