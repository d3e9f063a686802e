import Synchronization
import Telemetry

/// Asks the front for a snapshot, one question at a time, and never waits for the answer longer than it was told to.
///
/// The front answers from its event loop. Should that loop be stuck, the admin still answers, and however often it is
/// asked there is only ever one question outstanding.
final class SnapshotSource: Sendable {
    private struct State {
        var waiting: [UInt64: CheckedContinuation<MetricsSnapshot?, Never>] = [:]
        var timers: [UInt64: Task<Void, Never>] = [:]
        var nextID: UInt64 = 0
        var isAsking = false
    }

    private let provider: AdminServer.SnapshotProvider
    private let state = Mutex(State())

    init(provider: @escaping AdminServer.SnapshotProvider) {
        self.provider = provider
    }

    /// A snapshot made after this call or while an earlier question was outstanding; nil when none came in time.
    func snapshot(within timeout: Duration) async -> MetricsSnapshot? {
        await withCheckedContinuation { continuation in
            let asks = state.withLock { state in
                let id = state.nextID
                state.nextID &+= 1
                state.waiting[id] = continuation
                state.timers[id] = Task {
                    try? await Task.sleep(for: timeout)
                    self.giveUp(id)
                }
                defer { state.isAsking = true }
                return !state.isAsking
            }
            if asks {
                Task { self.answer(await provider()) }
            }
        }
    }

    private func giveUp(_ id: UInt64) {
        let continuation = state.withLock { state in
            state.timers[id] = nil
            return state.waiting.removeValue(forKey: id)
        }
        continuation?.resume(returning: nil)
    }

    private func answer(_ snapshot: MetricsSnapshot) {
        let (waiting, timers) = state.withLock { state in
            defer { (state.waiting, state.timers, state.isAsking) = ([:], [:], false) }
            return (state.waiting, state.timers)
        }
        for timer in timers.values { timer.cancel() }
        for continuation in waiting.values { continuation.resume(returning: snapshot) }
    }
}
