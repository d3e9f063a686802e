/// Why one option cannot take one value; the loader adds where the value came from.
struct ValueError: Error, Equatable {
    /// What is wrong, with the value, as the rest of a sentence that begins with the option's name.
    var reason: String

    /// What to write instead, when there is something definite to say.
    var suggestion: String?

    /// Creates the error.
    init(_ reason: String, suggestion: String? = nil) {
        self.reason = reason
        self.suggestion = suggestion
    }
}
