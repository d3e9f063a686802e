internal import CRoostSystem
internal import Glibc
internal import WorkerLink

/// The front's end of a worker's control socket: descriptors of body files both ways, and rare text messages.
///
/// Confined to the pool's event loop. Nothing here waits, and what comes from the worker is a stranger's word.
final class ControlSocket {
    /// The most messages read at one go, so that a worker that never stops sending does not keep the loop.
    static let messagesAtOnce = 64

    private let descriptor: OwnedDescriptor
    /// How many files may wait to be taken.
    var maximumFiles: Int
    /// Files that came before the frame that speaks of them.
    private var files: [(stream: UInt64, descriptor: Int32)] = []
    private var reports: [WorkerReport] = []

    /// Creates the end over `descriptor`, which it takes over.
    ///
    /// - Parameters:
    ///   - descriptor: The front's end.
    ///   - maximumFiles: How many files may wait to be taken. One for each thread is all that an honest worker needs.
    init(_ descriptor: consuming OwnedDescriptor, maximumFiles: Int) {
        self.descriptor = descriptor
        self.maximumFiles = maximumFiles
    }

    deinit {
        for file in files { close(file.descriptor) }
    }

    /// Sends the body file of a request ahead of the request.
    ///
    /// The descriptor stays the caller's.
    ///
    /// - Returns: Whether the kernel took it.
    func send(file: Int32, stream: UInt64) -> Bool {
        var message = ControlFile(stream: stream)
        let size = MemoryLayout<ControlFile>.size
        return roost_send_with_descriptor(descriptor.raw, &message, size, file) == size
    }

    /// Sends a text message.
    ///
    /// - Returns: Whether the kernel took it.
    @discardableResult
    func send(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            roost_send_with_descriptor(descriptor.raw, bytes.baseAddress, bytes.count, -1) == bytes.count
        }
    }

    /// Whether the worker has read everything that was sent; true also when the kernel does not say.
    var isTaken: Bool {
        var bytes: Int32 = 0
        // unix(7): what is queued at the other end and not read yet.
        return ioctl(descriptor.raw, UInt(TIOCOUTQ), &bytes) != 0 || bytes == 0
    }

    /// Reads what is there and returns the text messages, oldest first.
    ///
    /// - Throws: ``LinkViolation`` at a message that is neither a file nor one of ours, and at too many files.
    func takeReports() throws(LinkViolation) -> [WorkerReport] {
        for _ in 0..<Self.messagesAtOnce {
            guard try receive() else { break }
        }
        defer { reports = [] }
        return reports
    }

    /// Returns the file that the worker sent for `stream`, which the caller closes; nil when this process was out of descriptors.
    ///
    /// - Throws: ``LinkViolation/badDescriptor`` when none came, or when it is no regular file of at least `end` bytes.
    func takeFile(for stream: UInt64, through end: Int) throws(LinkViolation) -> Int32? {
        while true {
            if let index = files.firstIndex(where: { $0.stream == stream }) {
                let taken = files.remove(at: index).descriptor
                guard taken >= 0 else { return nil }
                let file = OwnedDescriptor(taken)
                var information = stat()
                guard fstat(file.raw, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
                    information.st_size >= end
                else { throw .badDescriptor }
                return file.release()
            }
            guard try receive() else { throw .badDescriptor }
        }
    }

    /// Takes one message; false when there is none.
    private func receive() throws(LinkViolation) -> Bool {
        let received = withUnsafeTemporaryAllocation(byteCount: FlatJSON.maximumBytes + 1, alignment: 8) { buffer in
            Self.receive(from: descriptor.raw, into: buffer)
        }
        switch received {
        case .nothing:
            return false
        case .file(let stream, let file):
            guard files.count < maximumFiles, !files.contains(where: { $0.stream == stream }) else {
                close(file)
                throw .unexpectedFrame
            }
            files.append((stream, file))
        case .report(let report):
            guard reports.count < Self.messagesAtOnce else { throw .unexpectedFrame }
            reports.append(report)
        case .nonsense:
            throw .malformedPayload
        }
        return true
    }

    private enum Message {
        /// None there, or the worker closed its end: then its death will be noticed by itself.
        case nothing
        case file(stream: UInt64, descriptor: Int32)
        case report(WorkerReport)
        case nonsense
    }

    private static func receive(from socket: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Message {
        var file: Int32 = -1
        let count = roost_receive_with_descriptor(socket, buffer.baseAddress, buffer.count, &file, 0)
        guard count > 0 else {
            if file >= 0 { close(file) }
            return .nothing
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        guard file != -1 else {
            return WorkerReport(bytes).map { .report($0) } ?? .nonsense
        }
        guard count == MemoryLayout<ControlFile>.size,
            bytes.loadUnaligned(as: UInt64.self) == ControlFile.magic
        else {
            close(file)
            return .nonsense
        }
        return .file(stream: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self), descriptor: file)
    }
}
