internal import Synchronization

/// Notices an admin that neither listens nor fails, as when there is no thread for it.
final class AdminWatch: Sendable {
    private struct State {
        var looks = 0
        var isSettled = false
    }

    private let state = Mutex(State())
    /// How many looks in vain are one too many.
    static let patience = 15

    /// The admin listens, or has said why not.
    func settle() {
        state.withLock { $0.isSettled = true }
    }

    /// Looks once more.
    ///
    /// - Returns: whether to look again, and whether to say now that it does not listen.
    func look() -> (again: Bool, isOverdue: Bool) {
        state.withLock { state in
            guard !state.isSettled else { return (false, false) }
            state.looks += 1
            return (state.looks < Self.patience, state.looks == Self.patience)
        }
    }
}
