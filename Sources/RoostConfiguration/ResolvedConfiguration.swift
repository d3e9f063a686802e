/// A configuration with every value worked out, and where each came from.
public struct ResolvedConfiguration: Sendable {
    /// The values.
    public let configuration: ServerConfiguration

    /// Where each option's value came from, by option name; an option that is missing here has its default.
    public let origins: [String: Origin]

    /// The file that `config` named, as written.
    let configurationFile: String?

    init(configuration: ServerConfiguration, origins: [String: Origin], configurationFile: String?) {
        self.configuration = configuration
        self.origins = origins
        self.configurationFile = configurationFile
    }

    /// Where an option's value came from.
    public func origin(of option: Option) -> Origin {
        origins[option.name] ?? .default
    }

    /// An option's value as text.
    public func text(of option: Option) -> String {
        option.name == "config" ? configurationFile ?? "none" : option.text(in: configuration)
    }

    /// What to say at the start about values that were worked out: processes, interpreter, and a preload that is ignored,
    /// one line each, such as `processes 2: 2 CPUs usable (affinity 2)`.
    public var reasons: [String] { reasons(of: ["processes", "python", "preload"]) }

    /// What to say about those that count for threads only: theirs, and the queue limit.
    ///
    /// Not before it is known that the app runs on threads.
    public var threadReasons: [String] { reasons(of: ["threads", "queue-limit"]) }

    private func reasons(of names: [String]) -> [String] {
        names.compactMap { name in
            guard let option = OptionTable.option(named: name), case .automatic(let reason) = origin(of: option) else {
                return nil
            }
            return "\(name) \(text(of: option)): \(reason)"
        }
    }

    /// Each option with its value and its origin, in columns, without a final line break: what `roost config` prints.
    public func explain() -> String {
        let rows = OptionTable.all.map { (name: $0.name, value: text(of: $0), origin: origin(of: $0).description) }
        let nameWidth = rows.map(\.name.count).max() ?? 0
        // A long path should not push the origins of all the other options aside.
        let valueWidth = rows.map(\.value.count).filter { $0 <= 32 }.max() ?? 0
        return rows.map { row in
            "\(row.name.padded(to: nameWidth))  \(row.value.padded(to: valueWidth))  \(row.origin)"
        }.joined(separator: "\n")
    }

    /// One JSON object, keyed by option name, without a final line break.
    ///
    /// Each member has a `value` and an `origin`; durations also `seconds`, sizes also `bytes`.
    public var asJSON: String {
        let members = OptionTable.all.map { option in
            var fields = [("value", value(of: option))]
            let text = text(of: option)
            if option.kind == .duration, let duration = try? DurationText.parse(text) {
                fields.append(("seconds", JSONText.number(DurationText.seconds(duration))))
            }
            if option.kind == .size, let count = try? ByteCount.parse(text) {
                fields.append(("bytes", String(count.bytes)))
            }
            fields.append(("origin", JSONText.string(origin(of: option).description)))
            return (option.name, JSONText.object(fields))
        }
        return JSONText.object(members, separator: ",\n  ", opening: "{\n  ", closing: "\n}")
    }

    private func value(of option: Option) -> String {
        let text = text(of: option)
        switch option.kind {
        case .integer, .boolean:
            return text
        case .duration, .size, .address, .choice, .text:
            if option.isRepeatable {
                return "[" + option.texts(configuration).map(JSONText.string).joined(separator: ", ") + "]"
            }
            return JSONText.string(text)
        }
    }
}

extension String {
    /// The text with blanks after it up to a number of characters.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
