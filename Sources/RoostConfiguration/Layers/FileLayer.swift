/// Finds and reads the configuration file: the one named, else `roost.toml`, else `[tool.roost]` of `pyproject.toml`.
struct FileLayer {
    private var layer = Layer()
    private let files: Files

    /// Reads the file; no file at all is an empty layer.
    ///
    /// `named` is the file that `--config` or `ROOST_CONFIG` names, with where that was said.
    static func read(named: (path: String, origin: Origin)?, directory: String, files: Files) -> Layer {
        var reader = FileLayer(files: files)
        if let named {
            let path = PathText.absolute(named.path, base: directory)
            if reader.read(path, isNamed: true) == .absent {
                let isPython = path.hasSuffix(".py")
                reader.layer.problems.append(
                    .init(
                        code: .missing,
                        reason: "there is no file '\(path)'",
                        origin: named.origin,
                        suggestion: isPython ? "a TOML file; Python files of gunicorn are not read" : nil
                    )
                )
            }
            return reader.layer
        }
        let own = PathText.absolute("roost.toml", base: directory)
        let project = PathText.absolute("pyproject.toml", base: directory)
        if reader.read(own, isNamed: false) == .absent {
            reader.read(project, isNamed: false)
        } else if reader.hasTable(project) {
            reader.layer.problems.append(
                .init(
                    code: .conflict,
                    reason: "both roost.toml and [tool.roost] of pyproject.toml are there",
                    origin: .file(path: project, line: reader.tableLine(project)),
                    suggestion: "keep one of them, or name it with --config"
                )
            )
        }
        return reader.layer
    }

    private enum Outcome {
        case absent, read, failed
    }

    private init(files: Files) {
        self.files = files
    }

    @discardableResult
    private mutating func read(_ path: String, isNamed: Bool) -> Outcome {
        let document: TOMLTable
        do {
            guard let bytes = try files.contents(path) else { return .absent }
            document = try TOMLReader.read(bytes)
        } catch let error as TOMLError {
            layer.problems.append(
                .init(
                    code: .unreadableFile,
                    reason: "not TOML: \(error.reason) (column \(error.column))",
                    origin: .file(path: path, line: error.line)
                )
            )
            return .failed
        } catch {
            layer.problems.append(
                .init(
                    code: .unreadableFile,
                    reason: "cannot read '\(path)': \((error as? Files.ReadError)?.reason ?? "\(error)")"
                )
            )
            return .failed
        }
        if PathText.name(path) == "pyproject.toml" {
            guard let item = document["tool"]?.table?["roost"] else {
                guard isNamed else { return .absent }
                layer.problems.append(.init(code: .missing, reason: "'\(path)' has no table [tool.roost]"))
                return .failed
            }
            guard let table = item.table else {
                layer.problems.append(
                    .init(
                        code: .invalidValue,
                        reason: "tool.roost is \(item.value.kind), not a table",
                        origin: .file(path: path, line: item.line)
                    )
                )
                return .failed
            }
            assign(table, path: path)
        } else {
            assign(document, path: path)
        }
        return .read
    }

    private mutating func assign(_ table: TOMLTable, path: String) {
        for (key, item) in table.entries {
            let origin = Origin.file(path: path, line: item.line)
            guard let option = OptionTable.option(named: key), option.sources.contains(.file) else {
                let names = OptionTable.all.filter { $0.sources.contains(.file) }.map(\.name)
                let suggestion =
                    item.table != nil
                    ? "keys without tables, such as \(key)-… = …" : Suggestion.nearest(to: key, among: names)
                layer.problems.append(
                    .init(code: .unknownOption, reason: "unknown key '\(key)'", origin: origin, suggestion: suggestion)
                )
                continue
            }
            if let values = option.texts(from: item.value) {
                layer.assign(option, values, from: origin, base: PathText.folder(path))
            } else {
                layer.problems.append(
                    .init(
                        code: .invalidValue,
                        reason: "\(key) is \(item.value.kind), and takes \(option.expectation)",
                        origin: origin
                    )
                )
            }
        }
    }

    private func hasTable(_ path: String) -> Bool {
        tableLine(path) > 0
    }

    /// The line of `[tool.roost]`, or 0 when the file has none or cannot be read.
    private func tableLine(_ path: String) -> Int {
        guard let bytes = try? files.contents(path), let document = try? TOMLReader.read(bytes) else { return 0 }
        return document["tool"]?.table?["roost"]?.line ?? 0
    }
}

extension Option {
    /// The texts a TOML value stands for, or `nil` when it has the wrong type.
    func texts(from value: TOMLValue) -> [String]? {
        if isRepeatable, case .array(let items) = value {
            let texts = items.compactMap { text(from: $0.value) }
            return texts.count == items.count ? texts : nil
        }
        return text(from: value).map { [$0] }
    }

    private func text(from value: TOMLValue) -> String? {
        switch (kind, value) {
        case (.boolean, .boolean(let flag)): String(flag)
        case (.boolean, _): nil
        case (.integer, .integer(let number)), (.duration, .integer(let number)), (.size, .integer(let number)),
            (.address, .integer(let number)):
            String(number)
        case (.duration, .float(let number)): String(number)
        case (.integer, .string("auto")) where isAutomatic: "auto"
        case (.integer, _): nil
        case (_, .string(let text)): text
        default: nil
        }
    }

    /// What a file may write for this option, for an error.
    var expectation: String {
        let one =
            switch kind {
            case .boolean: "true or false"
            case .integer: isAutomatic ? "a whole number or \"auto\"" : "a whole number"
            case .duration: "seconds or a string such as \"30s\""
            case .size: "bytes or a string such as \"64KiB\""
            case .address: "a string such as \"127.0.0.1:8000\""
            case .choice(let words): "one of " + words.map { "\"\($0)\"" }.joined(separator: ", ")
            case .text: "a string"
            }
        return isRepeatable ? one + ", or an array of them" : one
    }
}
