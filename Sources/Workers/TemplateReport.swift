/// A text message of a template on its control socket.
enum TemplateReport: Sendable, Equatable {
    /// The app is imported.
    ///
    /// `unfitBecause` says why it must not be forked; nil when it may be.
    case loaded(WorkerIntroduction, unfitBecause: String?)
    /// The app cannot be imported.
    case failed(StartupFailure)
    /// The worker that was asked for exists; its pidfd comes with the message.
    case forked
    /// The worker that was asked for could not be made.
    case notForked(reason: String)

    /// Reads a message; nil when it is none that we know, which is a broken protocol.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let fields = FlatJSON.object(from: bytes), case .string(let type) = fields["type"] else { return nil }
        var reason: String?
        if case .string(let text) = fields["reason"], !text.isEmpty { reason = text }
        switch type {
        case "forked":
            self = .forked
        case "not_forked":
            self = .notForked(reason: reason ?? "no reason was given")
        case "loaded":
            guard case .ready(let introduction) = WorkerReport(fields, type: "ready") else { return nil }
            self = .loaded(introduction, unfitBecause: reason)
        case "failed":
            guard case .failed(let failure) = WorkerReport(fields, type: type) else { return nil }
            self = .failed(failure)
        default:
            return nil
        }
    }
}
