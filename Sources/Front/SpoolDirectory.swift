/// The directory for bodies that memory does not hold can't be used.
public struct SpoolDirectoryError: Error, Sendable, CustomStringConvertible {
    /// The directory.
    public let directory: String
    /// What the system said.
    public let reason: String

    /// For people, as a tree.
    public var description: String {
        """
        StartupError: no file can be made in the spool directory
        ├─ Reason: \(reason)
        └─ Try: --spool-dir with a directory that this user may write to, or TMPDIR
        """
    }
}

extension FrontConfiguration {
    /// Makes a file in the spool directory and lets it go: what is wrong with it is better known at the start than at
    /// the first large upload.
    ///
    /// - Throws: ``SpoolDirectoryError`` when that fails. A disk that is merely full passes.
    public func checkSpoolDirectory() throws(SpoolDirectoryError) {
        do throws(SpoolError) {
            _ = try SpoolFile(in: spoolDirectory)
        } catch {
            throw SpoolDirectoryError(directory: spoolDirectory, reason: error.description)
        }
    }
}
