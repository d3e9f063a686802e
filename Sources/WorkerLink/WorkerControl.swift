internal import Atomics
internal import CRoostSystem
internal import Glibc

/// The worker's side of the control socket: rare messages and descriptors, beside the rings.
public enum WorkerControl {
    /// Wakes the front: eight bytes into the pipe that it reads.
    public static func ring(_ doorbell: Int32) {
        var one: UInt64 = 1
        _ = write(doorbell, &one, 8)
    }

    /// Announces a message on the control socket to the front, and wakes it.
    public static func announce(in region: LinkRegion, doorbell: Int32) {
        region.header.atomic(.controlNews).store(1, ordering: .sequentiallyConsistent)
        ring(doorbell)
    }

    /// Sends the descriptor of a response file ahead of its ``FrameKind/file`` frame.
    ///
    /// - Returns: Whether the kernel took it. When not, send the bytes instead.
    public static func send(file: Int32, stream: UInt64, over socket: Int32) -> Bool {
        var message = ControlFile(stream: stream)
        return roost_send_with_descriptor(socket, &message, MemoryLayout<ControlFile>.size, file)
            == MemoryLayout<ControlFile>.size
    }
}

/// The message that carries a descriptor, in either direction.
public struct ControlFile: Sendable {
    /// `F` `I` `L` `E`, so that it is not taken for a text message.
    public var magic: UInt64 = ControlFile.magic
    /// The request it belongs to.
    public var stream: UInt64

    /// Creates the message for `stream`.
    public init(stream: UInt64) {
        self.stream = stream
    }

    /// What the first eight bytes are.
    public static let magic: UInt64 = 0x454C_4946
}
