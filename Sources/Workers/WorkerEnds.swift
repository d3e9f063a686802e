internal import Glibc
internal import WorkerLink

/// The far ends of everything that connects a worker with the front, until its process has them.
///
/// Confined to the pool's event loop. To be let go of then: an end that the front keeps would hide that the worker has
/// closed its own.
final class WorkerEnds {
    /// What the process is told: the JSON of its settings.
    let settings: String
    private let region: LinkRegion
    private let control: OwnedDescriptor
    private let doorbell: OwnedDescriptor
    private let output: OwnedDescriptor
    private let error: OwnedDescriptor

    init(
        settings: String,
        region: LinkRegion,
        control: consuming OwnedDescriptor,
        doorbell: consuming OwnedDescriptor,
        output: consuming OwnedDescriptor,
        error: consuming OwnedDescriptor
    ) {
        self.settings = settings
        self.region = region
        self.control = control
        self.doorbell = doorbell
        self.output = output
        self.error = error
    }

    /// What becomes 3, 4 and 5 in the worker.
    var link: [Int32] { [region.descriptor, control.raw, doorbell.raw] }
    /// What becomes 1 and 2.
    var standard: (output: Int32, error: Int32) { (output.raw, error.raw) }
}
