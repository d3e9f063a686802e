import RequestQueue
import Sessions

/// Returns the instant `seconds` after the tests' clock began, which is not at zero, as no real one is.
func at(_ seconds: UInt64) -> Instant {
    Instant(nanoseconds: 5_000_000_000) + .seconds(seconds)
}

/// Returns the session with this number.
func session(_ number: UInt64) -> SessionID {
    SessionID(high: 7, low: number)
}

let one = WorkerID(raw: 1)
let two = WorkerID(raw: 2)
let three = WorkerID(raw: 3)

extension SessionTable {
    /// Creates a table with these workers.
    init(_ workers: WorkerID..., change: (inout SessionPolicy) -> Void = { _ in }) {
        var policy = SessionPolicy()
        change(&policy)
        self.init(policy: policy)
        for worker in workers { add(worker) }
    }
}

/// Calls `body` with the bytes of a text.
func withBytes<Result>(of text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes(body)
}
