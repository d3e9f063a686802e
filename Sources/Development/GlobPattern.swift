/// A pattern for paths, in the shell's way: `*.html`, `templates/**/*.j2`, `data/*.[ct]sv`.
///
/// `*` and `?` stay within one part of a path, `[ab]` and `[!ab]` are one character, `**` as a part is any number of
/// parts. A pattern without a slash is about the last part, wherever it is; one with a slash is about the whole path
/// below the watched directory; one that begins with a slash is about the absolute path. As in the shell, a name that
/// begins with a dot is matched only by a part that does.
struct GlobPattern: Sendable, Equatable {
    private let parts: [[Character]]
    private let isAbsolute: Bool
    /// Whether the pattern is about the last part of a path alone.
    private let isName: Bool

    /// Creates a pattern; a slash at its end means nothing.
    init(_ text: String) {
        isAbsolute = text.hasPrefix("/")
        parts = text.split(separator: "/").filter { $0 != "." }.map(Array.init)
        isName = !isAbsolute && parts.count == 1
    }

    /// Whether the pattern says nothing at all.
    var isEmpty: Bool { parts.isEmpty }

    /// Whether a path matches.
    ///
    /// - Parameters:
    ///   - relative: The path below the watched directory.
    ///   - directory: The watched directory, absolute.
    /// - Returns: Whether it does; never for an empty pattern.
    func matches(_ relative: String, in directory: String) -> Bool {
        guard !isEmpty else { return false }
        if isName { return matches(name: relative.split(separator: "/").last.map(String.init) ?? "") }
        let path = isAbsolute ? "\(directory)/\(relative)" : relative
        return Self.match(parts, path.split(separator: "/").map(Array.init), isWild: { $0 == ["*", "*"] }) {
            Self.matches(part: $0, $1)
        }
    }

    /// Whether a file of this name could match, in whatever directory.
    func matches(name: String) -> Bool {
        guard let last = parts.last else { return false }
        return last == ["*", "*"] || Self.matches(part: last, Array(name))
    }

    private static func matches(part pattern: [Character], _ name: [Character]) -> Bool {
        if name.first == ".", pattern.first != "." { return false }
        return match(tokens(pattern), name, isWild: { $0 == .any }) { token, character in
            switch token {
            case .any, .one: true
            case .literal(let wanted): wanted == character
            case .oneOf(let set, let isInverted): set.contains(character) != isInverted
            }
        }
    }

    /// Walks both lists once; on a mismatch the last wild item takes one element more.
    ///
    /// - Complexity: O(pattern × elements), whatever the pattern: there is no nesting to explode.
    private static func match<Item, Element>(
        _ pattern: [Item],
        _ elements: [Element],
        isWild: (Item) -> Bool,
        isMatch: (Item, Element) -> Bool
    ) -> Bool {
        var (item, element) = (0, 0)
        var retry: (item: Int, element: Int)?
        while element < elements.count {
            if item < pattern.count, isWild(pattern[item]) {
                retry = (item + 1, element)
                item += 1
            } else if item < pattern.count, isMatch(pattern[item], elements[element]) {
                item += 1
                element += 1
            } else if let (next, taken) = retry {
                retry = (next, taken + 1)
                (item, element) = (next, taken + 1)
            } else {
                return false
            }
        }
        return pattern[item...].allSatisfy(isWild)
    }

    private enum Token: Equatable {
        case any
        case one
        case literal(Character)
        case oneOf(Set<Character>, isInverted: Bool)
    }

    private static func tokens(_ part: [Character]) -> [Token] {
        var tokens: [Token] = []
        var rest = part[...]
        while let character = rest.popFirst() {
            switch character {
            case "*": if tokens.last != .any { tokens.append(.any) }
            case "?": tokens.append(.one)
            case "[":
                // A bracket that nothing closes is itself.
                guard let end = rest.dropFirst().firstIndex(of: "]") else {
                    tokens.append(.literal("["))
                    continue
                }
                tokens.append(set(rest[..<end]))
                rest = rest[(end + 1)...]
            default: tokens.append(.literal(character))
            }
        }
        return tokens
    }

    private static func set(_ text: ArraySlice<Character>) -> Token {
        let isInverted = text.first == "!" || text.first == "^"
        let members = Array(isInverted ? text.dropFirst() : text)
        var set: Set<Character> = []
        var index = 0
        while index < members.count {
            if index + 2 < members.count, members[index + 1] == "-",
                let low = members[index].asciiValue, let high = members[index + 2].asciiValue, low <= high
            {
                for byte in low...high { set.insert(Character(Unicode.Scalar(byte))) }
                index += 3
            } else {
                set.insert(members[index])
                index += 1
            }
        }
        return .oneOf(set, isInverted: isInverted)
    }
}
