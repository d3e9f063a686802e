/// Reads a command line: flags with their values, and the target.
///
/// Flags are written `--name value`, `--name=value`, `-w 4`, `-w4`, `--proxy-protocol`, `--no-proxy-protocol`. After
/// `--` everything is an argument: the target, if there was none before, and what the app's script gets.
struct ArgumentLayer {
    private(set) var layer = Layer()
    private let directory: String
    private var rest: ArraySlice<String>
    private var hasTarget = false

    /// Reads the arguments that follow the command's name.
    static func read(_ arguments: [String], directory: String) -> Layer {
        var reader = ArgumentLayer(directory: directory, rest: arguments[...])
        reader.readAll()
        return reader.layer
    }

    private init(directory: String, rest: ArraySlice<String>) {
        self.directory = directory
        self.rest = rest
    }

    private mutating func readAll() {
        var onlyArguments = false
        while let word = rest.popFirst() {
            if onlyArguments, hasTarget || word.hasPrefix("-") {
                readScriptArgument(word)
            } else if onlyArguments || word == "-" || !word.hasPrefix("-") {
                readArgument(word)
            } else if word == "--" {
                onlyArguments = true
            } else {
                readFlag(word)
            }
        }
    }

    private mutating func readArgument(_ word: String) {
        guard !hasTarget, let target = OptionTable.option(named: "target") else {
            report(.malformedArguments, "one target only: '\(word)' is one too many", .argument)
            return
        }
        hasTarget = true
        layer.assign(target, [word], from: .argument, base: directory)
    }

    private mutating func readScriptArgument(_ word: String) {
        // From the first on everything is the script's, also what looks like a target.
        hasTarget = true
        guard let option = OptionTable.option(named: "script-arguments") else { return }
        layer.assign(option, [word], from: .argument, base: directory)
    }

    private mutating func readFlag(_ word: String) {
        var flag = word
        var attached: String?
        if word.hasPrefix("--") {
            if let equals = word.firstIndex(of: "=") {
                flag = String(word[..<equals])
                attached = String(word[word.index(after: equals)...])
            }
        } else if word.count > 2 {
            // -w4 and -w=4.
            flag = String(word.prefix(2))
            let value = word.dropFirst(2)
            attached = String(value.hasPrefix("=") ? value.dropFirst() : value)
        }

        if flag.hasPrefix("--no-"), let option = OptionTable.option(flag: "--" + flag.dropFirst("--no-".count)),
            option.kind == .boolean
        {
            guard attached == nil else {
                report(.malformedArguments, "\(flag) takes no value", .flag(flag))
                return
            }
            layer.assign(option, ["false"], from: .flag(flag), base: directory)
            return
        }
        guard let option = OptionTable.option(flag: flag) else {
            reportUnknown(flag)
            return
        }
        if option.kind == .boolean {
            layer.assign(option, [attached ?? "true"], from: .flag(flag), base: directory)
            return
        }
        guard let value = attached ?? nextValue() else {
            report(.malformedArguments, "\(flag) needs a value", .flag(flag), "\(flag) \(option.metavariable)")
            return
        }
        layer.assign(option, Layer.split(value, for: option), from: .flag(flag), base: directory)
    }

    /// The next word, unless it is a flag: `--threads --bind :80` lacks a number.
    ///
    /// A lone `-` is a value, and so is what begins as a negative number: no flag does.
    private mutating func nextValue() -> String? {
        guard let next = rest.first, next == "-" || !next.hasPrefix("-") || Self.isNegative(next) else {
            return nil
        }
        return rest.popFirst()
    }

    private static func isNegative(_ word: String) -> Bool {
        guard let second = word.dropFirst().first else { return false }
        return word.hasPrefix("-") && (second.isASCII && second.isNumber || second == ".")
    }

    private mutating func reportUnknown(_ flag: String) {
        // A value that follows an unknown flag would be taken for a target.
        if let next = rest.first, !next.hasPrefix("-"), hasTarget || rest.count > 1 { rest = rest.dropFirst() }
        let suggestion =
            ForeignFlags.meaning(of: flag) ?? Suggestion.nearest(to: flag, among: OptionTable.flags)
        report(.unknownOption, "unknown flag '\(flag)'", .flag(flag), suggestion)
    }

    private mutating func report(
        _ code: ConfigurationError.Problem.Code,
        _ reason: String,
        _ origin: Origin,
        _ suggestion: String? = nil
    ) {
        layer.problems.append(.init(code: code, reason: reason, origin: origin, suggestion: suggestion))
    }
}
