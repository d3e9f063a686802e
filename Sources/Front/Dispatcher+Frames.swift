internal import Logging
internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WorkerLink
internal import Workers

/// What workers say, carried out. Every byte of it is a stranger's: what is out of place ends the worker.
extension Dispatcher {
    /// Reads all frames of a worker, hands them to whom they concern, and dispatches to the threads that became idle.
    func visit(_ seat: WorkerSeat) {
        var violation: LinkViolation?
        seat.worker.visitNews { lane in
            guard violation == nil else { return }
            do throws(LinkViolation) {
                guard seat.isLoop == (lane == LinkGeometry.loopLane) else { throw .unexpectedFrame }
                if seat.isLoop { try readLoop(of: seat) } else { _ = try read(lane, of: seat) }
            } catch {
                violation = error
            }
            // At once, while the thread still looks for its next request and needs no waking.
            pump(at: MonotonicClock.now())
        }
        if let violation { broke(seat, violation) }
    }

    /// A worker has broken the protocol: it is killed.
    func broke(_ seat: WorkerSeat, _ violation: LinkViolation) {
        logger.error(
            "a worker broke the protocol of its link",
            metadata: seat.metadata.merging(["violation": "\(violation.rawValue)"]) { $1 }
        )
        metrics.workerBrokeProtocol()
        killWorker(seat.worker, violation)
    }

    /// Goes on reading frames that were left in the ring because the client was too far behind.
    func resume(_ exchange: Exchange) {
        guard !exchange.isStream, let slot = exchange.slot, let seat = seat(slot.worker),
            // Its last frame may be what it is being told.
            seat.running[slot.thread] === exchange, !seat.conversations[slot.thread].isIdle
        else { return }
        do throws(LinkViolation) {
            if try !read(slot.thread, of: seat) {
                loop.assumeIsolated().execute { [self] in
                    if self.seat(seat.worker.id) === seat { visit(seat) }
                }
            }
        } catch {
            metrics.workerBrokeProtocol()
            killWorker(seat.worker, error)
        }
        pump(at: MonotonicClock.now())
    }

    /// Reads what a thread has written.
    ///
    /// - Returns: false when frames were left that the next visit finds.
    private func read(_ lane: Int, of seat: WorkerSeat) throws(LinkViolation) -> Bool {
        let link = seat.worker.link
        var bytes = 0
        var isRead = true
        defer { gathered.removeAll(keepingCapacity: true) }
        while let (header, payload) = try link.lanes[lane].peek() {
            if gathered.isEmpty {
                // Left in the ring, which fills: then the thread waits, which is what is wanted.
                if let owner = seat.running[lane]?.owner, owner.isFull { break }
                // As much as a whole ring: a thread that writes as fast as this reads would have this loop for itself.
                if bytes >= link.region.geometry.responseRingBytes {
                    link.leaveForLater(lane)
                    isRead = false
                    break
                }
            }
            bytes += FrameHeader.footprint(payload.count)
            let isFollowed = link.lanes[lane].isFollowed(header)
            let event = try seat.conversations[lane].accept(header, payload)
            if let exchange = seat.running[lane] {
                try apply(event, to: exchange, seat, isFollowed: isFollowed)
            } else if case .log(let level, let text, isOfRequest: _) = event {
                log(level, text, nil, seat)
            }
            if isFollowed {
                link.lanes[lane].hold(header)
                continue
            }
            link.lanes[lane].consume(header)
            if seat.conversations[lane].isIdle, let exchange = seat.running[lane] {
                exchange.stage = .ended
                finish(exchange, on: seat, lane: lane, at: MonotonicClock.now())
            }
        }
        if let exchange = seat.running[lane] { exchange.owner?.paused(exchange) }
        return isRead
    }

