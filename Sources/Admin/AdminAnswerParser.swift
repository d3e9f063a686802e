/// The little of an HTTP/1.1 answer that ``AdminClient`` has to understand.
enum AdminAnswerParser {
    /// Whether the bytes hold a whole answer whose length is given.
    static func isComplete(_ bytes: [UInt8]) -> Bool {
        guard let head = Head(bytes), let length = head.contentLength else { return false }
        return bytes.count - head.end >= length
    }

    /// The answer in `bytes`, everything up to the end of the connection.
    static func answer(in bytes: [UInt8], from path: String) throws(AdminClientError) -> AdminClient.Answer {
        guard let head = Head(bytes) else { throw AdminClientError(.badAnswer, path, "no HTTP answer") }
        guard !head.isChunked else { throw AdminClientError(.badAnswer, path, "an answer in chunks") }
        var body = bytes[head.end...]
        if let length = head.contentLength {
            guard body.count >= length else { throw AdminClientError(.badAnswer, path, "an answer that breaks off") }
            body = body.prefix(length)
        }
        return AdminClient.Answer(status: head.status, text: String(decoding: body, as: UTF8.self))
    }

    private struct Head {
        var status: Int
        var contentLength: Int?
        var isChunked = false
        /// Where the body begins.
        var end: Int

        init?(_ bytes: [UInt8]) {
            guard let end = Self.end(of: bytes) else { return nil }
            self.end = end
            let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
            guard let words = lines.first?.split(separator: " ", maxSplits: 2), words.count >= 2,
                words[0].hasPrefix("HTTP/1."), let status = Int(words[1]), (100...599).contains(status)
            else { return nil }
            self.status = status
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                let value = parts[1].drop { $0 == " " }
                switch parts[0].lowercased() {
                case "content-length":
                    guard let length = Int(value), length >= 0 else { return nil }
                    contentLength = length
                case "transfer-encoding": isChunked = true
                default: continue
                }
            }
        }

        private static func end(of bytes: [UInt8]) -> Int? {
            var index = bytes.startIndex
            while let found = bytes[index...].firstIndex(of: 0x0D) {
                if bytes[found...].starts(with: [0x0D, 0x0A, 0x0D, 0x0A]) { return found + 4 }
                index = found + 1
            }
            return nil
        }
    }
}
