import NIOCore
import NIOEmbedded
import Testing
import WorkerLink

@testable import Front

/// One client's WebSocket between an embedded channel and a worker that the test plays.
@Suite struct WebSocketTests {
    private let front: FrontUnderTest
    private let client: Client
    private let stream: UInt64

    /// Opens a WebSocket.
    init() throws {
        front = try FrontUnderTest(concurrency: 2)
        client = try front.connect()
        try client.send(
            "GET /feed HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        stream = try #require(try front.worker.takeStream()).stream
        front.worker.respond(stream, status: 101, isWhole: false)
        front.visit()
        #expect(try client.text().hasPrefix("HTTP/1.1 101 "))
    }

    // MARK: From the app

    @Test func `the parts of a message that lie one behind the other are one frame`() throws {
        let parts = [pattern(5000), pattern(6000), pattern(7)]
        for (index, part) in parts.enumerated() { say(part, continues: index < 2) }
        front.visit()
        expectSame(try client.bytes(), [0x82, 126, 0x2A, 0xFF] + parts.flatMap { $0 })
    }

    @Test func `a message goes on in frames of its own when its parts come one by one`() throws {
        for continues in [true, true, false] {
            say(pattern(5000), continues: continues)
            front.visit()
        }
        let heads: [[UInt8]] = [[0x02, 126, 0x13, 0x88], [0x00, 126, 0x13, 0x88], [0x80, 126, 0x13, 0x88]]
        expectSame(try client.bytes(), heads.flatMap { $0 + pattern(5000) })
    }

    @Test func `large messages one behind the other stay apart`() throws {
        for _ in 0..<2 { say(pattern(5000), continues: false) }
        front.visit()
        let one = [0x82, 126, 0x13, 0x88] + pattern(5000)
        expectSame(try client.bytes(), one + one)
    }

    @Test func `an app is given room for what its client has taken, and more each time that it took all`() throws {
        var window = SendWindow()
        var granted = 0
        for _ in 0..<20 {
            while window.isOpen {
                say(pattern(60_000), continues: false)
                window.sent(60_000)
            }
            front.visit()
            for frame in try front.worker.takeFrames() where frame.kind == .credit {
                window.granted(frame.number)
                granted += frame.number
            }
            _ = try client.bytes()
        }
        #expect(window.available == SendWindow.greatest)
        #expect(granted > 20 * SendWindow.initial)
        #expect(front.violations.isEmpty)
    }

    @Test func `an app that sends more than it was given room for is ended`() throws {
        for _ in 0..<6 { say(pattern(60_000), continues: false) }
        front.visit()
        #expect(front.violations == [.creditExceeded])
    }

    @Test func `the app's close goes out behind its messages, and ends the WebSocket with the client's`() throws {
        say(Array("bye".utf8), continues: false)
        front.worker.send(.appClose, stream, [0xE8, 0x03])
        front.visit()
        #expect(try client.bytes() == [0x82, 3] + Array("bye".utf8) + [0x88, 2, 0x03, 0xE8])
        try client.send(masked(8, [0x03, 0xE8]))
        #expect(client.isClosed)
    }

    // MARK: From the client

    @Test func `a message of a client arrives in the ring, whatever pieces it comes in`() throws {
        let message = pattern(200_000)
        let bytes = masked(2, message)
        for start in stride(from: 0, to: bytes.count, by: 70_001) {
            try client.send(bytes[start..<min(start + 70_001, bytes.count)])
        }
        let frames = try front.worker.takeFrames()
        #expect(frames.allSatisfy { $0.kind == .message && $0.stream == stream })
        #expect(frames.map { $0.flags & FrameHeader.continues != 0 } == frames.indices.map { $0 < frames.count - 1 })
        expectSame(frames.flatMap(\.payload), message)
    }

    @Test func `pings between the fragments of a message do not have the front keep it`() throws {
        var sent: [UInt8] = []
        for index in 0..<8 {
            let part = pattern(20_000)
            try client.send(masked(index == 0 ? 2 : 0, part, isFinal: false) + masked(9, [UInt8(index)]))
            sent += part
        }
        #expect(try client.bytes() == (0..<8).flatMap { [0x8A, 1, $0] })
        expectSame(try front.worker.takeFrames().flatMap(\.payload), sent)
    }

    @Test func `a client whose app takes nothing is read no further, and goes on when the app does`() throws {
        var sent = 0
        let bytes = masked(2, pattern(50_000))
        while isReading, sent < 100 {
            try client.send(bytes)
            sent += 1
        }
        #expect(sent * 50_000 < SendWindow.initial + 2 * LinkGeometry.loopRequestChunkBytes)
        var taken = 0
        while taken < sent {
            let frames = try front.worker.takeFrames()
            try #require(!frames.isEmpty)
            for frame in frames {
                taken += frame.flags & FrameHeader.continues == 0 ? 1 : 0
                front.worker.grant(FrameHeader.footprint(frame.payload.count), stream)
            }
            front.visit()
        }
        #expect(isReading)
    }

    @Test func `a client that breaks the rules is told so, and the app that it is gone`() throws {
        try client.send([0xC2, 0x80, 0, 0, 0, 0])
        let bytes = try client.bytes()
        #expect(bytes.prefix(2).first == 0x88)
        #expect(Array(bytes.dropFirst(2).prefix(2)) == [0x03, 0xEA])
        let frames = try front.worker.takeFrames()
        #expect(frames.map(\.kind) == [.close])
        #expect(frames.first?.payload.prefix(2) == [0xEA, 0x03])
    }

    @Test func `a client that is lost leaves the app with 1006`() throws {
        client.leave()
        let frames = try front.worker.takeFrames()
        #expect(frames.map(\.kind) == [.close])
        #expect(frames.first?.payload.prefix(2) == [0xEE, 0x03])
    }

    // MARK: The worker

    @Test func `a worker that ends closes its WebSockets with 1012`() throws {
        front.lose(front.worker)
        #expect(try client.bytes().dropFirst(2).prefix(2) == [0x03, 0xF4])
    }

    // MARK: -

    private var isReading: Bool {
        (try? client.channel.pipeline.syncOperations.handler(type: WebSocketConnection.self).isReading) ?? false
    }

    /// Sends a message of the app, or a part of one.
    private func say(_ bytes: [UInt8], continues: Bool) {
        front.worker.send(.appMessage, stream, flags: continues ? FrameHeader.continues : 0, bytes)
    }

    /// A client's frame.
    private func masked(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true) -> [UInt8] {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        var head = [(isFinal ? 0x80 : 0) | opcode, 0x80]
        switch payload.count {
        case ..<126: head[1] |= UInt8(payload.count)
        case ..<65_536:
            head[1] |= 126
            head += [UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            head[1] |= 127
            for shift in stride(from: 56, through: 0, by: -8) { head.append(UInt8(payload.count >> shift & 0xFF)) }
        }
        return head + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }
}
