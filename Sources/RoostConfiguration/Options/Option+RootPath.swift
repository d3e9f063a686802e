extension Option {
    /// Where the app is mounted.
    static let rootPathOptions: [Option] = [
        .single(
            "root-path",
            .text,
            "PATH",
            in: .trust,
            aliases: ["url-prefix", "url-path-prefix"],
            summary: "path below which the app is mounted",
            discussion: """
                The app's `SCRIPT_NAME` or `root_path`, for the addresses that it makes. The proxy may take the path off or \
                leave it on: a request whose path begins with it is taken as it is, to any other it is added. A WSGI app \
                gets `PATH_INFO` without it, an ASGI app `path` with it, as the specifications say. Other options' path \
                prefixes begin below it, and the session cookie is sent below it only. Not for an app that looks for the \
                path by itself, such as Dash with `url_base_pathname`.
                """,
            read: { value, _, configuration throws(ValueError) in
                configuration.application.rootPath = try rootPath(value)
            },
            text: { $0.application.rootPath.isEmpty ? "/" : $0.application.rootPath }
        )
    ]

    /// The path without a slash at its end; empty for `/`.
    private static func rootPath(_ text: String) throws(ValueError) -> String {
        var path = text
        while path.hasSuffix("/") { path.removeLast() }
        if path.isEmpty, text.hasPrefix("/") { return "" }
        guard path.hasPrefix("/") else {
            throw ValueError("'\(text)' doesn't begin with a slash", suggestion: "/\(path.isEmpty ? "app" : path)")
        }
        // It stands in the app's addresses and in a cookie as it is.
        let allowed = path.utf8.allSatisfy { !"%;,\\\"".utf8.contains($0) }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard isRequestPath(path), allowed, !segments.contains(where: { ["", ".", ".."].contains($0) }) else {
            throw ValueError(
                "'\(text)' can't be where an app is mounted: plain ASCII, no empty segments, no escapes",
                suggestion: "/app"
            )
        }
        return path
    }
}
