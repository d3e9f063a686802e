internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WebSocketCodec
internal import Workers

/// A client's message of which more has to come.
struct UnfinishedMessage {
    /// What the worker has of it.
    var sentBytes = 0
    /// Since when it has been under way; nil for none.
    var since: Instant?
    /// Whether ``UnfinishedMessages`` knows of it.
    var isNoted = false
}

/// Messages that don't end: how much of them there may be, and how long they may take.
extension WebSocketConnection {
    /// Notes a piece that was sent to the worker.
    func sent(_ count: Int, continues: Bool) {
        if continues {
            unfinished.sentBytes += count
        } else {
            unfinished.sentBytes = 0
            unfinished.since = nil
        }
    }

    /// Notes what of a message is under way once everything that has come was looked at.
    func noteUnfinished() {
        let isUnderWay = conversation.isOpen && (reader.isWithinMessage || inflating != nil)
        guard isUnderWay, let worker = stream?.seat?.worker.id else { return forgetUnfinished() }
        if unfinished.since == nil { unfinished.since = MonotonicClock.now() }
        let kept = partial.readableBytes + (inflating?.undigested.readableBytes ?? 0)
        unfinished.isNoted = true
        let tooMuch = core.unfinished.note(unfinished.sentBytes + kept, of: ObjectIdentifier(self), to: worker)
        if let tooMuch { core.sockets[tooMuch]?.endUnfinished(.noRoom, cause: Self.noRoomCause) }
    }

    /// Forgets the message: it is whole, or nobody wants it.
    func forgetUnfinished() {
        unfinished.sentBytes = 0
        unfinished.since = nil
        guard unfinished.isNoted else { return }
        unfinished.isNoted = false
        core.unfinished.forget(ObjectIdentifier(self))
    }

    /// Ends the WebSocket when its client takes too long for a message.
    ///
    /// - Returns: Whether it has ended.
    func endSlowMessage(at now: Instant) -> Bool {
        let limit = Nanoseconds(core.configuration.webSockets.messageTimeout)
        guard limit > .zero, let since = unfinished.since else { return false }
        guard isReading else {
            // The app takes no more: that is not the client's time.
            unfinished.since = now
            return false
        }
        guard now.since(since) >= limit else { return false }
        endUnfinished(.tooSlow, cause: Self.tooSlowCause)
        return true
    }

    private func endUnfinished(_ violation: WebSocketViolation, cause: String) {
        core.dispatcher.metrics.refuse(cause: cause)
        perform(conversation.violated(violation))
        forgetUnfinished()
        flush()
    }

    private static let noRoomCause = "websocket_memory"
    private static let tooSlowCause = "websocket_message_timeout"
    /// What is counted here among the causes of refusal.
    static let causes = [noRoomCause, tooSlowCause]
}
