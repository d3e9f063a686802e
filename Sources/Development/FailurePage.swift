internal import Telemetry

/// What a browser shows of code that does not start.
///
/// All of it is ASCII, so that it is right in a page of whatever encoding, and nothing in it is loaded or run: no
/// script, no image, no font. Styles stand in the elements; where a page's Content-Security-Policy does not let them
/// count, the browser's own looks are left. The button that dismisses is a form of `method="dialog"`, without script.
public struct FailurePage: Sendable {
    /// What happened, in a few words.
    public var title: String
    /// Traceback, reason and hint: a stranger's text of several lines.
    public var details: String
    /// The files whose change it came with; empty at the first start.
    public var changes: String

    /// Creates a page.
    public init(title: String, details: String, changes: String) {
        self.title = title
        self.details = details
        self.changes = changes
    }

    private var changed: String {
        changes.isEmpty ? "" : " Changed: <strong>\(Self.escaped(changes))</strong>."
    }

    /// What is put behind a page of the old code.
    public var overlay: [UInt8] {
        Array(
            """

            <dialog open id="roost-reload-failed" aria-labelledby="roost-reload-failed-title" style="\(Style.panel)">\
            <div role="alert" style="\(Style.block)">\
            <h2 id="roost-reload-failed-title" style="\(Style.heading)">This page is from the old code</h2>\
            <p style="\(Style.text)">The new code does not start: \(Self.escaped(title)).\(changed) \
            Save a correction, then load the page again.</p></div>\
            <pre tabindex="0" role="region" aria-label="The error" \
            style="\(Style.trace)">\(Self.escaped(details))</pre>\
            <form method="dialog" style="\(Style.block)">\
            <button style="\(Style.button)">Dismiss</button></form></dialog>

            """.utf8
        )
    }

    /// A page of its own, where there is no old code.
    public var html: [UInt8] {
        Array(
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>The app does not start</title>
            </head>
            <body style="\(Style.page)">
            <main>
            <h1 style="\(Style.heading)">The app does not start</h1>
            <p style="\(Style.text)">\(Self.escaped(title, capitalized: true)).\(changed) \
            roost tries again as soon as a file changes; then load the page again.</p>
            <pre tabindex="0" role="region" aria-label="The error" style="\(Style.trace)">\(Self.escaped(details))</pre>
            </main>
            </body>
            </html>

            """.utf8
        )
    }

    /// The same for a terminal or a program.
    public var text: [UInt8] {
        let changed = changes.isEmpty ? "" : " Changed: \(EscapedText.line(changes))."
        return Array(
            """
            The app does not start: \(EscapedText.line(title)).\(changed) roost tries again as soon as a file changes.

            \(Self.printable(details))

            """.utf8
        )
    }

    /// Lines and tabs stay; whatever else could steer a terminal or turn the direction of writing is spelled out.
    private static func printable(_ text: String) -> String {
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map { EscapedText.line(String($0)) }
                .joined(separator: "\t")
        }.joined(separator: "\n")
    }

    /// Text as HTML, in ASCII.
    static func escaped(_ text: String, capitalized: Bool = false) -> String {
        var text = printable(text)
        if capitalized, let first = text.first { text = first.uppercased() + text.dropFirst() }
        var html = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": html += "&amp;"
            case "<": html += "&lt;"
            case ">": html += "&gt;"
            case "\"": html += "&quot;"
            case "'": html += "&#39;"
            case let scalar where scalar.isASCII: html.unicodeScalars.append(scalar)
            default: html += "&#\(scalar.value);"
            }
        }
        return html
    }

    /// Contrast is at least 7:1 everywhere (WCAG 2.2, 1.4.6).
    private enum Style {
        private static let reset = "all:initial;box-sizing:border-box;color:#fff;"
        private static let sans = "font-family:system-ui,sans-serif;"
        /// Neither `all` nor `display`: the browser's own rule hides a dialog that was closed.
        static let panel =
            "position:fixed;inset:auto 1rem 1rem 1rem;z-index:2147483647;box-sizing:border-box;width:auto;"
            + "max-width:none;height:auto;max-height:70vh;overflow:auto;margin:0;padding:1rem 1.25rem;"
            + "background:#5c1016;color:#fff;border:2px solid #ff9b9b;border-radius:8px;text-align:start"
        static let page = "margin:0;padding:2rem;min-height:100vh;box-sizing:border-box;background:#5c1016;" + sans
        static let block = reset + "display:block"
        static let heading = reset + sans + "display:block;font-size:1.25rem;font-weight:700;margin:0 0 .5rem"
        static let text = reset + sans + "display:block;font-size:1rem;line-height:1.5;margin:0 0 .75rem"
        /// No `all`: the outline of what has the focus stays.
        static let trace =
            "box-sizing:border-box;color:#fff;text-align:start;font:.875rem/1.45 ui-monospace,monospace;"
            + "white-space:pre-wrap;overflow-wrap:anywhere;overflow:auto;max-height:40vh;margin:0 0 .75rem;"
            + "padding:.75rem;border:0;background:#2b0508;border-radius:4px"
        static let button =
            "all:revert;font:inherit;font-family:system-ui,sans-serif;font-size:1rem;padding:.35rem 1rem;cursor:pointer"
    }
}
