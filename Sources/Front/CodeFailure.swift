/// What clients get to see while the code on disk does not start (`--reload`).
public struct CodeFailure: Sendable {
    /// HTML that is put behind the pages of the code that still serves; ASCII, complete in itself.
    public var overlay: [UInt8]
    /// A page of HTML to answer with when no code serves.
    public var html: [UInt8]
    /// The same as text, for clients that do not ask for HTML.
    public var text: [UInt8]

    /// Creates what is shown.
    public init(overlay: [UInt8], html: [UInt8], text: [UInt8]) {
        self.overlay = overlay
        self.html = html
        self.text = text
    }
}