    /// Has the owner of a request told what has come for it.
    ///
    /// - Parameters:
    ///   - event: What has come.
    ///   - exchange: The request.
    ///   - seat: The worker that has it.
    ///   - isFollowed: Whether a piece of its body waits for the one behind it.
    /// - Throws: ``LinkViolation`` when it is out of place.
    func apply(
        _ event: LaneConversation.Event,
        to exchange: Exchange,
        _ seat: WorkerSeat,
        isFollowed: Bool = false
    ) throws(LinkViolation) {
        switch event {
        case .began(let response, let isWhole):
            let now = MonotonicClock.now()
            // The worker's word, within what is possible.
            exchange.takenAt = Instant(
                nanoseconds: min(max(response.takenAt, exchange.takenAt.nanoseconds), now.nanoseconds)
            )
            // One that is over for its client runs on for nobody.
            if exchange.stage != .ended { exchange.stage = .answering }
            if isWhole { recordTimes(exchange, now) }
            exchange.owner?.began(exchange, response, isWhole: isWhole)
        case .continued(let bytes):
            gather(bytes, isFollowed: isFollowed) { exchange.owner?.continued(exchange, $0) }
        case .file(let offset, let count):
            try takeFile(offset: offset, count: count, for: exchange, seat)
            recordTimes(exchange, MonotonicClock.now())
            exchange.owner?.ended(exchange)
        case .ended(let trailers):
            recordTimes(exchange, MonotonicClock.now())
            if !trailers.isEmpty { exchange.owner?.trailed(exchange, trailers) }
            exchange.owner?.ended(exchange)
        case .aborted(let reason):
            recordTimes(exchange, MonotonicClock.now())
            logger.log(
                // A client who leaves breaks it off too, and may do so as often as it likes.
                level: exchange.owner == nil ? .debug : .error,
                "the app's response broke off",
                metadata: [
                    "request": "\(requestIDs.text(exchange.number))",
                    "reason": "\(String(decoding: reason.prefix(1024), as: UTF8.self))",
                ]
            )
            fail(exchange, .aborted)
        case .log(let level, let text, let isOfRequest):
            log(level, text, isOfRequest ? exchange.number : nil, seat)
        case .granted(let count):
            guard seat.isLoop else { throw .unexpectedFrame }
            exchange.flow.sending.granted(count)
            exchange.owner?.bodyMayGoOn(exchange)
        case .extended(let until):
            guard seat.isLoop else { throw .unexpectedFrame }
            exchange.extendedUntil = until
        case .markedIdempotent:
            guard seat.isLoop else { throw .unexpectedFrame }
            exchange.isMarkedIdempotent = true
        case .opened, .message, .closed:
            throw .unexpectedFrame
        }
    }

    /// Hands pieces that lie one behind the other to their owner at once, which is one call of the kernel.
    func gather(_ bytes: UnsafeRawBufferPointer, isFollowed: Bool, _ deliver: ([UnsafeRawBufferPointer]) -> Void) {
        gathered.append(bytes)
        guard !isFollowed else { return }
        var pieces: [UnsafeRawBufferPointer] = []
        // Whoever gets them may have another worker's frames read.
        swap(&pieces, &gathered)
        deliver(pieces)
        pieces.removeAll(keepingCapacity: true)
        if gathered.isEmpty { swap(&pieces, &gathered) }
    }

    func recordTimes(_ exchange: Exchange, _ now: Instant) {
        exchange.serviceTime = now.since(exchange.takenAt)
        guard !exchange.isWarmUp else { return }
        metrics.dispatched(queueNanoseconds: exchange.takenAt.since(exchange.offeredAt).count)
        metrics.finished(serviceNanoseconds: exchange.serviceTime.count)
    }

    private func takeFile(
        offset: Int,
        count: Int,
        for exchange: Exchange,
        _ seat: WorkerSeat
    ) throws(LinkViolation) {
        // Taken also when the client has left: it has to be closed.
        guard let descriptor = try seat.worker.takeFile(for: exchange.stream, through: offset + count) else {
            logger.error("a response's file was lost: out of file descriptors")
            fail(exchange, .aborted)
            return
        }
        let file = SpoolFile(adopting: descriptor, byteCount: offset + count)
        exchange.owner?.continued(exchange, file: file, offset: offset, count: count)
    }
}
