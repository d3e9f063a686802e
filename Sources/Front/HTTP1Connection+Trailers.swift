internal import HTTPCodec
internal import Logging
internal import NIOCore
internal import WorkerLink

/// The trailer fields of a response.
extension HTTP1Connection {
    /// Takes what comes behind the body, to go out with its end.
    ///
    /// Only where the client has asked for it, and where there is a place for it: behind a body in chunks.
    func trailed(_ exchange: Exchange, _ trailers: UnsafeRawBufferPointer) {
        guard phase == .exchange, !response.isBroken, response.framing == .chunked, takesTrailers, let context else {
            return
        }
        let payload = core.copied(trailers)
        let room = ResponseEncoder.maximumTrailerByteCount(payloadByteCount: payload.count)
        var buffer = context.channel.allocator.buffer(capacity: room)
        var failure: ResponseViolation?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { output in
            do throws(ResponseViolation) {
                return try ResponseEncoder.encodeTrailers(payload, isForbidden: TrailerEnvelope.forbids, into: output)
            } catch {
                failure = error
                return 0
            }
        }
        guard let failure else {
            response.ending = buffer
            return
        }
        core.logger.error(
            "the trailer fields of a response can't be sent",
            metadata: [
                "request": "\(core.dispatcher.requestIDs.text(exchange.number))",
                "cause": "\(failure.cause.rawValue)", "reason": "\(failure.message)",
            ]
        )
        breakOff()
    }
}
