internal import Telemetry

/// Text of the app for a terminal: colours stay, all else that is unsafe is escaped.
enum TerminalText {
    /// One line, tabs kept; what sets colours is kept (`ESC [ … m`), and taken back at its end.
    static func harmless(_ line: String) -> String {
        guard line.unicodeScalars.contains(where: { EscapedText.isUnsafe($0) && $0 != "\t" }) else { return line }
        var text = ""
        var plain = ""
        var hasColour = false
        var rest = line.unicodeScalars[...]
        func finish(_ plain: inout String) {
            text += plain.unicodeScalars.split(separator: "\t", omittingEmptySubsequences: false)
                .map { EscapedText.line(String($0)) }.joined(separator: "\t")
            plain = ""
        }
        while let scalar = rest.first {
            if let end = colourEnd(rest) {
                finish(&plain)
                text += String(rest[..<end])
                hasColour = true
                rest = rest[end...]
            } else {
                plain.unicodeScalars.append(scalar)
                rest.removeFirst()
            }
        }
        finish(&plain)
        return hasColour ? text + "\u{1B}[0m" : text
    }

    /// Where a sequence that sets colours ends, if one begins here.
    private static func colourEnd(_ text: Substring.UnicodeScalarView) -> String.Index? {
        guard text.first == "\u{1B}", text.dropFirst().first == "[" else { return nil }
        let parameters = text.dropFirst(2).prefix(32)
        guard let end = parameters.firstIndex(where: { !("0"..."9" ~= $0 || $0 == ";" || $0 == ":") }),
            parameters[end] == "m"
        else { return nil }
        return text.index(after: end)
    }
}
