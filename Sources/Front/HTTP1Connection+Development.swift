internal import HTTPCodec
internal import NIOCore

/// What a developer is shown while the code on disk does not start.
extension HTTP1Connection {
    /// The head and the body's length as they have to be when the failure is put behind the page; as they are when this
    /// is no page to show it on.
    ///
    /// - Returns: The head, valid until the next copy of `core`, and the length if it is known.
    func extended(
        _ payload: UnsafeRawBufferPointer,
        bodyLength: Int?
    ) -> (payload: UnsafeRawBufferPointer, bodyLength: Int?) {
        guard let failure = core.codeFailure, !parser.head.isHEAD, asksForDocument,
            let page = ExtensiblePage(payload: payload)
        else { return (payload, bodyLength) }
        response.addition = failure.overlay
        let length = page.announcedLength ?? bodyLength
        return (page.payload.withUnsafeBytes { core.copied($0) }, length.map { $0 + failure.overlay.count })
    }

    /// Puts behind the page what was announced.
    func append(_ exchange: Exchange) {
        guard let addition = response.addition else { return }
        response.addition = nil
        // Where the app's own body was too short, the addition must not make up for it.
        if let remaining = response.remaining, remaining != addition.count { return }
        addition.withUnsafeBytes { continued(exchange, [$0]) }
    }

    /// Whether the answer is for the browser's window, as far as the request says: a script that fetches a piece of a
    /// page would show it once for every piece.
    private var asksForDocument: Bool {
        head.withUnsafeReadableBytes { bytes in
            for field in parser.head.fields {
                let value = field.value.bytes(in: bytes)
                switch field.known {
                case .secFetchDest:
                    return ["document", "iframe", "frame"].contains { value.elementsEqual($0.utf8) }
                case .other:
                    let name = field.name.bytes(in: bytes)
                    if name.isWord("x-requested-with") || name.isWord("hx-request") { return false }
                default:
                    continue
                }
            }
            return true
        }
    }

    /// Answers in place of an app that could not be started.
    func standIn(_ failure: CodeFailure) {
        let acceptsHTML = head.withUnsafeReadableBytes { bytes in
            parser.head.fields.contains { field in
                field.known == .accept
                    && String(decoding: field.value.bytes(in: bytes), as: UTF8.self).contains("text/html")
            }
        }
        let body = acceptsHTML ? failure.html : failure.text
        var buffer = ByteBuffer()
        buffer.writeString("HTTP/1.1 500 Internal Server Error\r\n")
        buffer.writeString("Content-Type: text/\(acceptsHTML ? "html" : "plain"); charset=utf-8\r\n")
        buffer.writeString("Content-Length: \(body.count)\r\nCache-Control: no-store\r\nDate: ")
        core.date.withBytes { _ = buffer.writeBytes($0) }
        buffer.writeString("\r\nX-Content-Type-Options: nosniff\r\n")
        buffer.writeString("Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n")
        buffer.writeString("Vary: Accept\r\nConnection: close\r\n\r\n")
        if !parser.head.isHEAD { buffer.writeBytes(body) }
        response.bodyBytes = parser.head.isHEAD ? 0 : body.count
        respond(buffer, status: 500)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes are `word`, letters of either case; `word` is lower case.
    fileprivate func isWord(_ word: String) -> Bool {
        count == word.utf8.count
            && zip(self, word.utf8).allSatisfy { byte, wanted in
                ((0x41...0x5A).contains(byte) ? byte | 0x20 : byte) == wanted
            }
    }
}
