import Glibc

/// A pipe whose reader is the test: it reads when it is told to, and so can stall.
final class TestPipe {
    let reader: Int32
    let writer: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0)
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        closeReader()
        close(writer)
    }

    private var isReaderOpen = true

    func closeReader() {
        guard isReaderOpen else { return }
        isReaderOpen = false
        close(reader)
    }

    /// Fills the pipe until it takes no more, so that the next write blocks.
    func fill() {
        let flags = fcntl(writer, F_GETFL)
        _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
        let block = [UInt8](repeating: UInt8(ascii: "."), count: 4096)
        while write(writer, block, block.count) > 0 {}
        while write(writer, block, 1) > 0 {}
        _ = fcntl(writer, F_SETFL, flags)
    }

    /// Reads until the text so far satisfies `isEnough`.
    func read(until isEnough: (_ text: String) -> Bool) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if isEnough(text) { return text }
            let count = Glibc.read(reader, &buffer, buffer.count)
            guard count > 0 else { return text }
            bytes += buffer[..<count]
        }
    }
}
