internal import NIOCore
internal import Telemetry
internal import WebSocketCodec
internal import WorkerLink

/// From the client's frames to the app's messages.
extension WebSocketConnection {
    /// Of a message that is not whole at least so much is sent on at once.
    static let pieceBytes = 16 << 10
    /// So much of large frames is fetched until others have their turn.
    private static let fetchedAtOnce = 1 << 20

    /// Where what comes next lies.
    private enum Source {
        /// With what is decompressed.
        case inflating
        /// With what the channel has read.
        case inbound
        /// In the socket, as payload of a large frame.
        case socket
    }

    /// Goes as far as the bytes reach and the app takes them.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer {
            isProcessing = false
            noteUnfinished()
        }
        var fetched = 0
        while phase == .open, !conversation.isClosed, let source = source(fetched: fetched) {
            // After our close frame messages are read for nobody.
            if conversation.isOpen, let stream, !core.dispatcher.mayReceive(stream) {
                // The kernel's buffers fill, then the client waits.
                inbound.discardReadBytes()
                setReading(false)
                return
            }
            let goesOn: Bool
            switch source {
            case .inflating:
                inflateOn()
                goesOn = true
            case .inbound:
                goesOn = step()
            case .socket:
                let count = fetch()
                fetched += count
                goesOn = count > 0
            }
            guard goesOn else { break }
        }
        guard phase == .open else {
            inbound = ByteBuffer()
            return
        }
        if inbound.readableBytes == 0 { inbound = ByteBuffer() } else { inbound.discardReadBytes() }
        if inputIsClosed {
            perform(conversation.lost())
        } else {
            setReading(true)
        }
    }

    private func source(fetched: Int) -> Source? {
        if isHeldUp { return .inflating }
        if inbound.readableBytes > 0 { return .inbound }
        // A channel that is about to read must find what it was told is there.
        let isOurs = isHandedBytes || !isReading
        let isWanted = compression == nil && conversation.isOpen && stream != nil
        guard isOurs, isWanted, !inputIsClosed, fetched < Self.fetchedAtOnce else { return nil }
        return reader.remaining >= DirectSocket.smallestBytes ? .socket : nil
    }

    /// Reads on in what the channel has read until something has happened.
    ///
    /// - Returns: Whether there may be more.
    private func step() -> Bool {
        // Unmasked to where the worker reads it, unless it may be compressed. When the app is told nothing any more, to
        // nowhere.
        let open = conversation.isOpen ? stream : nil
        let room: UnsafeMutableRawBufferPointer
        if compression == nil, let open {
            // There is room: it was asked for.
            guard let shared = core.dispatcher.messageRoom(of: open) else { return false }
            room = shared
        } else {
            room = core.messageRoom
        }
        // What is kept of a compressed message is decompressed already, and does not go in front of this.
        let before = inflating == nil ? partial.readableBytes : 0
        let target = UnsafeMutableRawBufferPointer(rebasing: room[before...])
        let result = inbound.readWithUnsafeReadableBytes { bytes in
            let result = read(bytes, into: target)
            return ((try? result.get().consumed) ?? 0, result)
        }
        guard let step = step(of: result) else { return false }
        if compression != nil {
            take(UnsafeRawBufferPointer(rebasing: target[..<step.produced]), step.event)
            return step.event != .needsInput || isHeldUp
        }
        settle(step, behind: before, in: room, to: open)
        return step.event != .needsInput
    }

    /// Reads what the socket has of a large frame to where the worker reads it, and unmasks it there: past the channel,
    /// whose buffers would be one copy more.
    ///
    /// - Returns: How many bytes; 0 for none, and when they ended the WebSocket.
    private func fetch() -> Int {
        guard let context, let stream, let room = core.dispatcher.messageRoom(of: stream) else { return 0 }
        let before = partial.readableBytes
        let end = min(room.count, before + reader.remaining)
        let count = socket.receive(UnsafeMutableRawBufferPointer(rebasing: room[before..<end]), from: context.channel)
        let received = UnsafeMutableRawBufferPointer(rebasing: room[before..<before + count])
        guard count > 0, let step = step(of: read(UnsafeRawBufferPointer(received), into: received)) else { return 0 }
        settle(step, behind: before, in: room, to: stream)
        return count
    }

    private func read(
        _ bytes: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) -> Result<MessageReader.Step, WebSocketViolation> {
        do throws(WebSocketViolation) {
            return .success(try reader.read(bytes, into: target))
        } catch {
            return .failure(error)
        }
    }

    /// - Returns: nil when the client broke the rules, which ends the WebSocket.
    private func step(of result: Result<MessageReader.Step, WebSocketViolation>) -> MessageReader.Step? {
        switch result {
        case .success(let step):
            return step
        case .failure(let violation):
            perform(conversation.violated(violation))
            return nil
        }
    }

    /// Sends or keeps what a step has produced behind the first `before` bytes of `room`.
    private func settle(
        _ step: MessageReader.Step,
        behind before: Int,
        in room: UnsafeMutableRawBufferPointer,
        to open: SocketStream?
    ) {
        switch step.event {
        case .message:
            deliver(step.produced, continues: false, in: room, to: open)
        case .outputIsFull:
            deliver(step.produced, continues: true, in: room, to: open)
        case .needsInput, .ping, .pong, .close:
            // Much of a message goes on at once; little waits for more.
            if before + step.produced < Self.pieceBytes {
                keep(UnsafeRawBufferPointer(rebasing: room[before..<before + step.produced]))
            } else {
                deliver(step.produced, continues: true, in: room, to: open)
            }
            hear(step.event)
        }
    }

    /// Takes what may be compressed.
    private func take(_ bytes: UnsafeRawBufferPointer, _ event: MessageReader.Event) {
        if reader.isCompressed {
            if event == .message || !bytes.isEmpty { inflate(bytes, isLast: event == .message) }
        } else {
            switch event {
            case .message: deliver(bytes, continues: false)
            case .outputIsFull: deliver(bytes, continues: true)
            case .needsInput, .ping, .pong, .close: keepOrDeliver(bytes)
            }
        }
        hear(event)
    }

    private func hear(_ event: MessageReader.Event) {
        switch event {
        case .ping(let payload):
            // Of many pings while the client takes nothing the last one's answer is enough (RFC 6455 section 5.5.3).
            if context?.channel.isWritable == true {
                perform(conversation.pinged(payload))
            } else {
                pendingPong = payload
            }
        case .close(let message):
            perform(conversation.clientClosed(message))
        case .pong, .message, .outputIsFull, .needsInput:
            break
        }
    }

    /// Of a message that is not whole.
    func keepOrDeliver(_ bytes: UnsafeRawBufferPointer) {
        if partial.readableBytes + bytes.count < Self.pieceBytes {
            keep(bytes)
        } else {
            deliver(bytes, continues: true)
        }
    }

    /// Sends what was kept of the message, and bytes behind it, which lie elsewhere.
    func deliver(_ bytes: UnsafeRawBufferPointer, continues: Bool) {
        guard conversation.isOpen, let stream, let room = core.dispatcher.messageRoom(of: stream) else { return }
        UnsafeMutableRawBufferPointer(rebasing: room[partial.readableBytes...]).copyMemory(from: bytes)
        deliver(bytes.count, continues: continues, in: room, to: stream)
    }

    private func keep(_ bytes: UnsafeRawBufferPointer) {
        if !bytes.isEmpty, conversation.isOpen { partial.writeBytes(bytes) }
    }

    /// Sends what was kept of the message, and `count` bytes that lie behind the place for it in `room`.
    private func deliver(
        _ count: Int,
        continues: Bool,
        in room: UnsafeMutableRawBufferPointer,
        to stream: SocketStream?
    ) {
        guard let stream else { return }
        let before = partial.readableBytes
        if before > 0 {
            partial.withUnsafeReadableBytes { room.copyMemory(from: $0) }
            partial = ByteBuffer()
        }
        core.dispatcher.metrics.webSocketReceived(bytes: before + count, isWhole: !continues)
        core.dispatcher.send(before + count, isText: reader.isText, continues: continues, to: stream)
        sent(before + count, continues: continues)
    }

    func setReading(_ on: Bool) {
        guard isReading != on, let context else { return }
        isReading = on
        // Takes effect at once: the loop is this one. An error would mean that the channel is gone.
        try? context.channel.syncOptions?.setOption(.autoRead, value: on)
    }

    /// The client has closed its side: without a close frame it is lost, when all that it has sent was read.
    func inputClosed() {
        inputIsClosed = true
        switch phase {
        case .open: process()
        // Its client may still read what was written: that ends it too.
        case .lingering: if bufferedBytes == 0 { close() }
        case .closed: break
        }
    }
}
