/// When a refused client may try again: the time the present queue takes to drain, and up to half as much again at
/// random, lest all who were refused together come back together (RFC 9110 section 10.2.3).
public enum RetryAfter {
    /// What a base lies between, in seconds: never at once, and never so long that a person would give up.
    public static let range: ClosedRange<Int> = 1...120

    /// What to say when requests wait and nothing ever finished: the workers are starting.
    public static let unknown = 5

    /// Returns the seconds in which `depth` requests drain at a rate.
    ///
    /// - Parameters:
    ///   - depth: How many requests wait.
    ///   - completionsPerSecond: What finishes per second; 0 when nothing did of late.
    ///   - threads: How many threads there are.
    ///   - meanService: The mean service time, from which the rate follows where none was seen of late.
    /// - Returns: Whole seconds, rounded up, within the range.
    public static func seconds(
        depth: Int,
        completionsPerSecond: Double,
        threads: Int,
        meanService: Nanoseconds?
    ) -> Int {
        guard depth > 0 else { return range.lowerBound }
        var rate = completionsPerSecond
        if !(rate > 0), let meanService, threads > 0 {
            rate = Double(threads) / max(meanService.inSeconds, 1e-9)
        }
        guard rate > 0 else { return unknown }
        let seconds = (Double(depth) / rate).rounded(.up)
        guard seconds < Double(range.upperBound) else { return range.upperBound }
        return max(range.lowerBound, Int(seconds))
    }

    /// Returns `seconds` with 0 to 50 % added, rounded up or down as `random`, any number, has it.
    public static func jittered(_ seconds: Int, random: UInt64) -> Int {
        let base = UInt64(min(max(seconds, range.lowerBound), range.upperBound))
        // Hundredths of a second to add, then a fair rounding by other bits: a base of 1 is 2 in a quarter of cases.
        let hundredths = (base * ((random >> 32) & 0xFFFF) * 50) >> 16
        let rounding = ((random & 0xFFFF) * 100) >> 16
        return Int(base + (hundredths + rounding) / 100)
    }
}
