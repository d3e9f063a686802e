/// Percent-decodes a path, as `PATH_INFO` wants it (RFC 3875 §4.1.5).
///
/// What is no valid escape stays as it is. `scratch` holds at least `text.count` bytes.
/// - Returns: The decoded bytes: `text` itself when nothing was escaped, else a part of `scratch`.
func percentDecoded(
    _ text: UnsafeRawBufferPointer,
    scratch: UnsafeMutableRawPointer
) -> UnsafeRawBufferPointer {
    guard text.contains(UInt8(ascii: "%")) else { return text }
    var written = 0
    var index = 0
    while index < text.count {
        var byte = text[index]
        index += 1
        if byte == UInt8(ascii: "%"), index + 1 < text.count,
            let high = hexDigit(text[index]), let low = hexDigit(text[index + 1])
        {
            byte = high << 4 | low
            index += 2
        }
        scratch.storeBytes(of: byte, toByteOffset: written, as: UInt8.self)
        written += 1
    }
    return UnsafeRawBufferPointer(start: scratch, count: written)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
