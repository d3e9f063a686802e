internal import CPython
internal import WorkerLink

extension LoopLane {
    /// `http.response.trailers`: fields that come behind the body.
    ///
    /// Checked always, and sent where the client has asked for them and the body came in chunks.
    func sendTrailers(_ stream: AppStream, _ message: borrowing OutgoingMessage) throws(SendError) -> SendOutcome {
        let isLast = try !message.isTrue(messages.moreTrailers)
        do throws(ApplicationMistake) {
            try trailers.setTrailers(message.value(messages.headers))
        } catch {
            throw .mistake(error)
        }
        // Only now: to look at the message may have run code of the application.
        guard stream.hasTrailers, stream.phase == (stream.sendsTrailers ? .trailing : .complete) else {
            throw unexpected(message, stream)
        }
        guard stream.trailers.count + trailers.count <= TrailerEnvelope.greatestByteCount else {
            throw .mistake(trailers.tooLarge)
        }
        stream.trailers += trailers.bytes
        guard isLast else { return .sent }
        stream.hasTrailers = false
        guard stream.sendsTrailers else { return .sent }
        complete(stream)
        stream.isEnded = true
        stream.trailers.withUnsafeBytes { fields in
            sendFrame(.end, of: stream.id, count: fields.count) { $0.copyMemory(from: fields) }
        }
        return .sent
    }
}
