extension ServerConfiguration {
    /// What helps while an app is being written.
    public struct Development: Sendable, Equatable {
        /// Whether a change of the code has a new generation of workers take over.
        public var reloads = false

        /// Patterns of files that are watched besides `*.py`.
        public var includes: [String] = []

        /// Patterns of files and directories that are not watched.
        public var excludes: [String] = []

        /// Directories that are watched besides the app's own, absolute.
        public var directories: [String] = []
    }

    /// Where the app's code is: its directory, its file's where that is elsewhere, and what else is to be watched.
    public var codeDirectories: [String] {
        var directories = [application.directory]
        if case .file(let path) = application.target?.source { directories.append(PathText.folder(path)) }
        return directories + development.directories
    }
}
