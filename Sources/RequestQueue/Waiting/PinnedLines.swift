/// The requests that wait for one certain worker: a line of each class.
///
/// What ties them there is state that the worker keeps: a session, a WebSocket's other half.
struct PinnedLines: Sendable {
    private var lines = PerClass(repeating: WaitingLine())
    /// How many wait, in all classes.
    var count = 0

    subscript(requestClass: RequestClass) -> WaitingLine {
        @inline(__always) _read { yield lines[requestClass] }
        @inline(__always) _modify { yield &lines[requestClass] }
    }
}
