/// One option given by one source: what a layer hands to the loader.
struct Assignment {
    /// The option.
    var option: Option

    /// The values as text, in the order given.
    var values: [String]

    /// Where they were given.
    var origin: Origin

    /// The directory that relative paths in the values start from.
    var base: String
}

/// What a layer found: assignments in order, and what it could not make sense of.
struct Layer {
    /// The options given.
    var assignments: [Assignment] = []

    /// What is wrong with the source itself.
    var problems: [ConfigurationError.Problem] = []

    /// Adds values of an option, to what the same layer already gave when the option is repeatable, else instead.
    mutating func assign(_ option: Option, _ values: [String], from origin: Origin, base: String) {
        guard let index = assignments.firstIndex(where: { $0.option.name == option.name }) else {
            assignments.append(Assignment(option: option, values: values, origin: origin, base: base))
            return
        }
        assignments[index].values = option.isRepeatable ? assignments[index].values + values : values
        assignments[index].origin = origin
    }

    /// The values a text stands for: one, or several with commas between them when the option is repeatable.
    static func split(_ text: String, for option: Option) -> [String] {
        guard option.isRepeatable else { return [text] }
        return text.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }
}
