/// Which Python object to serve.
///
/// Written `package.module:attribute`, `module:factory("literal", name=1)`, `module` (then `application`, `app` and `server` are tried
/// in this order), or with a file instead of the module: `path/file.py`, `file.py:app`. A Streamlit script is a file
/// without an attribute.
public struct AppTarget: Sendable, Hashable, CustomStringConvertible {
    /// Where the object is found.
    public enum Source: Sendable, Hashable {
        /// A dotted module name, imported with the application directory on `sys.path`.
        case module(String)

        /// A Python file, absolute once the configuration is loaded.
        case file(path: String)
    }

    /// Which object of the module it is.
    public enum Object: Sendable, Hashable {
        /// The first that exists of `AppTarget.conventionalNames`.
        case conventional

        /// An attribute, possibly dotted (`shop.wsgi`), which is the application itself.
        case attribute(String)

        /// An attribute, possibly dotted, which is called and returns the application.
        ///
        /// The arguments are Python's literals, as typed and without the parentheses; Python reads them.
        case factory(String, arguments: String)
    }

    /// The module or file.
    public var source: Source

    /// The object in it.
    public var object: Object

    /// The attributes tried when the target names none: Django's and gunicorn's, Flask's, Dash's.
    public static let conventionalNames = ["application", "app", "server"]

    /// The target as it can be written on the command line.
    public var description: String {
        let place =
            switch source {
            case .module(let name): name
            case .file(let path): path
            }
        return switch object {
        case .conventional: place
        case .attribute(let name): "\(place):\(name)"
        case .factory(let name, let arguments): "\(place):\(name)(\(arguments))"
        }
    }

    /// The target a text stands for; a relative file is joined to `base`.
    ///
    /// - Throws: `ValueError` when no module or attribute can have that name.
    static func parse(_ text: String, base: String) throws(ValueError) -> AppTarget {
        let colon = colon(in: text)
        let place = String(text[..<(colon ?? text.endIndex)])
        let object: Object = if let colon { try parseObject(text[text.index(after: colon)...]) } else { .conventional }
        return AppTarget(source: try parseSource(place, text: text, base: base), object: object)
    }

    /// The colon between the place and the object: the last one, but for those in a call's arguments.
    private static func colon(in text: String) -> String.Index? {
        guard text.hasSuffix(")"), let open = text.firstIndex(of: "("),
            let colon = text[..<open].lastIndex(of: ":")
        else { return text.lastIndex(of: ":") }
        return colon
    }

    /// Looks for a file that is not there in the directory of the app: `dashboard.py` may be said to be in either.
    ///
    /// - Parameters:
    ///   - base: The directory that the target was joined to.
    ///   - appDirectory: Where it is looked for next.
    ///   - files: The access to the file system.
    mutating func look(from base: String, alsoIn appDirectory: String, files: Files) {
        let folder = base.hasSuffix("/") ? base : base + "/"
        guard case .file(let path) = source, path.hasPrefix(folder), !files.exists(path) else { return }
        let other = PathText.absolute(String(path.dropFirst(folder.count)), base: appDirectory)
        if files.exists(other) { source = .file(path: other) }
    }

    private static func parseSource(_ place: String, text: String, base: String) throws(ValueError) -> Source {
        if place.isEmpty {
            throw ValueError("'\(text)' names no module", suggestion: "module:app, module:create_app() or file.py")
        }
        if place.hasSuffix(".py") {
            return .file(path: PathText.absolute(place, base: base))
        }
        if place.utf8.contains(UInt8(ascii: "/")) {
            throw ValueError(
                "'\(place)' is a path but not of a .py file",
                suggestion: "a module (\(place.split(separator: "/").joined(separator: "."))) or a file (\(place).py)"
            )
        }
        guard isDottedName(place) else {
            throw ValueError(
                "'\(place)' is not a module name",
                suggestion: place.contains("-") ? "the file instead: \(place).py" : "module:app or file.py"
            )
        }
        return .module(place)
    }

    private static func parseObject(_ text: Substring) throws(ValueError) -> Object {
        if text.isEmpty {
            throw ValueError("there is no name after the colon", suggestion: "module:app, or module alone")
        }
        guard let open = text.firstIndex(of: "(") else {
            guard isDottedName(text) else {
                throw ValueError("'\(text)' is not a Python name", suggestion: "module:app")
            }
            return .attribute(String(text))
        }
        let name = text[..<open]
        guard text.hasSuffix(")"), isDottedName(name) else {
            throw ValueError("'\(text)' is not a call", suggestion: "module:create_app()")
        }
        let arguments = text[text.index(after: open)...].dropLast()
        guard arguments.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw ValueError("the arguments of '\(name)' have a line break or a control character")
        }
        return .factory(String(name), arguments: String(arguments))
    }

    /// Whether every part between dots could be a Python identifier; characters beyond ASCII are left to Python.
    private static func isDottedName(_ text: some StringProtocol) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
            return part.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
                    true
                default:
                    false
                }
            }
        }
    }
}
