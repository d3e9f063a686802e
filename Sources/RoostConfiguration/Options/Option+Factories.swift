/// Options by the type of the property they set: each says how to read and print it, and in which bounds.
extension Option {
    /// A place in the configuration.
    typealias Place<Value> = any WritableKeyPath<ServerConfiguration, Value> & Sendable

    /// The longest duration of any option: whatever should last longer than a day is a mistake of unit.
    static let longestDuration: Duration = .seconds(86_400)

    /// An option that is one text, read and printed by two functions.
    static func single(
        _ name: String,
        _ kind: Kind,
        _ metavariable: String,
        in group: Group,
        short: String? = nil,
        aliases: [String] = [],
        from sources: Sources = .usual,
        automatically rule: String? = nil,
        summary: String,
        discussion: String,
        read: @escaping @Sendable (String, String, inout ServerConfiguration) throws(ValueError) -> Void,
        text: @escaping @Sendable (ServerConfiguration) -> String
    ) -> Option {
        Option(
            name,
            kind,
            metavariable,
            in: group,
            short: short,
            aliases: aliases,
            from: sources,
            automatically: rule,
            summary: summary,
            discussion: discussion,
            read: { values, base, configuration throws(ValueError) in
                guard let value = values.last else { throw ValueError("has no value") }
                try read(value, base, &configuration)
            },
            texts: { [text($0)] }
        )
    }

    /// A whole number within bounds.
    static func integer(
        _ name: String,
        _ place: Place<Int>,
        _ bounds: ClosedRange<Int>,
        in group: Group,
        short: String? = nil,
        aliases: [String] = [],
        automatically rule: String? = nil,
        summary: String,
        discussion: String
    ) -> Option {
        single(
            name,
            .integer,
            "N",
            in: group,
            short: short,
            aliases: aliases,
            automatically: rule,
            summary: summary,
            discussion: discussion,
            read: { value, _, configuration throws(ValueError) in
                guard let number = Int(value) else { throw ValueError("'\(value)' is not a whole number") }
                guard bounds.contains(number) else {
                    throw ValueError("\(value) is not between \(bounds.lowerBound) and \(bounds.upperBound)")
                }
                configuration[keyPath: place] = number
            },
            text: { String($0[keyPath: place]) }
        )
    }

    /// A duration from `least` to a day.
    static func duration(
        _ name: String,
        _ place: Place<Duration>,
        atLeast least: Duration = .milliseconds(1),
        in group: Group,
        aliases: [String] = [],
        summary: String,
        discussion: String
    ) -> Option {
        single(
            name,
            .duration,
            "TIME",
            in: group,
            aliases: aliases,
            summary: summary,
            discussion: discussion,
            read: { value, _, configuration throws(ValueError) in
                let duration = try DurationText.parse(value)
                guard duration >= least, duration <= longestDuration else {
                    throw ValueError("\(value) is not between \(DurationText.text(least)) and 24h")
                }
                configuration[keyPath: place] = duration
            },
            text: { DurationText.text($0[keyPath: place]) }
        )
    }

    /// A byte count within bounds.
    static func size(
        _ name: String,
        _ place: Place<ByteCount>,
        _ bounds: ClosedRange<ByteCount>,
        _ metavariable: String = "SIZE",
        in group: Group,
        aliases: [String] = [],
        summary: String,
        discussion: String
    ) -> Option {
        single(
            name,
            .size,
            metavariable,
            in: group,
            aliases: aliases,
            summary: summary,
            discussion: discussion,
            read: { value, _, configuration throws(ValueError) in
                let count = try ByteCount.parse(value)
                guard bounds.contains(count) else {
                    throw ValueError("\(value) is not between \(bounds.lowerBound) and \(bounds.upperBound)")
                }
                configuration[keyPath: place] = count
            },
            text: { $0[keyPath: place].description }
        )
    }

    /// One of a type's words.
    static func choice<Value: CaseIterable & RawRepresentable<String> & Sendable>(
        _ name: String,
        _ place: Place<Value>,
        in group: Group,
        aliases: [String] = [],
        automatically rule: String? = nil,
        metavariable: String,
        summary: String,
        discussion: String
    ) -> Option {
        let words = Value.allCases.map(\.rawValue)
        return single(
            name,
            .choice(words),
            metavariable,
            in: group,
            aliases: aliases,
            automatically: rule,
            summary: summary,
            discussion: discussion,
            read: { value, _, configuration throws(ValueError) in
                guard let word = Value(rawValue: value) else {
                    throw ValueError("'\(value)' is none of \(words.joined(separator: ", "))")
                }
                configuration[keyPath: place] = word
            },
            text: { $0[keyPath: place].rawValue }
        )
    }

    /// Yes or no.
    static func boolean(
        _ name: String,
        _ place: Place<Bool>,
        in group: Group,
        summary: String,
        discussion: String
    ) -> Option {
        single(
            name,
            .boolean,
            "",
            in: group,
            summary: summary,
            discussion: discussion,
            read: { value, _, configuration throws(ValueError) in
                switch value.lowercased() {
                case "1", "true", "yes", "on": configuration[keyPath: place] = true
                case "0", "false", "no", "off": configuration[keyPath: place] = false
                default: throw ValueError("'\(value)' is neither true nor false")
                }
            },
            text: { String($0[keyPath: place]) }
        )
    }

    /// Path prefixes, any number of them; `none` alone for none.
    static func prefixes(
        _ name: String,
        _ place: Place<[String]>,
        in group: Group,
        summary: String,
        discussion: String
    ) -> Option {
        Option(
            name,
            .text,
            "PREFIX",
            in: group,
            repeatable: true,
            summary: summary,
            discussion: discussion,
            read: { values, _, configuration throws(ValueError) in
                if values == ["none"] {
                    configuration[keyPath: place] = []
                    return
                }
                for value in values where !isRequestPath(value) {
                    throw ValueError("'\(value)' is not the beginning of a path", suggestion: "/api/")
                }
                configuration[keyPath: place] = values
            },
            texts: { $0[keyPath: place] }
        )
    }

    /// Whether a text can be a request's path: `/`, then visible ASCII without `?` and `#` (RFC 3986 3.3).
    static func isRequestPath(_ text: String) -> Bool {
        text.hasPrefix("/")
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    }
}
