import HTTPCodec
import Testing

struct TrailerTests {
    /// The fields of a head are laid out as trailer fields are.
    private func encode(_ fields: [(String, String)], cut: Int = 0) -> Result<String, ResponseViolation> {
        encode(Array(ResponseFrame(status: 200, reason: "", fields: fields).payload.dropFirst(8).dropLast(cut)))
    }

    private func encode(_ payload: [UInt8]) -> Result<String, ResponseViolation> {
        let room = ResponseEncoder.maximumTrailerByteCount(payloadByteCount: payload.count)
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
        defer { output.deallocate() }
        return payload.withUnsafeBytes { bytes in
            do throws(ResponseViolation) {
                let count = try ResponseEncoder.encodeTrailers(
                    bytes,
                    isForbidden: { $0.elementsEqual("host".utf8) },
                    into: output
                )
                return .success(String(decoding: output[..<count], as: UTF8.self))
            } catch {
                return .failure(error)
            }
        }
    }

    private func cause(_ result: Result<String, ResponseViolation>) -> ResponseViolation.Cause? {
        if case .failure(let violation) = result { violation.cause } else { nil }
    }

    @Test func `fields stand between the last chunk and an empty line`() throws {
        #expect(try encode([]).get() == "0\r\n\r\n")
        #expect(try encode([("X-A", "1"), ("x-b", "")]).get() == "0\r\nX-A: 1\r\nx-b: \r\n\r\n")
    }

    @Test func `a worker's word is checked`() {
        #expect(cause(encode([("host", "a")])) == .badTrailer)
        #expect(cause(encode([("x a", "1")])) == .badFieldName)
        #expect(cause(encode([("", "1")])) == .badFieldName)
        #expect(cause(encode([("x-a", "1\r\nx-b: 2")])) == .badFieldValue)
        for cut in 1..<12 { #expect(cause(encode([("x-a", "1")], cut: cut)) == .malformedFrame) }
        #expect(cause(encode([UInt8](repeating: 0xFF, count: 40))) == .malformedFrame)
    }

    @Test(arguments: ["trailers", "Trailers", " trailers\t", "gzip;q=0.5,trailers", "a, ,trailers,b"])
    func `a client that takes trailers says so in TE`(_ value: String) {
        #expect(Array(value.utf8).withUnsafeBytes { $0.namesTrailers })
    }

    @Test(arguments: ["", "gzip", "trailersx", "trailer", "trailers;q=1x y"])
    func `others do not`(_ value: String) {
        #expect(!Array(value.utf8).withUnsafeBytes { $0.namesTrailers })
    }
}
