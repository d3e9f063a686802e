internal import NIOCore
internal import RequestQueue
public import Workers

// What `--reload` needs. Every function may be called from anywhere.
extension FrontServer {
    /// Shows that the code on disk does not start: behind the pages of the old code, or instead of the app when no
    /// worker serves.
    ///
    /// It is shown until any worker has become ready; see ``onReady(_:)``.
    public func show(_ failure: CodeFailure) {
        loop.execute { [self] in
            core.codeFailure = failure
            failWaitingIfDown()
            // The old code may end too.
            events.onEnd = { [unowned self] in failWaitingIfDown() }
        }
    }

    private func failWaitingIfDown() {
        if core.codeFailure != nil, dispatcher.queue.threads == 0 { dispatcher.failWaiting(.notStarted) }
    }

    /// Starts workers again after none could start.
    ///
    /// Requests wait meanwhile, as at the first start.
    ///
    /// - Parameter onFailure: Called once, on the loop, when none can start again.
    public func startAgain(onFailure: @escaping @Sendable (StartupFailure) -> Void) {
        loop.execute { [self] in
            core.codeFailure = nil
            events.onFailure = onFailure
            pool.startAgain()
        }
    }

    /// Calls `action` on the loop whenever a worker has become ready.
    ///
    /// To be called before ``start(onFailure:)``.
    public func onReady(_ action: @escaping @Sendable () -> Void) {
        loop.execute { [self] in
            events.onReady = { [core] in
                // It has imported what is on the disk.
                core.codeFailure = nil
                action()
            }
        }
    }
}
