import HTTPCodec

/// What came of a request, as values.
private enum Outcome: Equatable {
    case incomplete
    case refused(Refusal)
    case answered(
        consumed: Int,
        fields: [[UInt8]],
        target: [UInt8],
        framing: BodyFraming,
        keepsAlive: Bool,
        body: [UInt8]
    )
}

/// Calls `body` with memory that ends where the bytes do, so that a read beyond them is seen.
private func withExactBytes<Result>(
    _ bytes: some Collection<UInt8>,
    _ body: (UnsafeRawBufferPointer) throws -> Result
) rethrows -> Result {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    return try body(UnsafeRawBufferPointer(memory))
}

/// Plays a connection whose bytes come in pieces.
private func outcome(of request: [UInt8], cuts: [Int]) -> Outcome {
    var parser = RequestHeadParser()
    var decoder = ChunkedBodyDecoder()
    var head: (consumed: Int, fields: [[UInt8]], target: [UInt8])?
    var consumed = 0
    var body: [UInt8] = []
    for end in cuts.filter({ $0 < request.count }) + [request.count] {
        if head == nil {
            let refusal = withExactBytes(request[..<end]) { bytes -> Refusal? in
                switch parser.parse(bytes) {
                case .incomplete: return nil
                case .refused(let refusal): return refusal
                case .complete(let byteCount):
                    precondition(byteCount <= bytes.count)
                    let fields = parser.head.fields.flatMap {
                        [Array($0.name.bytes(in: bytes)), Array($0.value.bytes(in: bytes))]
                    }
                    head = (byteCount, fields, Array(parser.head.target.bytes(in: bytes)))
                    // Whoever asks next reads these.
                    let origin = try? ClientOrigin.resolved(
                        head: parser.head,
                        bytes: bytes,
                        peer: .unix,
                        scheme: .http,
                        trusted: everyone
                    )
                    _ = origin?.host.bytes(in: bytes).count
                    consumed = byteCount
                    return nil
                }
            }
            if let refusal { return .refused(refusal) }
        }
        guard let head else { continue }
        func answered() -> Outcome {
            .answered(
                consumed: consumed,
                fields: head.fields,
                target: head.target,
                framing: parser.head.framing,
                keepsAlive: parser.head.keepsAlive,
                body: body
            )
        }
        switch parser.head.framing {
        case .none:
            return answered()
        case .length(let length):
            precondition(length >= 0)
            guard end - consumed >= length else { continue }
            body = Array(request[consumed..<(consumed + length)])
            consumed += length
            return answered()
        case .chunked:
            do {
                let step = try withExactBytes(request[consumed..<end]) { bytes in
                    try decoder.decode(bytes) { body += $0 }
                }
                consumed += step.consumed
                if step.isComplete { return answered() }
                precondition(consumed == end, "an incomplete body leaves nothing over")
            } catch let refusal as Refusal {
                return .refused(refusal)
            } catch {
                preconditionFailure("\(error)")
            }
        }
    }
    return .incomplete
}

private let everyone = (try? TrustedProxies(parsing: "*")) ?? TrustedProxies()

/// A request is judged the same wherever it is cut.
func checkRequest(_ bytes: [UInt8], cuts: [Int]) {
    let whole = outcome(of: bytes, cuts: [])
    let cut = outcome(of: bytes, cuts: cuts)
    precondition(whole == cut, "cut at \(cuts): \(cut), whole: \(whole)")
    if bytes.count < 256 {
        let byByte = outcome(of: bytes, cuts: Array(1..<max(bytes.count, 1)))
        precondition(whole == byByte, "byte by byte: \(byByte), whole: \(whole)")
    }
}

/// A PROXY protocol header is judged the same once enough of it has come.
func checkProxyHeader(_ bytes: [UInt8], cut: Int) {
    let parser = ProxyProtocolParser()
    let whole = withExactBytes(bytes) { parser.parse($0) }
    if case .complete(let byteCount, _) = whole { precondition(byteCount <= bytes.count) }
    let early = withExactBytes(bytes.prefix(cut)) { parser.parse($0) }
    switch (early, whole) {
    case (.incomplete, _): break
    case (.refused, .refused): break
    default: precondition(early == whole, "of \(cut) bytes: \(early), of all: \(whole)")
    }
}

/// A worker's head is refused, or becomes one that no client can misread.
func checkResponseHead(_ bytes: [UInt8], flags: UInt8, length: Int) {
    withExactBytes(bytes) { payload in
        do throws(ResponseViolation) {
            let head = try ResponseHead(payload: payload)
            let server = Array("roost".utf8)
            let room = ResponseEncoder.maximumByteCount(
                payloadByteCount: payload.count,
                serverNameByteCount: server.count
            )
            let output = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
            defer { output.deallocate() }
            let encoded = try ResponseEncoder.encode(
                head: head,
                context: ResponseContext(
                    isHEAD: flags & 1 != 0,
                    minorVersion: flags & 2 == 0 ? 1 : 0,
                    keepsAlive: flags & 4 == 0,
                    bodyLength: flags & 8 == 0 ? length : nil,
                    date: HTTPDate(secondsSince1970: 0),
                    serverName: server
                ),
                into: output
            )
            precondition(encoded.byteCount <= room)
            let lines = Array(output.prefix(encoded.byteCount))
            precondition(lines.suffix(4) == [13, 10, 13, 10])
            for (index, byte) in lines.enumerated() where byte < 32 && byte != 9 {
                let isLineEnd =
                    byte == 13 && index + 1 < lines.count && lines[index + 1] == 10
                    || byte == 10 && index > 0 && lines[index - 1] == 13
                precondition(isLineEnd, "a control character in \(lines)")
                if byte == 13, index + 4 < lines.count {
                    precondition(
                        Array(lines[index..<(index + 4)]) != [13, 10, 13, 10],
                        "the head ends early: \(lines)"
                    )
                }
            }
        } catch {
            // Refused.
        }
    }
}

/// Texts that clients and people write.
func checkTexts(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let address = IPAddress(text) {
        precondition(IPAddress(address.description) == address, "\(address) does not come back")
    }
    _ = try? TrustedProxies(parsing: text)
    withExactBytes(bytes) { value in
        if let wait = XRequestStart.upstreamWait(value: value, now: 1_700_000_000_000_000) { precondition(wait >= 0) }
    }
}
