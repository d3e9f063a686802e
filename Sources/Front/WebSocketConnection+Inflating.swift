internal import MessageCompression
internal import NIOCore
internal import WebSocketCodec
internal import WorkerLink

/// A compressed message of a client that has not ended.
struct InflatingMessage {
    var inflation: MessageInflation
    /// What has come of it and is not decompressed: the app takes no more for now.
    var undigested = ByteBuffer()
    /// Whether all of it has come.
    var isWhole = false
    /// Whether there is more of it before anything else is read.
    var isHeldUp = false
}

/// Compressed messages of the client.
///
/// They are decompressed a piece at a time, as the app takes them; until then they are kept as they came.
extension WebSocketConnection {
    /// Whether a message goes on without another byte of the client.
    var isHeldUp: Bool { inflating?.isHeldUp ?? false }

    /// Takes the next bytes of a compressed message that is not held up.
    func inflate(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        guard conversation.isOpen, beginInflating() else { return }
        inflating?.isWhole = isLast
        let consumed = inflateSome(bytes)
        guard consumed < bytes.count else { return }
        inflating?.undigested.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
    }

    /// Goes on with a message that is held up.
    func inflateOn() {
        guard var bytes = inflating?.undigested else { return }
        inflating?.undigested = ByteBuffer()
        bytes.readWithUnsafeReadableBytes { inflateSome($0) }
        if bytes.readableBytes > 0 { inflating?.undigested = bytes }
    }

    /// Hands on one piece of what the message says.
    ///
    /// - Returns: The bytes that were used up.
    private func inflateSome(_ bytes: UnsafeRawBufferPointer) -> Int {
        let room = UnsafeMutableRawBufferPointer(
            rebasing: core.inflatedRoom[..<(LinkGeometry.loopRequestChunkBytes - partial.readableBytes)]
        )
        do throws(WebSocketViolation) {
            let isLast = inflating?.isWhole ?? false
            guard let step = try inflating?.inflation.read(bytes, isLast: isLast, into: room) else {
                return bytes.count
            }
            let produced = UnsafeRawBufferPointer(rebasing: room[..<step.produced])
            inflating?.isHeldUp = step.event == .outputIsFull
            switch step.event {
            case .needsInput:
                keepOrDeliver(produced)
            case .outputIsFull:
                deliver(produced, continues: true)
            case .message:
                endInflating()
                deliver(produced, continues: false)
            }
            return step.consumed
        } catch {
            perform(conversation.violated(error))
            return bytes.count
        }
    }

    /// - Returns: false when the WebSocket has to end instead.
    private func beginInflating() -> Bool {
        guard inflating == nil else { return true }
        guard let inflater = core.compression.takeInflater() else {
            let message = CloseMessage(.internalError, "no memory to decompress")
            perform(conversation.dismiss(message, at: MonotonicClock.now().sinceStart))
            return false
        }
        let limit = core.configuration.webSockets.maximumMessageBytes
        inflating = InflatingMessage(inflation: MessageInflation(inflater, isText: reader.isText, limit: limit))
        return true
    }

    /// The message has ended, or nobody wants it any more.
    func endInflating() {
        guard let message = inflating else { return }
        inflating = nil
        core.compression.giveBack(message.inflation.inflater)
    }
}
