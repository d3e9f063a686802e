import Testing

@testable import WorkerLink

/// What the envelopes hold is what was put into them.
@Suite struct EnvelopeTests {
    /// Writes an envelope and calls `body` with its payload, in memory of exactly its size.
    private func withRequest<Result>(
        flags: RequestEnvelope.Flags = [],
        parts: [(RequestEnvelope.Part, String)] = [],
        fields: [(String, String)] = [],
        announcedFields: Int? = nil,
        spareText: Int = 0,
        body: [UInt8] = [],
        bodyBytes: Int? = nil,
        _ read: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        let text =
            parts.reduce(0) { $0 + $1.1.utf8.count }
            + fields.reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count } + spareText
        let announced = announcedFields ?? fields.count
        let count = RequestEnvelopeWriter.byteCount(fields: announced, textBytes: text, inlineBody: body.count)
        let payload = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { payload.deallocate() }
        payload.initializeMemory(as: UInt8.self, repeating: 0xAA)
        var writer = RequestEnvelopeWriter(
            payload,
            flags: flags,
            fields: announced,
            textBytes: text,
            bodyBytes: bodyBytes ?? body.count,
            queuedAt: 99
        )
        for (part, value) in parts { writer.set(part, Array(value.utf8).withUnsafeBytes { writer.append($0) }) }
        for (name, value) in fields {
            let name = Array(name.utf8).withUnsafeBytes { writer.append($0) }
            writer.addField(name: name, value: Array(value.utf8).withUnsafeBytes { writer.append($0) })
        }
        body.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { writer.body.copyMemory(from: base, byteCount: bytes.count) }
        }
        return try read(UnsafeRawBufferPointer(payload))
    }

    private func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `a request comes out as it was put in`() throws {
        let parts = RequestEnvelope.Part.allCases.map { ($0, "part \($0)") }
        let fields = (0..<40).map { ("Name-\($0)", String(repeating: "v", count: $0)) }
        let body = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        try withRequest(flags: [.https, .http10], parts: parts, fields: fields, body: body) { payload in
            let reader = try RequestEnvelopeReader(payload)
            #expect(reader.flags == [.https, .http10])
            #expect(reader.queuedAt == 99)
            #expect(reader.fieldCount == 40)
            for (part, value) in parts { #expect(text(reader.part(part)) == value) }
            for (index, field) in fields.enumerated() {
                #expect(text(reader.field(index).name) == field.0)
                #expect(text(reader.field(index).value) == field.1)
            }
            #expect(reader.bodyBytes == 1000)
            #expect(Array(reader.body) == body)
        }
    }

    @Test func `parts that were left out are empty, and a body in a file is not inline`() throws {
        try withRequest(flags: .bodyIsFile, parts: [(.path, "/")], bodyBytes: 1 << 40) { payload in
            let reader = try RequestEnvelopeReader(payload)
            #expect(text(reader.part(.path)) == "/")
            #expect(reader.part(.query).isEmpty)
            #expect(reader.fieldCount == 0)
            #expect(reader.bodyBytes == 1 << 40)
            #expect(reader.body.isEmpty)
        }
    }

    @Test func `a writer leaves out what was not announced`() throws {
        try withRequest(fields: [("A", "1"), ("B", "2")], announcedFields: 1, body: [5]) { payload in
            let reader = try RequestEnvelopeReader(payload)
            #expect(reader.fieldCount == 1)
            #expect(text(reader.field(0).name) == "A")
            #expect(Array(reader.body) == [5])
        }
        let payload = UnsafeMutableRawBufferPointer.allocate(byteCount: 104 + 2, alignment: 16)
        defer { payload.deallocate() }
        var writer = RequestEnvelopeWriter(payload, flags: [], fields: 0, textBytes: 2, bodyBytes: 0, queuedAt: 0)
        #expect([1, 2, 3].withUnsafeBytes { writer.append($0) } == .empty)
        #expect([UInt8]([1, 2]).withUnsafeBytes { writer.append($0) } == TextSpan(start: 0, count: 2))
        #expect([UInt8]([3]).withUnsafeBytes { writer.append($0) } == .empty)
    }

    @Test func `a request cut short anywhere is malformed`() throws {
        withRequest(parts: [(.path, "/a")], fields: [("A", "b")], body: [1, 2, 3]) { payload in
            for count in 0..<payload.count {
                #expect(throws: LinkViolation.malformedPayload) {
                    try RequestEnvelopeReader(UnsafeRawBufferPointer(rebasing: payload[..<count]))
                }
            }
        }
    }

    @Test func `a request of random bytes is malformed or reads within its payload`() {
        var random = SeededGenerator(seed: 3)
        var read = 0
        for _ in 0..<4000 {
            let payload = UnsafeMutableRawBufferPointer.allocate(
                byteCount: Int.random(in: 0...300, using: &random),
                alignment: 16
            )
            defer { payload.deallocate() }
            for index in payload.indices { payload[index] = UInt8.random(in: 0...255, using: &random) }
            // Numbers that are nearly right, or nothing would ever be read.
            if payload.count >= 104 {
                payload.storeBytes(of: UInt16.random(in: 0...8, using: &random), toByteOffset: 2, as: UInt16.self)
                payload.storeBytes(of: UInt32.random(in: 0...200, using: &random), toByteOffset: 4, as: UInt32.self)
                payload.storeBytes(of: UInt64.random(in: 0...40, using: &random), toByteOffset: 8, as: UInt64.self)
            }
            guard let reader = try? RequestEnvelopeReader(UnsafeRawBufferPointer(payload)) else { continue }
            read += 1
            var sum = reader.body.reduce(0) { $0 &+ Int($1) }
            for part in RequestEnvelope.Part.allCases { sum &+= reader.part(part).count }
            for index in 0..<reader.fieldCount { sum &+= reader.field(index).value.count }
            #expect(sum >= 0)
        }
        #expect(read > 100)
    }

    @Test func `a response comes out as it was put in`() throws {
        let payload = responsePayload(head: [1, 2, 3], body: [4, 5], length: ResponseEnvelope.unknownLength)
        try payload.withUnsafeBytes { bytes in
            let reader = try ResponseEnvelope.Reader(bytes)
            #expect(reader.bodyBytes == .max)
            #expect(reader.takenAt == 77)
            #expect(Array(reader.head) == [1, 2, 3])
            #expect(Array(reader.body) == [4, 5])
        }
    }

    @Test func `a response whose head does not fit is malformed`() {
        for payload in [[], [UInt8](repeating: 0, count: 23), responsePayload(head: [1, 2, 3]).dropLast()] {
            _ = Array(payload).withUnsafeBytes { bytes in
                #expect(throws: LinkViolation.malformedPayload) { try ResponseEnvelope.Reader(bytes) }
            }
        }
    }

    @Test func `a part of a file comes out as it was put in`() throws {
        try filePayload(offset: 5, count: 1 << 40).withUnsafeBytes { bytes in
            let (offset, count) = try FileEnvelope.load(bytes)
            #expect(offset == 5 && count == 1 << 40)
        }
    }

    @Test(arguments: [
        [], [UInt8](repeating: 0, count: 15), [UInt8](repeating: 0, count: 17),
        filePayload(offset: .max, count: 0), filePayload(offset: 0, count: .max),
        filePayload(offset: UInt64(Int.max), count: 1), filePayload(offset: 1 << 62, count: 1 << 62),
    ])
    func `a part that no file has is malformed`(payload: [UInt8]) {
        _ = payload.withUnsafeBytes { bytes in
            #expect(throws: LinkViolation.malformedPayload) { try FileEnvelope.load(bytes) }
        }
    }
}
