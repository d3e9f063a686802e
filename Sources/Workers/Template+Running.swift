internal import CRoostSystem
internal import Glibc
internal import WorkerLink

extension Template {
    /// The process of a template, and the front's ends of what connects the two.
    ///
    /// Confined to the pool's event loop.
    final class Running {
        let pid: Int32
        /// Readable when the process has ended.
        let descriptor: OwnedDescriptor
        private var control: OwnedDescriptor?
        var doorbell: PipeReader?

        init(_ process: consuming StartedProcess, control: consuming OwnedDescriptor) {
            pid = process.pid
            descriptor = process.descriptor
            self.control = .some(control)
        }

        /// What the process sent.
        enum Message {
            case report(TemplateReport)
            /// The worker that was asked for, as a pidfd that the receiver closes.
            case process(descriptor: Int32)
            /// None of ours.
            case nonsense
        }

        /// Asks for a worker that gets `ends`.
        ///
        /// - Returns: Whether the kernel took it.
        func ask(_ ends: WorkerEnds) -> Bool {
            guard let control = control?.raw else { return false }
            var text = ends.settings
            let descriptors = ends.link + [ends.standard.output, ends.standard.error]
            return text.withUTF8 { bytes in
                roost_send_with_descriptors(
                    control,
                    bytes.baseAddress,
                    bytes.count,
                    descriptors,
                    Int32(descriptors.count)
                ) == bytes.count
            }
        }

        /// Tells it to leave: it waits for orders, and sees that none will come.
        func letGo() {
            control = nil
        }

        /// Sends SIGKILL; safe until it is reaped, which is done on this loop.
        func kill() {
            Glibc.kill(pid, SIGKILL)
        }

        /// Takes one message; nil when there is none.
        func receive() -> Message? {
            guard let control = control?.raw else { return nil }
            return withUnsafeTemporaryAllocation(byteCount: FlatJSON.maximumBytes + 1, alignment: 8) { buffer in
                var file: Int32 = -1
                let count = roost_receive_with_descriptor(control, buffer.baseAddress, buffer.count, &file, 0)
                guard count > 0 else {
                    if file >= 0 { close(file) }
                    return nil
                }
                let report = TemplateReport(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                switch (report, file) {
                case (.forked, 0...):
                    return .process(descriptor: file)
                case (.some(let report), -1):
                    return .report(report)
                default:
                    if file >= 0 { close(file) }
                    return .nonsense
                }
            }
        }
    }
}

extension OwnedDescriptor {
    /// The process of a pidfd, as proc_pid_fdinfo(5) tells it; nil when it is none, or the process has been reaped.
    static func processID(of descriptor: Int32) -> Int32? {
        let file = OwnedDescriptor(open("/proc/self/fdinfo/\(descriptor)", O_RDONLY | O_CLOEXEC))
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(file.raw, &bytes, bytes.count)
        guard count > 0 else { return nil }
        for line in bytes[..<count].split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: ":"))
            guard parts.count == 2, parts[0].elementsEqual("Pid".utf8) else { continue }
            let digits = parts[1].drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
            return Int32(String(decoding: digits, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
        }
        return nil
    }
}
