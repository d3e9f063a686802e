internal import Development
internal import Front
internal import Logging
internal import NIOCore
internal import RoostConfiguration
internal import Synchronization
internal import Workers

/// `--reload`: carries out what ``ReloadSequence`` says, and tells people what came of it.
///
/// Changes come on the watcher's thread, everything else on the front's loop.
final class DevelopmentReload: Sendable {
    private let front: FrontServer
    private let logger: Logger
    private let watcher: SourceWatcher
    private let sequence = Mutex(ReloadSequence(at: .now))

    /// Creates it for a front that has not been started.
    init(_ configuration: ServerConfiguration, front: FrontServer, logger: Logger) {
        self.front = front
        self.logger = logger
        watcher = SourceWatcher(
            directories: configuration.codeDirectories,
            rules: WatchRules(
                includes: configuration.development.includes,
                excludes: configuration.development.excludes
            )
        )
    }

    /// Begins to watch.
    ///
    /// To be called before the front starts workers, so that no change is missed.
    func begin() {
        front.onReady { self.workerIsReady() }
        let isWatching = watcher.start(
            onNotice: { [logger, watcher] in Self.tell($0, watcher.directories, logger) },
            onChange: { changes in
                if let work = self.sequence.withLock({ $0.changed(changes, at: .now) }) { self.carryOut(work) }
            }
        )
        if !isWatching { logger.error("files are not watched: there is no thread for it") }
    }

    /// No worker could start, at first or again.
    func startFailed(_ failure: StartupFailure) {
        ended(failure)
    }

    private func workerIsReady() {
        // A reload is told of by its own result.
        if case .start = sequence.withLock(\.work) { ended(nil) }
    }

    private func carryOut(_ work: ReloadSequence.Work) {
        BytecodeCache.forget(work.changes)
        switch work {
        case .start:
            front.startAgain { self.startFailed($0) }
        case .reload:
            front.reload(nil, isQuiet: true).whenComplete { result in
                switch result {
                case .success: self.ended(nil)
                case .failure(let error): self.ended(error)
                }
            }
        }
    }

    private func ended(_ error: (any Error)?) {
        guard let end = sequence.withLock({ $0.ended(isReady: error == nil, at: .now) }) else { return }
        let changes = end.done.changes.summary(below: watcher.directories)
        var metadata: Logger.Metadata = [:]
        if !changes.isEmpty { metadata = ["changed": "\(changes)", "took": "\(Self.milliseconds(end.took)) ms"] }
        if let error {
            report(error, of: end.done, changes: changes, metadata)
        } else if !changes.isEmpty {
            logger.info("reloaded", metadata: metadata)
        }
        if let next = end.next { carryOut(next) }
    }

    private func report(
        _ error: any Error,
        of work: ReloadSequence.Work,
        changes: String,
        _ metadata: Logger.Metadata
    ) {
        let failure = error as? StartupFailure
        guard failure?.code != .draining else { return }
        let page = FailurePage(title: failure?.title ?? "it failed", details: "\(error)", changes: changes)
        front.show(CodeFailure(overlay: page.overlay, html: page.html, text: page.text))
        let message: Logger.Message =
            switch work {
            case .start: "the app does not start; roost tries again when a file changes"
            case .reload: "the new code does not start; the old code serves on"
            }
        logger.error(message, metadata: metadata.merging(["failure": "\(error)"]) { $1 })
    }

    private static func tell(_ notice: SourceWatcher.Notice, _ directories: [String], _ logger: Logger) {
        let places = directories.joined(separator: ", ")
        switch notice {
        case .watches(let files, _):
            logger.info("watching the code", metadata: ["files": "\(files)", "below": "\(places)"])
        case .polls(let reason):
            logger.warning("looking for changes twice a second", metadata: ["reason": "\(reason)"])
        case .isCut(let limit):
            logger.warning(
                "too many directories: some are not watched; name the code with --app-dir or --reload-exclude",
                metadata: ["limit": "\(limit)", "below": "\(places)"]
            )
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
