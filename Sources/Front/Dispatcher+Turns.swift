internal import NIOCore
internal import Telemetry
internal import WorkerLink
internal import Workers

/// How long a worker with an event loop has the front's loop for itself, before others have their turn.
extension Dispatcher {
    /// How much is compressed until the loop's other work has its turn: a millisecond's worth.
    private static let compressedAtOnce = 128 << 10

    /// Reads the frames of a worker's loop, and hands them to whom they concern: all, unless they take long.
    func readLoop(of seat: WorkerSeat) throws(LinkViolation) {
        guard !seat.worker.isResting else { return }
        // Those that rest come first.
        guard resting.isEmpty else { return rest(seat) }
        try readSome(of: seat)
    }

    private func readSome(of seat: WorkerSeat) throws(LinkViolation) {
        compressedBytes = 0
        try readLoop(of: seat, compressing: Self.compressedAtOnce)
        if compressedBytes >= Self.compressedAtOnce { rest(seat) }
    }

    /// Leaves what a worker has sent in its ring until the loop has looked at its sockets.
    ///
    /// One worker goes on at a time, and later than at once: a task that is due when another ends comes before whatever the
    /// sockets have, and two workers would keep them waiting for ever.
    private func rest(_ seat: WorkerSeat) {
        seat.worker.isResting = true
        resting.append(seat)
        if resting.count == 1 { wakeSoon() }
    }

    private func wakeSoon() {
        loop.assumeIsolated().scheduleTask(in: .microseconds(20)) { [self] in
            guard let seat = resting.first else { return }
            resting.removeFirst()
            let others = resting.count
            // Where there are none, the next one to rest sees to it.
            defer { if others > 0 { wakeSoon() } }
            guard self.seat(seat.worker.id) === seat else { return }
            seat.worker.isResting = false
            do throws(LinkViolation) {
                try readSome(of: seat)
            } catch {
                broke(seat, error)
            }
            pump(at: MonotonicClock.now())
            visit(seat)
        }
    }

    /// Reads what was left for later of a worker that has ended.
    func readLastFrames(of seat: WorkerSeat) {
        guard seat.worker.isResting else { return }
        seat.worker.isResting = false
        // An entry stays: whoever wakes up takes the first.
        do throws(LinkViolation) {
            try readLoop(of: seat, compressing: .max)
        } catch {
            metrics.workerBrokeProtocol()
        }
    }

    private func readLoop(of seat: WorkerSeat, compressing most: Int) throws(LinkViolation) {
        // Also when the worker breaks the protocol: the streams go on elsewhere, or what came of them is sent.
        defer {
            gathered.removeAll(keepingCapacity: true)
            for sharer in seat.sharing.takeTouched() { sharer.paused() }
        }
        let link = seat.worker.link
        var bytes = 0
        while !gathered.isEmpty || compressedBytes < most, let (header, payload) = try link.loop.peek() {
            // As much as a whole ring: an app that writes as fast as this reads would have this loop for itself.
            guard !gathered.isEmpty || bytes < LinkGeometry.loopResponseRingBytes else {
                link.leaveForLater(LinkGeometry.loopLane)
                break
            }
            bytes += FrameHeader.footprint(payload.count)
            let isFollowed = link.loop.isFollowed(header) && !isCompressed(header, on: seat)
            try accept(header, payload, from: seat, isFollowed: isFollowed)
            if isFollowed { link.loop.hold(header) } else { link.loop.consume(header) }
        }
        serveWaiting(seat)
    }

    /// Whether sending it takes long: such pieces are not gathered, so that others have their turn between them.
    private func isCompressed(_ header: FrameHeader, on seat: WorkerSeat) -> Bool {
        let id = StreamID(raw: header.stream)
        return id.isSocket && seat.sockets[id.index]?.owner?.isCompressing ?? false
    }
}
