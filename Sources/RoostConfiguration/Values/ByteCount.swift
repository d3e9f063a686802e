/// A number of bytes, never negative.
///
/// Written as plain bytes or with a unit: `64KiB`, `10MB`, `1G`. `KiB`, `MiB`, `GiB` and the bare letters `K`, `M`, `G`
/// are powers of 1024, as nginx reads them; `kB`, `MB` and `GB` are powers of 1000. Case does not matter.
public struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number of bytes.
    public let bytes: Int

    /// Creates a byte count; a negative number becomes zero.
    public init(bytes: Int) {
        self.bytes = max(0, bytes)
    }

    /// Creates a count of 1024-byte units, at most `Int.max` bytes.
    public static func kibibytes(_ count: Int) -> ByteCount {
        ByteCount(bytes: saturatingProduct(count, 1 << 10))
    }

    /// Creates a count of 1024 x 1024-byte units, at most `Int.max` bytes.
    public static func mebibytes(_ count: Int) -> ByteCount {
        ByteCount(bytes: saturatingProduct(count, 1 << 20))
    }

    /// Creates a count of 1024 x 1024 x 1024-byte units, at most `Int.max` bytes.
    public static func gibibytes(_ count: Int) -> ByteCount {
        ByteCount(bytes: saturatingProduct(count, 1 << 30))
    }

    /// Whether a count is the smaller one.
    public static func < (left: ByteCount, right: ByteCount) -> Bool {
        left.bytes < right.bytes
    }

    /// The count in the largest 1024-based unit that divides it, such as `64KiB`; `parse` reads it back.
    public var description: String {
        for (unit, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= factor && bytes.isMultiple(of: factor) {
            return "\(bytes / factor)\(unit)"
        }
        return String(bytes)
    }

    /// The count a text stands for.
    ///
    /// - Throws: `ValueError` for anything but digits and one of the units, and for counts above `Int.max`.
    static func parse(_ text: String) throws(ValueError) -> ByteCount {
        let (digits, unit) = splitQuantity(text)
        guard let factor = factors[unit.lowercased()], let number = Int(digits), number >= 0 else {
            throw ValueError("'\(text)' is not a size", suggestion: "65536, 64KiB, 10MB or 1G")
        }
        let (product, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows else {
            throw ValueError("'\(text)' is more bytes than this machine can count")
        }
        return ByteCount(bytes: product)
    }

    private static let factors: [String: Int] = [
        "": 1, "b": 1,
        "k": 1 << 10, "kib": 1 << 10, "kb": 1_000,
        "m": 1 << 20, "mib": 1 << 20, "mb": 1_000_000,
        "g": 1 << 30, "gib": 1 << 30, "gb": 1_000_000_000,
    ]

    private static func saturatingProduct(_ count: Int, _ factor: Int) -> Int {
        let (product, overflows) = count.multipliedReportingOverflow(by: factor)
        return overflows ? .max : product
    }
}

/// A quantity's number (digits and a decimal point) and the unit after it, blanks between them dropped.
func splitQuantity(_ text: String) -> (number: String, unit: String) {
    let number = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    let unit = text.dropFirst(number.count).drop { $0 == " " }
    return (String(number), String(unit))
}
